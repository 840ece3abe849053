/* http/parse.h: the answer of a server, read byte by byte.
 *
 *     begin -> feed ... feed -> done
 *                          `--> end   (the peer closed)
 *
 * Strict where RFC 9112 lets a reader choose, because what two readers take
 * differently is how answers get mixed up: no bare LF, no folded lines, no
 * space before a colon, no second length, no length beside a coding. All
 * bounds are fixed; the one buffer holds a single line. Any split of the input
 * gives the same result.
 */
#ifndef HTTP_PARSE_H
#define HTTP_PARSE_H

#include "runnel/base.h"
#include "runnel/limits.h"

#define RN_HTTP_HEAD    16384u /* one head in all, or one trailer          */
#define RN_HTTP_HEADERS 64u    /* in one head, or one trailer              */
#define RN_HTTP_INTERIM 8u     /* 1xx answers before the final one         */
#define RN_HTTP_CHUNK   256u   /* a chunk's size line with its extensions  */

enum rn_http_state {
    RN_PARSE_STATUS,
    RN_PARSE_HEADER,
    RN_PARSE_LENGTH, /* body of known length                           */
    RN_PARSE_CLOSE,  /* body that ends with the connection             */
    RN_PARSE_CHUNK_SIZE,
    RN_PARSE_CHUNK_DATA,
    RN_PARSE_CHUNK_END, /* the line end after a chunk's data              */
    RN_PARSE_TRAILER,
    RN_PARSE_DONE,
    RN_PARSE_BROKEN
};

struct rn_http_parse {
    enum rn_http_state state;
    int status;      /* of the answer at hand, interim ones too            */
    bool final;      /* `status` is the final one                          */
    bool close;      /* the connection is not to be used again             */
    const char *why; /* BROKEN: what was wrong; static                     */

    /* Where things go; a negative return ends the parse with that code.
     * Names arrive in lower case.
     */
    void *ctx;
    int (*on_header)(void *ctx, struct rn_bytes name, struct rn_bytes value);
    int (*on_body)(void *ctx, struct rn_bytes part);

    /* The parser's own. */
    uint8_t *line; /* RN_HTTP_LINE bytes, borrowed */
    size_t len;
    size_t head;
    unsigned headers;
    unsigned interims;
    uint64_t left; /* of the body or chunk */
    bool no_body;  /* the request was HEAD */
    bool old;      /* HTTP/1.0             */
    bool has_length;
    bool chunked;
};

/* `line` is borrowed for the life of the parse. ctx, on_header and on_body
 * are set by the caller afterwards.
 */
void rn_http_parse_begin(struct rn_http_parse *p, uint8_t *line, bool no_body);

/* Take bytes: how many were used (all, unless the answer ended before), or
 * RN_E_PEER with p->why, or a callback's code.
 */
int rn_http_parse_feed(struct rn_http_parse *p, const uint8_t *data, size_t n);

/* The peer closed the connection in order: RN_OK when that completes the
 * answer, RN_E_LINK when it is cut short.
 */
int rn_http_parse_end(struct rn_http_parse *p);

#endif
