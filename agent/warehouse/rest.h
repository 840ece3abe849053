/* warehouse/rest.h: JSON over HTTPS, one request at a time.
 *
 *     init -> (body -> do -> doc) ... -> close
 *
 * A request is made in one fixed buffer and its answer read into another;
 * what does not fit is an error that says so. rn_rest_do() waits, looks for
 * stop requests, and repeats what is safe to repeat. It does not report: the
 * failure is kept in `fault` until rn_rest_raise(), because a lost answer is
 * often no failure for those who can ask what became of it.
 */
#ifndef WAREHOUSE_REST_H
#define WAREHOUSE_REST_H

#include "runnel/arena.h"
#include "runnel/error.h"
#include "runnel/http.h"
#include "runnel/out.h"
#include "warehouse/rest_json.h"

#define RN_REST_HOST    256u
#define RN_REST_SECRETS 4u

/* The longest wait between two tries that a service may ask for. */
#define RN_REST_WAIT_MAX_MS (5 * 60 * 1000)

struct rn_rest_options {
    struct rn_http *http; /* the job's, open until after close() */
    const char *key;      /* the job file's, for messages: "databricks.host" */
    const char *base;     /* "https://adb-1.2.azuredatabricks.net"           */
    bool allow_http;      /* http:// to loopback only                        */
    int64_t request_ms;   /* one request in all                         */
    int64_t retry_ms;     /* how long one request is tried again        */
    size_t body;          /* bytes of the largest request, as JSON      */
    size_t answer;        /* bytes of the largest answer                */
    size_t tokens;        /* values in the largest answer               */
};

struct rn_rest_call {
    const char *method;
    const char *path;     /* and query, percent-encoded                      */
    const char *type;     /* of the body; NULL: application/json             */
    struct rn_bytes body; /* instead of what was made; p NULL: that one  */
    const char *authorization; /* the header's value; NULL: none         */
    bool repeat; /* doing it twice is doing it once: a lost answer is no
                  * reason to give up                                    */
    bool once;   /* a single try, whatever happens                       */
};

struct rn_rest {
    struct rn_rest_options o;
    struct rn_http *http;
    struct rn_origin origin;
    char host[RN_REST_HOST];
    char place[RN_REST_HOST + 16]; /* "https://host" for messages        */

    struct rn_out out; /* the body as it is made: see rn_rest_body()     */
    char *body;
    struct rn_bytes send; /* the body of the request at hand */

    char *answer;
    size_t answer_len;
    struct rn_doc doc; /* of the last answer that was JSON               */
    int status;        /* of the last answer, 0: there was none          */

    int64_t deadline_ms; /* of what the caller is about, its to set      */
    bool stopping;       /* stop requests have been seen: finish quickly */
    bool lost;           /* the last failure left open whether it was done    */
    unsigned tries;      /* beyond the first, of all requests                 */
    struct rn_error fault; /* the last failure                           */

    /* What must never be repeated in a text: the caller's, borrowed. */
    struct rn_bytes secret[RN_REST_SECRETS];

    /* The answer at hand. */
    int64_t retry_after_ms;
    char request_id[48];
    bool html;
    bool full;
};

size_t rn_rest_need(const struct rn_rest_options *o);

/* `o` is copied, its strings borrowed. RN_E_CONFIG: the base is no URL of a
 * host, or plain http to another machine.
 */
int rn_rest_init(struct rn_rest *r, const struct rn_rest_options *o,
                 struct rn_arena *mem, struct rn_error *error);

/* Begin a body; what is written to the stream goes into it as it is. The
 * stream fails with RN_E_FULL when the body is full.
 */
struct rn_out *rn_rest_body(struct rn_rest *r);

struct rn_escape {
    struct rn_out out; /* first */
    struct rn_out *to;
    uint8_t buf[256];
};

/* A stream whose bytes become the inside of a JSON string in `to`. Flush it
 * before anything else is written to `to`.
 */
struct rn_out *rn_escape_open(struct rn_escape *e, struct rn_out *to);

/* Send the body that was made last, or none for methods that have none, and
 * wait for the answer. RN_OK: status 200 to 299, and `doc` is the answer (an
 * empty object when it has no body). Otherwise `fault` says what happened, with
 * the service's code and words:
 *
 *   RN_E_AUTH    401                     RN_E_BUSY    429, 5xx, to the end
 *   RN_E_ABSENT  404                     RN_E_LINK    no answer, to the end
 *   RN_E_DENIED  other statuses          RN_E_AGAIN   the deadline
 *   RN_E_PEER    no JSON, or not the service's
 *   RN_E_FULL    the request or the answer is too long
 *   RN_E_STOP    somebody asked us to stop
 *
 * Of RN_E_LINK, RN_E_AGAIN, RN_E_BUSY and RN_E_PEER `lost` says whether the
 * service may have done it all the same.
 */
int rn_rest_do(struct rn_rest *r, const struct rn_rest_call *c);

/* Wait, looking for stop requests: RN_OK, RN_E_STOP or RN_E_AGAIN (deadline)
 * with the fault set.
 */
int rn_rest_wait(struct rn_rest *r, int64_t ms);

/* Set the fault; control bytes and secrets are taken out of the text. */
__attribute__((format(printf, 3, 4))) int rn_rest_fail(struct rn_rest *r,
                                                       int code,
                                                       const char *fmt, ...);

/* Hand the fault to `error`, if that has none yet; returns its code. */
int rn_rest_raise(struct rn_rest *r, struct rn_error *error);

/* Take secrets out of a text: those of `secret`, and what follows "sig=". */
void rn_rest_clean(const struct rn_rest *r, char *text);

/* What the service said of a failure, in any of the shapes that it uses:
 *   {"error_code": "…", "message": "…"}    {"error": "…"}, {"error": {…}}
 *   CODE: message                          an HTML page
 * `code` gets an identifier or "", `words` one line or "".
 */
void rn_rest_words(struct rn_rest *r, char code[72], char *words, size_t cap);

/* Close the connection and wipe both buffers. Safe twice and after a failed
 * init of zeroed memory.
 */
void rn_rest_close(struct rn_rest *r);

#endif
