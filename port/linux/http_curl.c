/* linux/http_curl.c: runnel/http.h over libcurl's multi interface, for hosts
 * that want its proxies and the system's TLS policy (`make HTTP=curl`).
 *
 * libcurl keeps its own connections and memory, so the memory promise of this
 * build is a measured one. Everything that http.h says about results holds:
 * what libcurl would decide by itself (redirects, protocols, Expect, old TLS)
 * is switched off, and time is kept here, because libcurl's own low-speed
 * limit counts in seconds.
 */
#include <curl/curl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "linux.h"
#include "runnel/file.h"
#include "runnel/http.h"

#define LINE   8192u /* URL, or one header */
#define PIECES 16u

/* So many bytes are progress; fewer may be a peer that wants to keep us. */
#define PROGRESS 256

struct slot {
    CURL *easy;
    struct curl_slist *headers;
    struct rn_http_call *call; /* NULL: free */
    uint64_t body_at;
    int refused; /* what a callback of the call returned, if it failed */
    bool head_done;
    int status;
    curl_off_t moved; /* bytes either way at the last progress */
    int64_t since_ms;
    char words[CURL_ERROR_SIZE];
};

struct rn_http {
    struct rn_http_options o;
    CURLM *multi;
    struct slot *slot;
    unsigned n;
    char *line; /* LINE bytes */
};

size_t rn_http_need(const struct rn_http_options *o)
{
    return RN_ROUND(sizeof(struct rn_http)) + RN_ROUND(LINE) +
           RN_ROUND(sizeof(struct slot) * o->connections);
}

/* A bundle without a certificate would fail much later and less clearly. */
static int check_bundle(const char *path, struct rn_error *error)
{
    static const char mark[] = "-----BEGIN CERTIFICATE-----";
    char why[RN_WHY] = "";
    char text[4096];
    struct rn_file_handle f;
    if (rn_file_open_read(&f, path, why) < 0)
        return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                       "tls.ca: the trusted certificates cannot be read: %s",
                       why);
    bool found = false;
    uint64_t at = 0;
    int got;
    while (!found && (got = rn_file_read_at(&f, at, text, sizeof text)) > 0) {
        found = memmem(text, (size_t)got, mark, sizeof mark - 1) != NULL;
        if ((size_t)got < sizeof text)
            break;
        at += sizeof text - sizeof mark;
    }
    rn_file_close(&f);
    if (found)
        return RN_OK;
    return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                   "tls.ca: %s holds no PEM certificate (-----BEGIN "
                   "CERTIFICATE-----)",
                   path);
}

static int make_handles(struct rn_http *h)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return RN_E_FULL;
    h->multi = curl_multi_init();
    if (h->multi == NULL)
        return RN_E_FULL;
    (void)curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)h->n);
    for (unsigned i = 0; i < h->n; i++)
        if ((h->slot[i].easy = curl_easy_init()) == NULL)
            return RN_E_FULL;
    return RN_OK;
}

int rn_http_init(const struct rn_http_options *o, struct rn_arena *mem,
                 struct rn_error *error, struct rn_http **http)
{
    RN_ASSERT(o->connections >= 1 && o->connections <= 32);
    struct rn_http *h = RN_TAKE(mem, struct rn_http, 1);
    *http = NULL;
    if (h == NULL || (h->line = RN_TAKE(mem, char, LINE)) == NULL ||
        (h->slot = RN_TAKE(mem, struct slot, o->connections)) == NULL)
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT, "no memory for HTTP");
    h->o = *o;
    h->n = o->connections;
    if (o->ca[0] != 0) {
        int err = check_bundle(o->ca, error);
        if (err < 0)
            return err;
    }
    if (make_handles(h) < 0) {
        rn_http_close(h);
        return rn_fail(error, RN_E_FULL, RN_AT_AGENT,
                       "libcurl could not be started");
    }
    *http = h;
    return RN_OK;
}

void rn_http_memory(const struct rn_http *h, size_t *peak, size_t *cap)
{
    (void)h;
    *peak = 0;
    *cap = 0;
}

const char *rn_http_version(void)
{
    return curl_version();
}

/* -- what libcurl asks for and hands over --------------------------------- */

static size_t give_body(char *to, size_t size, size_t n, void *ctx)
{
    struct slot *s = ctx;
    struct rn_http_body *b = &s->call->body;
    size_t cap = size * n;
    size_t have = 0;
    while (have < cap && s->body_at < b->len) {
        struct rn_bytes piece[PIECES];
        size_t pieces = b->at(b->ctx, s->body_at, piece, PIECES);
        for (size_t i = 0; i < pieces && have < cap; i++) {
            size_t part = piece[i].n < cap - have ? piece[i].n : cap - have;
            memcpy(to + have, piece[i].p, part);
            have += part;
            s->body_at += part;
        }
    }
    return have;
}

static int seek_body(void *ctx, curl_off_t offset, int origin)
{
    struct slot *s = ctx;
    if (origin != SEEK_SET || offset < 0)
        return CURL_SEEKFUNC_CANTSEEK;
    s->body_at = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static struct rn_bytes trim(const char *p, size_t n)
{
    while (n > 0 && (p[0] == ' ' || p[0] == '\t')) {
        p++;
        n--;
    }
    while (n > 0 && (uint8_t)p[n - 1] <= ' ')
        n--;
    return (struct rn_bytes){ (const uint8_t *)p, n };
}

static void take_status(struct slot *s, const char *p, size_t n)
{
    s->head_done = false;
    s->status = 0;
    const char *space = memchr(p, ' ', n);
    for (size_t at = space != NULL ? (size_t)(space - p) + 1 : n;
         at < n && p[at] >= '0' && p[at] <= '9' && s->status < 1000; at++)
        s->status = s->status * 10 + (p[at] - '0');
}

static size_t take_header(char *p, size_t size, size_t n, void *ctx)
{
    struct slot *s = ctx;
    size_t len = size * n;
    if (len >= 5 && memcmp(p, "HTTP/", 5) == 0) {
        take_status(s, p, len);
        return len;
    }
    if (trim(p, len).n == 0) {
        s->head_done = s->status >= 200;
        s->since_ms = rn_clock_mono();
        return len;
    }
    const char *colon = memchr(p, ':', len);
    /* Interim answers and trailers are not reported. */
    if (colon == NULL || s->status < 200 || s->head_done ||
        s->call->on_header == NULL)
        return len;
    size_t name = (size_t)(colon - p);
    for (size_t i = 0; i < name; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] + 32);
    int err = s->call->on_header(s->call->ctx,
                                 (struct rn_bytes){ (const uint8_t *)p, name },
                                 trim(colon + 1, len - name - 1));
    if (err < 0)
        s->refused = err;
    return err < 0 ? 0 : len;
}

static size_t take_body(char *p, size_t size, size_t n, void *ctx)
{
    struct slot *s = ctx;
    struct rn_bytes part = { (const uint8_t *)p, size * n };
    if (s->call->on_body == NULL || part.n == 0)
        return part.n;
    int err = s->call->on_body(s->call->ctx, part);
    if (err < 0)
        s->refused = err;
    return err < 0 ? CURL_WRITEFUNC_ERROR : part.n;
}

/* -- a call --------------------------------------------------------------- */

static bool add_header(struct slot *s, const char *line)
{
    struct curl_slist *more = curl_slist_append(s->headers, line);
    if (more != NULL)
        s->headers = more;
    return more != NULL;
}

/* libcurl writes "Name;" for a header without a value, and takes away one of
 * its own that is given as "Name:".
 */
static int set_headers(struct rn_http *h, struct slot *s)
{
    const struct rn_http_call *c = s->call;
    bool ok = add_header(s, "Expect:") && add_header(s, "Accept:") &&
              add_header(s, "User-Agent:");
    for (size_t i = 0; ok && i < c->headers; i++) {
        struct rn_bytes name = c->header[i].name;
        struct rn_bytes value = c->header[i].value;
        int n = snprintf(h->line, LINE, "%.*s%s%.*s", (int)name.n,
                         (const char *)name.p, value.n > 0 ? ": " : ";",
                         (int)value.n, (const char *)value.p);
        ok = n > 0 && n < (int)LINE && add_header(s, h->line);
    }
    if (!ok)
        return RN_E_FULL;
    (void)curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
    return RN_OK;
}

static int set_url(struct rn_http *h, struct slot *s)
{
    const struct rn_http_call *c = s->call;
    bool v6 = strchr(c->origin->host, ':') != NULL;
    int n = snprintf(h->line, LINE, "http%s://%s%s%s:%u%.*s",
                     c->origin->tls ? "s" : "", v6 ? "[" : "", c->origin->host,
                     v6 ? "]" : "", (unsigned)c->origin->port, (int)c->target.n,
                     (const char *)c->target.p);
    if (n <= 0 || n >= (int)LINE ||
        curl_easy_setopt(s->easy, CURLOPT_URL, h->line) != CURLE_OK)
        return RN_E_FULL;
    return RN_OK;
}

static void set_method(struct slot *s)
{
    const struct rn_http_call *c = s->call;
    if (c->body.len > 0 || strcmp(c->method, "PUT") == 0 ||
        strcmp(c->method, "POST") == 0) {
        (void)curl_easy_setopt(s->easy, CURLOPT_UPLOAD, 1L);
        (void)curl_easy_setopt(s->easy, CURLOPT_INFILESIZE_LARGE,
                               (curl_off_t)c->body.len);
    } else if (strcmp(c->method, "HEAD") == 0) {
        (void)curl_easy_setopt(s->easy, CURLOPT_NOBODY, 1L);
    }
    (void)curl_easy_setopt(s->easy, CURLOPT_CUSTOMREQUEST, c->method);
    /* A POST that is sent twice may be done twice: never on a kept one. */
    (void)curl_easy_setopt(s->easy, CURLOPT_FRESH_CONNECT,
                           strcmp(c->method, "POST") == 0 ? 1L : 0L);
}

static void set_policy(const struct rn_http *h, struct slot *s)
{
    CURL *e = s->easy;
    (void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                           (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
    (void)curl_easy_setopt(e, CURLOPT_SSLVERSION,
                           (long)CURL_SSLVERSION_TLSv1_2);
    if (h->o.ca[0] != 0)
        (void)curl_easy_setopt(e, CURLOPT_CAINFO, h->o.ca);
    /* Not from the environment: a proxy is something that a job says. */
    (void)curl_easy_setopt(e, CURLOPT_PROXY,
                           h->o.proxy != NULL ? h->o.proxy : "");
    (void)curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    (void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)h->o.connect_ms);
    (void)curl_easy_setopt(e, CURLOPT_MAXAGE_CONN,
                           (long)((h->o.keep_ms + 999) / 1000));
}

static void set_callbacks(struct slot *s)
{
    CURL *e = s->easy;
    (void)curl_easy_setopt(e, CURLOPT_READFUNCTION, give_body);
    (void)curl_easy_setopt(e, CURLOPT_READDATA, s);
    (void)curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, seek_body);
    (void)curl_easy_setopt(e, CURLOPT_SEEKDATA, s);
    (void)curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header);
    (void)curl_easy_setopt(e, CURLOPT_HEADERDATA, s);
    (void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(e, CURLOPT_WRITEDATA, s);
    (void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, s->words);
    (void)curl_easy_setopt(e, CURLOPT_PRIVATE, s);
}

static void free_slot(struct slot *s)
{
    curl_slist_free_all(s->headers);
    s->headers = NULL;
    s->call = NULL;
}

int rn_http_start(struct rn_http *h, struct rn_http_call *call)
{
    unsigned at = 0;
    while (at < h->n && h->slot[at].call != NULL)
        at++;
    if (at == h->n)
        return RN_E_FULL;
    struct slot *s = &h->slot[at];
    call->done = false;
    call->sent = false;
    call->err = RN_OK;
    call->status = 0;
    call->why[0] = 0;
    call->slot = (int)at;
    s->call = call;
    s->body_at = 0;
    s->refused = RN_OK;
    s->head_done = false;
    s->status = 0;
    s->moved = 0;
    s->words[0] = 0;
    s->since_ms = rn_clock_mono();
    curl_easy_reset(s->easy);
    set_policy(h, s);
    set_callbacks(s);
    set_method(s);
    /* What cannot be begun is found failed by the next pump. */
    if (set_url(h, s) < 0 || set_headers(h, s) < 0 ||
        curl_multi_add_handle(h->multi, s->easy) != CURLM_OK) {
        s->refused = RN_E_FULL;
        (void)snprintf(s->words, sizeof s->words,
                       "the request's headers are too long");
    }
    return RN_OK;
}

static void finish(struct rn_http *h, struct slot *s, int err, const char *why)
{
    struct rn_http_call *c = s->call;
    long sent = 0;
    (void)curl_easy_getinfo(s->easy, CURLINFO_REQUEST_SIZE, &sent);
    (void)curl_multi_remove_handle(h->multi, s->easy);
    c->sent = sent > 0;
    c->err = err;
    c->status = err == RN_OK ? s->status : 0;
    c->slot = -1;
    c->done = true;
    if (err != RN_OK)
        (void)snprintf(c->why, sizeof c->why, "%.*s", (int)sizeof c->why - 1,
                       why);
    free_slot(s);
}

/* -- results -------------------------------------------------------------- */

/* One code for a link that broke during the handshake and for a peer that
 * refused or garbled it; only the latter has words of OpenSSL's own.
 */
static int handshake_code(const char *words)
{
    bool broke = strstr(words, "error:") == NULL ||
                 strstr(words, "unexpected eof") != NULL;

    return broke ? RN_E_LINK : RN_E_PEER;
}

/* libcurl reports a broken chunk as it reports a broken link. */
static int code_of(CURLcode code, const char *words)
{
    switch (code) {
    case CURLE_OK:
        return RN_OK;
    case CURLE_RECV_ERROR:
        return strstr(words, "chunk") != NULL ? RN_E_PEER : RN_E_LINK;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_FAIL_REWIND:
        return RN_E_LINK;
    case CURLE_SSL_CONNECT_ERROR:
        return handshake_code(words);
    case CURLE_OUT_OF_MEMORY:
        return RN_E_FULL;
    case CURLE_SSL_CACERT_BADFILE:
        return RN_E_CONFIG;
    default:
        return RN_E_PEER;
    }
}

/* libcurl calls an answer complete whose head was cut short. */
static int verdict(const struct slot *s, CURLcode code)
{
    if (s->refused < 0)
        return s->refused;
    if (s->status == 101 || s->status > 599)
        return RN_E_PEER;
    if (code == CURLE_OK && !s->head_done)
        return RN_E_LINK;
    return code_of(code, s->words);
}

static const char *words_of(const struct slot *s, CURLcode code)
{
    if (code == CURLE_OK)
        return "the server closed within its answer";
    return s->words[0] != 0 ? s->words : curl_easy_strerror(code);
}

static int collect(struct rn_http *h)
{
    int done = 0;
    int left;
    CURLMsg *m;
    while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
        if (m->msg != CURLMSG_DONE)
            continue;
        struct slot *s = NULL;
        CURLcode code = m->data.result;
        (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
        finish(h, s, verdict(s, code), words_of(s, code));
        done++;
    }
    return done;
}

static void look_at_progress(struct slot *s, int64_t now)
{
    curl_off_t up = 0;
    curl_off_t down = 0;
    long head = 0;
    (void)curl_easy_getinfo(s->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    (void)curl_easy_getinfo(s->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    (void)curl_easy_getinfo(s->easy, CURLINFO_HEADER_SIZE, &head);
    curl_off_t moved = up + down + head;
    if (moved >= s->moved && moved < s->moved + PROGRESS)
        return;
    s->moved = moved;
    s->since_ms = now;
}

/* Connecting is bounded by libcurl; its own clock starts when the call does. */
static int64_t deadline_of(const struct rn_http *h, const struct slot *s)
{
    int64_t most =
        h->o.connect_ms > h->o.idle_ms ? h->o.connect_ms : h->o.idle_ms;
    curl_off_t begun = 0;
    (void)curl_easy_getinfo(s->easy, CURLINFO_PRETRANSFER_TIME_T, &begun);
    int64_t by = s->since_ms + (begun > 0 ? h->o.idle_ms : most);
    return by < s->call->deadline_ms ? by : s->call->deadline_ms;
}

/* Ends calls whose time is up; until when the rest may sleep. */
static int check_times(struct rn_http *h, int64_t *until_ms)
{
    int done = 0;
    int64_t now = rn_clock_mono();
    for (unsigned i = 0; i < h->n; i++) {
        struct slot *s = &h->slot[i];
        if (s->call == NULL)
            continue;
        look_at_progress(s, now);
        int64_t by = deadline_of(h, s);
        if (s->refused < 0 || now >= by) {
            bool late = now >= s->call->deadline_ms;
            int err = s->refused < 0 ? s->refused
                      : late         ? RN_E_AGAIN
                                     : RN_E_LINK;
            finish(h, s, err,
                   s->refused < 0 ? s->words
                   : late         ? "the deadline passed"
                                  : "the server stopped answering");
            done++;
        } else if (by < *until_ms) {
            *until_ms = by;
        }
    }
    return done;
}

/* False when a stop was asked for meanwhile. */
static bool sleep_until(struct rn_http *h, int64_t until_ms)
{
    struct curl_waitfd stop = { .fd = rn_linux_stop_fd(),
                                .events = CURL_WAIT_POLLIN };
    int64_t left = until_ms - rn_clock_mono();
    int timeout = left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
    (void)curl_multi_poll(h->multi, &stop, stop.fd >= 0 ? 1 : 0, timeout, NULL);
    return !rn_linux_stop_news();
}

int rn_http_pump(struct rn_http *h, int64_t until_ms)
{
    for (;;) {
        int running;
        (void)curl_multi_perform(h->multi, &running);
        int done = collect(h);
        int64_t wake = until_ms;
        done += check_times(h, &wake);
        if (done > 0)
            return done;
        if (!sleep_until(h, wake))
            return 0;
        if (rn_clock_mono() < until_ms)
            continue;
        (void)curl_multi_perform(h->multi, &running);
        return collect(h);
    }
}

void rn_http_cancel(struct rn_http *h, struct rn_http_call *call)
{
    if (call->done || call->slot < 0)
        return;
    struct slot *s = &h->slot[call->slot];
    RN_ASSERT(s->call == call);
    finish(h, s, RN_E_STOP, "cancelled");
}

void rn_http_close(struct rn_http *h)
{
    if (h == NULL || h->slot == NULL)
        return;
    for (unsigned i = 0; i < h->n; i++) {
        if (h->slot[i].call != NULL)
            rn_http_cancel(h, h->slot[i].call);
        if (h->slot[i].easy != NULL)
            curl_easy_cleanup(h->slot[i].easy);
    }
    if (h->multi != NULL)
        (void)curl_multi_cleanup(h->multi);
    h->slot = NULL;
}
