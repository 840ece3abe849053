/* tls/stream.h: a connection to an origin, with TLS where the origin asks.
 *
 *     init -> open -> ready ... ready -> send, recv ... -> close -> open ...
 *
 * Never blocks. After a failure (not RN_E_AGAIN) nothing more is written; after
 * one of sending, what the peer sent before may still be read.
 */
#ifndef TLS_STREAM_H
#define TLS_STREAM_H

#include <mbedtls/ssl.h>

#include "runnel/arena.h"
#include "runnel/error.h"
#include "runnel/http.h"
#include "runnel/port.h"
#include "tls/verify.h"

struct rn_tls; /* trust, heap and settings that all streams share */

size_t rn_tls_need(unsigned connections);

/* `ca` is borrowed until rn_tls_close(). RN_E_CONFIG: the bundle cannot be
 * used; RN_E_STATE: no entropy, so no TLS; RN_E_FULL.
 */
int rn_tls_init(unsigned connections, const char *ca, struct rn_arena *mem,
                struct rn_error *error, struct rn_tls **tls);

/* After all its streams are closed. Safe twice. */
void rn_tls_close(struct rn_tls *tls);

/* Bytes ever in use of the slice that mbedTLS allocates from, and its size. */
void rn_tls_memory(const struct rn_tls *tls, size_t *peak, size_t *cap);

struct rn_stream {
    struct rn_tls *tls;
    struct rn_net net;
    uint8_t phase;
    bool secure;
    bool has_ssl;     /* `ssl` holds something to be freed             */
    bool mute;        /* writing failed                                */
    bool only_12;     /* TLS 1.3 was not offered                       */
    bool wants_write; /* of the handshake's last step; else it reads  */
    bool resumed;     /* a kept session was offered                   */
    uint16_t port;
    bool begun;       /* mbedTLS holds the pending record             */
    size_t pending;   /* bytes in a record that is not fully sent yet */
    size_t unsent;    /* what mbedTLS holds that the link did not take */
    uint64_t refused; /* by the heap, before this connection          */
    char host[256];   /* of the origin; a DNS name has at most 253    */
    mbedtls_ssl_context ssl;
    struct rn_verify verify;
    char why[RN_WHY]; /* of the failure */
};

void rn_stream_init(struct rn_stream *s, struct rn_tls *tls);

/* Begin to connect: RN_E_AGAIN, or a failure. */
int rn_stream_open(struct rn_stream *s, const struct rn_origin *origin);

/* RN_OK once bytes can flow, RN_E_AGAIN; RN_E_LINK; RN_E_PEER: TLS failed or
 * the certificate is not to be trusted; RN_E_FULL: the slice is spent.
 */
int rn_stream_ready(struct rn_stream *s);

/* Bytes accepted, 1 or more; RN_E_AGAIN (then the next call must offer the
 * same bytes again, and may offer more behind them); or a failure.
 */
int rn_stream_send(struct rn_stream *s, const struct rn_bytes *piece,
                   size_t pieces);

/* Bytes, 1 or more; RN_E_AGAIN; RN_E_ABSENT: the peer ended in order;
 * RN_E_LINK: it broke off (in TLS also an end without goodbye); RN_E_PEER,
 * RN_E_FULL.
 */
int rn_stream_recv(struct rn_stream *s, void *buf, size_t cap);

/* What to wait for, given what the owner wants to do. */
void rn_stream_wants(struct rn_stream *s, bool read, bool write,
                     struct rn_wait *w);

/* Open to this origin? */
bool rn_stream_is_to(const struct rn_stream *s, const struct rn_origin *o);

/* Says goodbye if it can. Safe twice. */
void rn_stream_close(struct rn_stream *s);

#endif
