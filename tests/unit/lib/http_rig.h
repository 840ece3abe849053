/* lib/http_rig.h: one HTTP client, one server, and calls between them.
 *
 * For our own client and for libcurl's: which one is decided by the link.
 */
#ifndef LIB_HTTP_RIG_H
#define LIB_HTTP_RIG_H

#include "lib/http_server.h"
#include "runnel/http.h"

#define MADE "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"

#define RIG_ARENA   (4u << 20)
#define RIG_CONTENT (8u << 20)
extern uint8_t rig_memory[RIG_ARENA];
extern char rig_bundle[]; /* path of a PEM file that passes for one */

/* Body bytes are a function of their place, so that any slip shows; they are
 * handed out in slices of rig_slice bytes.
 */
extern uint8_t rig_content[RIG_CONTENT];
extern size_t rig_slice;

struct answer {
    char headers[2048];
    size_t headers_len;
    uint8_t body[65536];
    size_t len;
    int fail; /* what on_body returns */
};

/* One client and one server; times are short so that waiting tests are. */
struct rig {
    struct rn_http *http;
    struct server server;
    struct rn_origin origin;
    struct rn_http_options o;
};

void rig_open(struct rig *r, const struct server_act *act, size_t acts);

/* The client again, with other times. */
void rig_times(struct rig *r, int64_t idle_ms, int64_t keep_ms);
void rig_close(struct rig *r);

/* libcurl differs in a few places; tests say where. */
bool rig_is_curl(void);

/* Fill a call with a body of `len` bytes; drive it to its end; both, PUT. */
void rig_prepare(struct rig *r, struct rn_http_call *c, struct answer *a,
                 const char *method, uint64_t len);
void rig_run(struct rig *r, struct rn_http_call *c);
void rig_put(struct rig *r, struct rn_http_call *c, struct answer *a,
             uint64_t len);

/* For cmocka: the bundle and the content. */
int rig_setup(void **state);
int rig_teardown(void **state);

#endif
