/* blob/answer.h: what an answer of the service means.
 *
 *     begin -> header ... -> body ... -> settle
 *
 * Exactly one status is success for each operation. Everything else is an
 * error from a table; what is in no table is refused for good, so that nothing
 * falls through.
 */
#ifndef BLOB_ANSWER_H
#define BLOB_ANSWER_H

#include "blob/request.h"
#include "blob/xml.h"
#include "runnel/store.h"

/* The longest wait that a service may ask for. */
#define RN_RETRY_AFTER_MAX_MS (10 * 60 * 1000)

/* More of an answer's body than this is not read to its end. */
#define RN_ANSWER_BODY_MAX (64u * 1024)

struct rn_answer {
    int64_t now_us;    /* our wall time when it began; < 0: not known */
    int64_t server_us; /* its Date; 0: none                           */
    int64_t retry_ms;  /* longest wait asked for, clamped             */
    uint64_t length;   /* HEAD: Content-Length                        */
    size_t body_len;
    uint64_t range_at;  /* Content-Range: its first byte              */
    uint64_t range_end; /* and the one after its last                 */
    bool has_range;
    bool has_length;
    bool has_version; /* x-ms-version: it is the service that speaks */
    bool has_crc64;
    bool has_md5;
    bool html;
    uint8_t crc64[8];
    uint8_t md5[16];
    char code[72]; /* x-ms-error-code */
    char request[48];
    char etag[64];
    char run[40];
    struct rn_xml xml;
};

void rn_answer_begin(struct rn_answer *a, int64_t now_us);

/* For rn_http_call: names are lower-case. */
void rn_answer_header(struct rn_answer *a, struct rn_bytes name,
                      struct rn_bytes value);

/* RN_OK, or RN_E_PEER once the body is longer than any of the service's. */
int rn_answer_body(struct rn_answer *a, struct rn_bytes part);

/* The same for GET: whether these bytes are the file's or an error's words is
 * known when the answer is settled.
 */
int rn_answer_content(struct rn_answer *a, const struct rn_transfer *t,
                      struct rn_bytes part);

/* Fill the outcome of `t`: done, sent, err, error and what was found. `q` is
 * the request that was answered with `status`.
 */
void rn_answer_settle(const struct rn_answer *a, int status,
                      const struct rn_blob_service *s,
                      const struct rn_request *q, struct rn_transfer *t);

/* "staging a block of", "publishing" ... for messages. */
const char *rn_op_words(enum rn_op op);

#endif
