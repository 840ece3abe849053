/* sim/fault.h: what a service and the way to it can do wrong, as a schedule.
 *
 * A case has a list of these. One applies to the nth request of its kind since
 * the case began, and to `times` in a row; at most one applies to a request.
 */
#ifndef TESTS_SIM_FAULT_H
#define TESTS_SIM_FAULT_H

#include "runnel/base.h"

enum fault_on {
    ON_CONNECT,
    ON_STAGE,
    ON_PUT, /* of data, manifest or _SUCCESS */
    ON_COMMIT,
    ON_HEAD,
    ON_GET,
    ON_DELETE,
    ON_MARKER, /* PUT of a name that ends in _SUCCESS */
    ON_ANY,    /* request, by its number; for what happens to its bytes, too */
    ON_KINDS
};

enum fault_what {
    FAULT_NONE,
    /* of connections */
    FAULT_REFUSE,
    FAULT_BLACK_HOLE,
    FAULT_NO_NAME,
    FAULT_MUTE, /* accepted, then takes everything and says nothing */
    /* by byte, before it is known what is asked: ON_ANY only */
    FAULT_RESET_IN_REQUEST, /* a: at byte                                 */
    FAULT_CLOSE_IN_REQUEST, /* a: at byte; in order                       */
    FAULT_ZERO_WINDOW,      /* a: after byte, for ever                    */
    FAULT_SLOW_READ,        /* a: ms a byte                               */
    /* nothing is done */
    FAULT_STATUS,   /* a: status, code, header                            */
    FAULT_HTML,     /* a: status; a login page                            */
    FAULT_RESET,    /* the link breaks                                    */
    FAULT_SILENT,   /* no answer                                          */
    FAULT_CORRUPT,  /* one bit of the body, a: at byte                    */
    FAULT_DROP,     /* a block is acknowledged and lost                   */
    FAULT_REDIRECT, /* a: status, header: where to                        */
    FAULT_INTERIM,  /* a: how many 103, then done as asked                */
    FAULT_CONTINUE, /* a: how many 100, likewise                          */
    /* done, and then */
    FAULT_LOST,         /* a: reset after so many bytes of the answer     */
    FAULT_CUT,          /* the same, closed in order                      */
    FAULT_NO_ANSWER,    /* silence                                        */
    FAULT_STATUS_AFTER, /* as STATUS                                      */
    FAULT_SUCCESS,      /* a: another 2xx than the right one              */
    FAULT_BAD_SUM,      /* CRC-64 or MD5 in the answer is another         */
    FAULT_LENGTH,       /* HEAD: a: more than there is                    */
    FAULT_OTHER_RUN,    /* HEAD: somebody else's run                      */
    FAULT_NO_VERSION,   /* not the service's own headers                  */
    FAULT_SLOW_ANSWER,  /* a: ms a byte                                   */
    FAULT_LATE,         /* a: ms until it is done; the link is reset      */
    FAULT_LATE_ANSWER,  /* a: ms until it is done and answered            */
    FAULT_STALE,        /* a: ms after the answer the link is closed      */
    FAULT_STALE_RESET,  /* the same, reset                                */
    FAULT_BODY_LONG,    /* more bytes than Content-Length says            */
    FAULT_BODY_SHORT,   /* fewer, then closed                             */
    FAULT_MANY_HEADERS, /* a: so many                                     */
    FAULT_BAD_HEAD,     /* a: 0 bare LF, 1 NUL, 2 two lengths, 3 both
                         * length and chunks, 4 a line of 9000 bytes      */
    FAULT_CHUNKS,       /* a: 0 huge size, 1 negative, 2 no line end,
                         * 3 endless extension, 4 endless trailer         */
    FAULT_WHATS
};

struct fault {
    enum fault_on on;
    unsigned nth; /* from 1; 0: each                                     */
    int times;    /* in a row, from the nth; 0: once; -1: for ever       */
    enum fault_what what;
    int64_t a;
    const char *code;   /* x-ms-error-code, NULL: none                   */
    const char *header; /* one more line of the answer's head, no CRLF   */
};

const char *fault_name(enum fault_what what);
const char *fault_on_name(enum fault_on on);

/* Begin a case: `list` is borrowed. By chance as well: every request is hit
 * with `per_mille`/1000, by `mask` (bits 1 << fault_what), from `seed`.
 */
struct fault_chance {
    unsigned per_mille;
    uint64_t mask;
    uint64_t seed;
};
void fault_start(const struct fault *list, size_t n,
                 const struct fault_chance *chance);

/* From now on nothing goes wrong any more. */
void fault_stop(void);

/* The next connection, the next request by its number, the next request of a
 * kind: what happens to it. `_ANY` requests are asked for at their first byte.
 */
struct fault fault_on_connect(void);
struct fault fault_on_bytes(void);
struct fault fault_on_request(enum fault_on on, bool marker);

/* What has hit so far, as bits 1 << fault_what; and how often in all. */
uint64_t fault_hits(void);
unsigned fault_count(void);

/* Exit codes that a run hit by these may end with, beside 0, as bits. */
uint64_t fault_exits(uint64_t hits);

/* Statuses that were answered in the place of the right one, by class. */
bool fault_had_status(int status);

#endif
