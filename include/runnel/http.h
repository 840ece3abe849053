/* http.h: HTTP/1.1 requests, several at a time, over one seam.
 *
 *     init -> start ... -> pump ... (call->done) -> start ... -> close
 *
 * Two implementations, chosen when the image is linked: agent/http (default;
 * RFC 9112 over agent/tls, all memory from the arena) and
 * port/linux/http_curl.c (`make HTTP=curl`). Both pass the same tests.
 *
 * Nothing here blocks but rn_http_pump(). A call is owned by its caller from
 * start to `done`; its request parts must stay as they are until then.
 */
#ifndef RUNNEL_HTTP_H
#define RUNNEL_HTTP_H

#include "runnel/arena.h"
#include "runnel/base.h"
#include "runnel/error.h"

/* Where requests go. `host` is a DNS name, an IPv4 address or an IPv6 address
 * without brackets; it is what the certificate is checked against.
 */
struct rn_origin {
    const char *host;
    uint16_t port;
    bool tls;
};

struct rn_http_header {
    struct rn_bytes name;
    struct rn_bytes value; /* no CR, LF or NUL; the caller's duty */
};

/* A request body that can be asked for from any byte, because a request may
 * have to be sent again.
 */
struct rn_http_body {
    uint64_t len; /* bytes; 0 for none */
    /* Fill up to `cap` slices of the bytes that begin at `offset`
     * (< len), in order and without gaps; returns how many (at least 1). The
     * slices are valid until the next call of `at` for this body. Offsets
     * rise, except that a re-send begins again at 0.
     */
    size_t (*at)(void *ctx, uint64_t offset, struct rn_bytes *piece,
                 size_t cap);
    void *ctx;
};

struct rn_http_call {
    /* The request; borrowed until `done`. Host, Content-Length (when there is
     * a body or the method is PUT or POST) and Connection are added by the
     * client, everything else is in `header`.
     */
    const struct rn_origin *origin;
    const char *method;
    struct rn_bytes target; /* path and query, percent-encoded */
    const struct rn_http_header *header;
    size_t headers;
    struct rn_http_body body;
    int64_t deadline_ms; /* rn_clock_mono() time for the whole exchange */

    /* The answer, as it arrives. Either may be NULL. Names come lower-case;
     * interim (1xx) answers are not reported. A failed return ends the call
     * with that code. on_body may be called many times.
     */
    void *ctx;
    int (*on_header)(void *ctx, struct rn_bytes name, struct rn_bytes value);
    int (*on_body)(void *ctx, struct rn_bytes part);

    /* The outcome, once `done`: RN_OK means a complete answer was read, with
     * any status. RN_E_LINK: connection failed, closed early or made no
     * progress. RN_E_PEER: the answer broke the protocol, or the peer failed
     * certificate checks. RN_E_AGAIN: the deadline passed. RN_E_FULL: a
     * memory slice is spent.
     */
    bool done;
    int err;
    int status;    /* 100 to 599 when err is RN_OK                     */
    bool sent;     /* at least one request byte may have reached the
                         * peer: an error does not mean "not done"          */
    char why[160]; /* when err is not RN_OK: what happened, for people */

    int slot; /* the client's: which connection; -1 when none */
};

struct rn_http_options {
    unsigned connections; /* transfers at a time, 1 to 32                  */
    int64_t connect_ms;   /* resolve, connect and TLS handshake together   */
    int64_t idle_ms;      /* no progress in either direction for so long
                              * ends the call with RN_E_LINK; a few bytes now
                              * and then are no progress                      */
    int64_t keep_ms;      /* a kept connection older than this idle time is
                              * not used again                                */
    const char *ca;       /* PEM file of trusted roots; "" for the system's*/
    const char *proxy;    /* "" for none; only the curl build takes one    */
};

struct rn_http; /* opaque */

/* Arena bytes that rn_http_init() takes, rounded with RN_ROUND. */
size_t rn_http_need(const struct rn_http_options *o);

/* Take all memory and set up trust. `o` is copied, its strings borrowed until
 * rn_http_close(). Fails with RN_E_CONFIG and a text when the CA file cannot be
 * used, RN_E_FULL when the arena is too small.
 */
int rn_http_init(const struct rn_http_options *o, struct rn_arena *mem,
                 struct rn_error *error, struct rn_http **http);

/* Begin this call on a free connection (one already open to the same origin
 * if there is one). RN_E_FULL: all are busy. Does not block.
 */
int rn_http_start(struct rn_http *h, struct rn_http_call *call);

/* Move every running call forward; when nothing can move, wait until a socket
 * is ready, a stop was asked for or `until_ms` (rn_clock_mono() time) is there;
 * a time in the past means: don't wait. Returns how many calls became done.
 */
int rn_http_pump(struct rn_http *h, int64_t until_ms);

/* Drop a running call: its connection is closed, `done` set, err RN_E_STOP. */
void rn_http_cancel(struct rn_http *h, struct rn_http_call *call);

/* Close every connection. Safe twice. */
void rn_http_close(struct rn_http *h);

/* Bytes ever in use of the slice that TLS allocates from, and its size. */
void rn_http_memory(const struct rn_http *h, size_t *peak, size_t *cap);

/* "http1, mbedTLS 3.6.4" or "libcurl/7.88.1 OpenSSL/3.0"; static. */
const char *rn_http_version(void);

#endif
