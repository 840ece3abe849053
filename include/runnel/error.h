/* error.h: the first failure of a run, with what a person needs to act on it.
 *
 * One struct rn_error belongs to a run and is handed down to whatever can
 * fail. Only the first failure is kept: later ones are its consequences. The
 * texts hold no secret, no row data beyond a short excerpt and no control
 * bytes; rn_fail() replaces those.
 */
#ifndef RUNNEL_ERROR_H
#define RUNNEL_ERROR_H

#include "runnel/base.h"
#include "runnel/texts.h"

/* Which part of the agent saw it; with the code it decides the exit code. */
enum rn_where {
    RN_AT_AGENT,  /* ourselves: an inconsistency, a limit of the build */
    RN_AT_CONFIG, /* job file, options                                */
    RN_AT_SOURCE, /* database, query, a cell                          */
    RN_AT_STORE,  /* container, network on the way to it, credential  */
    RN_AT_STATE,  /* journal                                          */
    RN_AT_WAREHOUSE,
    RN_AT_VALIDATE
};

struct rn_error {
    int code;            /* enum rn_err; RN_OK while nothing failed      */
    enum rn_where where; /* meaningless while code is RN_OK              */
    int status;          /* HTTP status, or 0                            */
    char service[72];    /* the service's own code, or ""                */
    char request[48];    /* the service's request id, or ""              */
    char text[400];      /* one line: what, where, what to do            */
};

void rn_error_clear(struct rn_error *e);

/* Keep this failure if it is the first; returns `code` either way, so that
 * `return rn_fail(...)` reads well. The text is cut at its bound; control
 * bytes become '?'. `fmt` must not print floating point. In parentheses since
 * an image that has no room for texts makes a macro of it (texts.h).
 */
__attribute__((format(printf, 4, 5))) int(rn_fail)(struct rn_error *e, int code,
                                                   enum rn_where where,
                                                   const char *fmt, ...);

/* The same with what the code and the place say: "denied (store)". */
int rn_fail_terse(struct rn_error *e, int code, enum rn_where where);

/* The process exit code for this error: 0, 1, 2, 3, 4, 5, 6 or 75, as the
 * README's table says. Throttling, lost links, deadlines and stop requests
 * are 75: nothing is lost and the same command may be run again.
 */
int rn_error_exit(const struct rn_error *e);

#endif
