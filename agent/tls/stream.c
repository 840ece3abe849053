/* tls/stream.c: see tls/stream.h.
 *
 *   CLOSED --open--> CONNECTING --connected--> SHAKING --verified--> OPEN
 *                         |                       |                   |
 *                         |    (without TLS)      |                   |
 *                         +-----------------------------------> OPEN  |
 *                         +-----------------------+-------------------+
 *                                                 v  stream_fail
 *                                                DEAD
 *   any -> CLOSED   rn_stream_close
 *
 * `mute` is a half of OPEN: writing broke, what has arrived can still be read.
 * `pending` is not 0 only while mbedTLS holds a record that the socket
 * did not take.
 */
#include "tls/stream.h"

#include <string.h>

#include "core/format.h"
#include "runnel/limits.h"
#include "tls/platform.h"
#include "tls/trust.h"
#include "tls/versions.h"

enum { CLOSED, CONNECTING, SHAKING, OPEN, DEAD };

/* One record; what the configuration gives the outgoing buffer. */
#define RECORD ((size_t)MBEDTLS_SSL_OUT_CONTENT_LEN)

/* Errors of our read and write callbacks, as mbedTLS's own sockets name them;
 * that module is not built.
 */
#define BIO_SEND (-0x004E)
#define BIO_RECV (-0x0050)

struct rn_tls {
    mbedtls_ssl_config conf;
    mbedtls_ssl_config conf_12; /* the same without TLS 1.3; see fall_back */
    struct rn_trust trust;
    uint8_t *record; /* RECORD bytes: where small pieces become one record */

    /* The last session, to be resumed by the next connection to its origin. */
    mbedtls_ssl_session session;
    bool has_session;
    uint16_t port;
    char host[256];

    /* The origin that needs conf_12, or "". */
    uint16_t port_12;
    char host_12[256];
};

size_t rn_tls_need(unsigned connections)
{
    return RN_ROUND(sizeof(struct rn_tls)) + RN_ROUND(RECORD) +
           rn_trust_need() + RN_TLS_HEAP +
           RN_ROUND((size_t)RN_TLS_HEAP_CONNECTION * connections);
}

static int configure(struct rn_tls *t, mbedtls_ssl_config *conf)
{
    mbedtls_ssl_config_init(conf);
    if (mbedtls_ssl_config_defaults(conf, MBEDTLS_SSL_IS_CLIENT,
                                    MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return RN_E_FULL;
    mbedtls_ssl_conf_min_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_rng(conf, rn_tls_random, NULL);
    mbedtls_ssl_conf_ca_cb(conf, rn_trust_find, &t->trust);
    rn_tls_versions(conf);
    return RN_OK;
}

static int configure_both(struct rn_tls *t)
{
    mbedtls_ssl_session_init(&t->session);
    int err = configure(t, &t->conf);
    if (err == RN_OK)
        err = configure(t, &t->conf_12);
    mbedtls_ssl_conf_max_tls_version(&t->conf_12, MBEDTLS_SSL_VERSION_TLS1_2);
    return err;
}

int rn_tls_init(unsigned connections, const char *ca, struct rn_arena *mem,
                struct rn_error *error, struct rn_tls **tls)
{
    struct rn_tls *t = RN_TAKE(mem, struct rn_tls, 1);
    size_t cap =
        RN_TLS_HEAP + RN_ROUND((size_t)RN_TLS_HEAP_CONNECTION * connections);
    uint8_t *slice = t != NULL ? RN_TAKE(mem, uint8_t, cap) : NULL;
    *tls = NULL;
    if (slice == NULL || (t->record = RN_TAKE(mem, uint8_t, RECORD)) == NULL)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT, "no memory for TLS");
    int err = rn_trust_init(&t->trust, ca, mem, error);
    if (err < 0)
        return err;
    err = rn_tls_platform_start(slice, cap);
    if (err == RN_E_STATE)
        return rn_fail(error, err, RN_AT_AGENT,
                       "the system gives no random numbers; TLS needs them");
    if (err == RN_OK && (err = configure_both(t)) < 0)
        rn_tls_platform_stop();
    if (err < 0)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "%zu bytes are too few for TLS", cap);
    *tls = t;
    return RN_OK;
}

static void forget_session(struct rn_tls *t)
{
    mbedtls_ssl_session_free(&t->session);
    mbedtls_ssl_session_init(&t->session);
    t->has_session = false;
}

void rn_tls_close(struct rn_tls *t)
{
    if (t == NULL || t->record == NULL)
        return;
    forget_session(t);
    mbedtls_ssl_config_free(&t->conf);
    mbedtls_ssl_config_free(&t->conf_12);
    rn_tls_platform_stop();
    t->record = NULL;
}

void rn_tls_memory(const struct rn_tls *tls, size_t *peak, size_t *cap)
{
    struct rn_heap_stats s;
    (void)tls;
    rn_tls_platform_stats(&s);
    *peak = s.peak;
    *cap = s.cap;
}

/* -- failing -------------------------------------------------------------- */

static int stream_fail(struct rn_stream *s, int err, const char *why)
{
    s->phase = DEAD;
    if (why != NULL)
        (void)rn_format(s->why, sizeof s->why, "%s", why);
    return err;
}

/* Writing broke. The server may have answered before it broke off, so reading
 * goes on.
 */
static int stream_mute(struct rn_stream *s)
{
    s->mute = true;
    (void)rn_format(s->why, sizeof s->why, "the connection broke");
    return RN_E_LINK;
}

static const char *tls_words(int code)
{
    switch (code) {
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
        return "the server ended TLS with an alert";
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
        return "no common TLS version; 1.2 or newer is needed";
    case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE:
        return "no common TLS cipher";
    case MBEDTLS_ERR_SSL_INVALID_RECORD:
        return "the server does not speak TLS on this port";
    case MBEDTLS_ERR_SSL_INVALID_MAC:
        return "a TLS record arrived changed";
    default:
        return NULL;
    }
}

/* Out of memory looks like many things in mbedTLS, "unknown authority" among
 * them, and so does a lack of random numbers: both are asked for first.
 */
static int tls_fail(struct rn_stream *s, int code)
{
    struct rn_heap_stats heap;
    rn_tls_platform_stats(&heap);
    if (heap.refused != s->refused) {
        (void)rn_format(s->why, sizeof s->why,
                        "TLS needs more memory than its slice: %zu of %zu "
                        "bytes in use",
                        heap.used, heap.cap);
        return stream_fail(s, RN_E_FULL, NULL);
    }
    if (rn_tls_no_random())
        return stream_fail(s, RN_E_STATE,
                           "the system gives no random numbers; TLS needs "
                           "them");
    uint32_t flags = mbedtls_ssl_get_verify_result(&s->ssl);
    if (s->tls->trust.why[0] != 0) {
        (void)rn_format(s->why, sizeof s->why, "%s", s->tls->trust.why);
        s->tls->trust.why[0] = 0;
        return stream_fail(s, RN_E_CONFIG, NULL);
    }
    if (code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED ||
        code == MBEDTLS_ERR_SSL_BAD_CERTIFICATE) {
        if (flags != UINT32_MAX)
            s->verify.flags |= flags;
        rn_verify_words(&s->verify, s->why, sizeof s->why);
        return stream_fail(s, RN_E_PEER, NULL);
    }
    if (code == MBEDTLS_ERR_SSL_CONN_EOF || code == 0)
        return stream_fail(s, RN_E_LINK,
                           "the connection was closed without a TLS goodbye");
    if (code == BIO_SEND || code == BIO_RECV)
        return stream_fail(s, RN_E_LINK, "the connection broke");
    const char *words = tls_words(code);
    if (words == NULL)
        (void)rn_format(s->why, sizeof s->why, "TLS failed (-0x%04x)",
                        (unsigned)-code);
    return stream_fail(s, RN_E_PEER, words);
}

/* -- mbedTLS on our sockets ----------------------------------------------- */

static int bio_send(void *ctx, const unsigned char *p, size_t n)
{
    struct rn_stream *s = ctx;
    struct rn_bytes piece = { p, n };
    int sent = rn_net_send(&s->net, &piece, 1);
    s->unsent = sent > 0 ? n - (size_t)sent : n;
    if (sent == RN_E_AGAIN)
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    return sent < 0 ? BIO_SEND : sent;
}

static int bio_recv(void *ctx, unsigned char *p, size_t n)
{
    struct rn_stream *s = ctx;
    int got = rn_net_recv(&s->net, p, n);
    if (got == RN_E_AGAIN)
        return MBEDTLS_ERR_SSL_WANT_READ;
    if (got == RN_E_ABSENT)
        return 0;
    return got < 0 ? BIO_RECV : got;
}

static bool session_is_to(const struct rn_tls *t, const struct rn_stream *s)
{
    return t->has_session && t->port == s->port &&
           strcmp(t->host, s->host) == 0;
}

static void keep_session(struct rn_stream *s)
{
    struct rn_tls *t = s->tls;
    struct rn_heap_stats heap;
    forget_session(t);
    t->has_session = mbedtls_ssl_get_session(&s->ssl, &t->session) == 0;
    if (!t->has_session)
        forget_session(t);
    t->port = s->port;
    memcpy(t->host, s->host, sizeof t->host);
    /* No room for it is no failure of this connection. */
    rn_tls_platform_stats(&heap);
    s->refused = heap.refused;
}

static bool needs_12(const struct rn_stream *s)
{
    return s->tls->port_12 == s->port && strcmp(s->tls->host_12, s->host) == 0;
}

static int tls_begin(struct rn_stream *s)
{
    struct rn_tls *t = s->tls;
    struct rn_heap_stats heap;
    rn_tls_platform_stats(&heap);
    s->refused = heap.refused;
    (void)rn_tls_no_random();
    rn_verify_begin(&s->verify, s->host, t->trust.path);
    s->phase = SHAKING;
    s->resumed = false;
    mbedtls_ssl_init(&s->ssl);
    s->has_ssl = true;
    s->only_12 = needs_12(s);
    int code = mbedtls_ssl_setup(&s->ssl, s->only_12 ? &t->conf_12 : &t->conf);
    if (code != 0)
        return tls_fail(s, code);
    mbedtls_ssl_set_bio(&s->ssl, s, bio_send, bio_recv, NULL);
    mbedtls_ssl_set_verify(&s->ssl, rn_verify_look, &s->verify);
    /* An address is no server name (RFC 6066 3), so for a number mbedTLS is
     * told that there is no name and rn_verify_look() checks the address.
     */
    code = mbedtls_ssl_set_hostname(&s->ssl,
                                    s->verify.ip_len > 0 ? NULL : s->host);
    if (code != 0)
        return tls_fail(s, code);
    if (session_is_to(t, s))
        s->resumed = mbedtls_ssl_set_session(&s->ssl, &t->session) == 0;
    return RN_OK;
}

/* To talk TLS 1.3 we have to offer RSA-PSS signatures. A server that speaks
 * only 1.2 may then choose one, which is its right, but mbedTLS does not take
 * them in 1.2. So such an origin is asked again without 1.3, where they are not
 * offered; 1.2 is allowed anyway, so nothing is given away.
 */
static int fall_back(struct rn_stream *s)
{
    struct rn_tls *t = s->tls;
    mbedtls_ssl_free(&s->ssl);
    s->has_ssl = false;
    rn_net_close(&s->net);
    t->port_12 = s->port;
    memcpy(t->host_12, s->host, sizeof t->host_12);
    s->phase = CONNECTING;
    if (rn_net_open(&s->net, s->host, s->port) == RN_E_AGAIN)
        return RN_E_AGAIN;
    return stream_fail(s, RN_E_LINK, "the connection was refused");
}

static int tls_shake(struct rn_stream *s)
{
    int code = mbedtls_ssl_handshake(&s->ssl);
    s->wants_write = code == MBEDTLS_ERR_SSL_WANT_WRITE;
    if (code == MBEDTLS_ERR_SSL_WANT_READ || s->wants_write)
        return RN_E_AGAIN;
    if (code == MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER && !s->only_12 &&
        mbedtls_ssl_get_version_number(&s->ssl) == MBEDTLS_SSL_VERSION_TLS1_2)
        return fall_back(s);
    if (code != 0) {
        /* Whatever the reason, don't offer that session again. */
        if (s->resumed)
            forget_session(s->tls);
        return tls_fail(s, code);
    }
    s->phase = OPEN;
    if (mbedtls_ssl_get_version_number(&s->ssl) == MBEDTLS_SSL_VERSION_TLS1_2)
        keep_session(s);
    return RN_OK;
}

/* What a record carries; mbedTLS takes no more of what it is offered. */
static size_t record_max(const struct rn_stream *s)
{
    int most = mbedtls_ssl_get_max_out_record_payload(&s->ssl);
    return most > 0 && (size_t)most < RECORD ? (size_t)most : RECORD;
}

/* The bytes of the next record: those of the first piece where that fills it,
 * else pieces gathered, so that a head and the start of its body travel
 * together.
 */
static struct rn_bytes next_record(struct rn_stream *s,
                                   const struct rn_bytes *piece, size_t pieces,
                                   size_t skip)
{
    size_t want = s->pending > 0 ? s->pending : record_max(s);
    struct rn_bytes first = { piece->p + skip, piece->n - skip };
    if (first.n >= want || pieces == 1) {
        if (first.n > want)
            first.n = want;
        return first;
    }
    size_t have = 0;
    for (; pieces > 0 && have < want; piece++, pieces--) {
        size_t n = piece->n - skip;
        if (n > want - have)
            n = want - have;
        memcpy(s->tls->record + have, piece->p + skip, n);
        have += n;
        skip = 0;
    }
    return (struct rn_bytes){ s->tls->record, have };
}

/* Records of one call travel together: without that, each wakes the peer and
 * on a real link ends in a packet that is mostly empty.
 *
 * When a session ticket arrives, mbedTLS sends what it holds of a pending
 * record before it looks at the ticket, in a read or a write alike. Offered
 * again, that record would be sent a second time.
 */
static int write_record(struct rn_stream *s, struct rn_bytes r, bool more)
{
    if (s->begun && s->unsent == 0)
        return (int)s->pending;
    rn_net_more(&s->net, more);
    int code = mbedtls_ssl_write(&s->ssl, r.p, r.n);
    rn_net_more(&s->net, false);
    return code;
}

static int tls_send(struct rn_stream *s, const struct rn_bytes *piece,
                    size_t pieces)
{
    size_t total = 0;
    size_t skip = 0;
    size_t left = 0;
    for (size_t i = 0; i < pieces; i++)
        left += piece[i].n;
    while (pieces > 0) {
        struct rn_bytes r = next_record(s, piece, pieces, skip);
        RN_ASSERT(s->pending == 0 || r.n == s->pending);
        int code = write_record(s, r, left - total > r.n);
        if (code == MBEDTLS_ERR_SSL_WANT_WRITE ||
            code == MBEDTLS_ERR_SSL_WANT_READ) {
            s->pending = r.n;
            s->begun |= code == MBEDTLS_ERR_SSL_WANT_WRITE;
            return total > 0 ? (int)total : RN_E_AGAIN;
        }
        if (code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
            /* a ticket that a read had begun; the record is still to go */
            keep_session(s);
            s->pending = r.n;
            continue;
        }
        if (code == BIO_SEND)
            return stream_mute(s);
        if (code <= 0)
            return tls_fail(s, code);
        s->pending = 0;
        s->begun = false;
        total += (size_t)code;
        skip += (size_t)code;
        while (pieces > 0 && skip >= piece->n) {
            skip -= piece->n;
            piece++;
            pieces--;
        }
    }
    return (int)total;
}

static int tls_recv(struct rn_stream *s, void *buf, size_t cap)
{
    for (;;) {
        int code = mbedtls_ssl_read(&s->ssl, buf, cap);
        if (code > 0)
            return code;
        if (code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
            keep_session(s);
            continue;
        }
        if (code == MBEDTLS_ERR_SSL_WANT_READ ||
            code == MBEDTLS_ERR_SSL_WANT_WRITE)
            return RN_E_AGAIN;
        if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
            return stream_fail(s, RN_E_ABSENT, "the server closed");
        return tls_fail(s, code);
    }
}

/* -- with or without TLS -------------------------------------------------- */

void rn_stream_init(struct rn_stream *s, struct rn_tls *tls)
{
    memset(s, 0, sizeof *s);
    s->tls = tls;
    s->phase = CLOSED;
    rn_net_init(&s->net);
}

int rn_stream_open(struct rn_stream *s, const struct rn_origin *origin)
{
    RN_ASSERT(s->phase == CLOSED);
    size_t len = strlen(origin->host);
    s->why[0] = 0;
    s->pending = 0;
    s->begun = false;
    s->unsent = 0;
    s->mute = false;
    s->secure = origin->tls;
    s->port = origin->port;
    if (len == 0 || len >= sizeof s->host)
        return stream_fail(s, RN_E_CONFIG, "the host's name is too long");
    memcpy(s->host, origin->host, len + 1);
    s->phase = CONNECTING;
    int err = rn_net_open(&s->net, s->host, s->port);
    if (err == RN_E_AGAIN)
        return err;
    return stream_fail(s, RN_E_LINK, "the connection was refused");
}

int rn_stream_ready(struct rn_stream *s)
{
    if (s->phase == CONNECTING) {
        int err = rn_net_ready(&s->net);
        if (err == RN_E_AGAIN)
            return err;
        if (err == RN_E_ABSENT)
            return stream_fail(s, RN_E_LINK, "the host's name is not known");
        if (err < 0)
            return stream_fail(s, RN_E_LINK, "the connection was refused");
        s->phase = OPEN;
        if (s->secure && (err = tls_begin(s)) < 0)
            return err;
    }
    if (s->phase == SHAKING)
        return tls_shake(s);
    return s->phase == OPEN ? RN_OK : RN_E_LINK;
}

int rn_stream_send(struct rn_stream *s, const struct rn_bytes *piece,
                   size_t pieces)
{
    if (s->phase != OPEN || s->mute)
        return RN_E_LINK;
    if (s->secure)
        return tls_send(s, piece, pieces);
    int sent = rn_net_send(&s->net, piece, pieces);
    return sent < 0 && sent != RN_E_AGAIN ? stream_mute(s) : sent;
}

int rn_stream_recv(struct rn_stream *s, void *buf, size_t cap)
{
    if (s->phase != OPEN)
        return RN_E_LINK;
    if (s->secure)
        return tls_recv(s, buf, cap);
    int got = rn_net_recv(&s->net, buf, cap);
    if (got == RN_E_ABSENT)
        return stream_fail(s, got, "the server closed");
    if (got < 0 && got != RN_E_AGAIN)
        return stream_fail(s, got, "the connection broke");
    return got;
}

void rn_stream_wants(struct rn_stream *s, bool read, bool write,
                     struct rn_wait *w)
{
    w->net = &s->net;
    w->ready = false;
    w->read = s->phase == SHAKING ? !s->wants_write : read;
    w->write =
        s->phase == SHAKING ? s->wants_write : write || s->phase == CONNECTING;
}

bool rn_stream_is_to(const struct rn_stream *s, const struct rn_origin *o)
{
    return s->phase == OPEN && !s->mute && s->secure == o->tls &&
           s->port == o->port && strcmp(s->host, o->host) == 0;
}

void rn_stream_close(struct rn_stream *s)
{
    /* After a failure, or in the middle of a record, there is nothing to say
     * that the peer could read.
     */
    if (s->has_ssl && s->phase == OPEN && !s->mute && s->pending == 0)
        (void)mbedtls_ssl_close_notify(&s->ssl);
    if (s->has_ssl)
        mbedtls_ssl_free(&s->ssl);
    s->has_ssl = false;
    rn_net_close(&s->net);
    s->phase = CLOSED;
}
