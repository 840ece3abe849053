/* base.h: result codes, byte slices, assertions.
 *
 * The root of the include graph: it includes no other runnel header.
 */
#ifndef RUNNEL_BASE_H
#define RUNNEL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every call that can fail returns int. Zero or more means it worked (the
 * call's comment says what a count counts); less than zero is one of these.
 * A code says what can be done next, not where it happened: struct rn_error
 * (error.h), filled once at the place of failure, says where and why.
 */
enum rn_err {
    RN_OK = 0,
    RN_E_AGAIN = -1,     /* not ready, or the deadline passed; nothing lost */
    RN_E_LINK = -2,      /* connection refused, reset, closed or silent     */
    RN_E_PEER = -3,      /* answer malformed, or the peer failed a check    */
    RN_E_BUSY = -4,      /* asked to come back later (429, 5xx, a lock)     */
    RN_E_AUTH = -5,      /* credential or clock refused                     */
    RN_E_DENIED = -6,    /* refused for good: nothing changes by repeating  */
    RN_E_STALE = -7,     /* staged blocks are gone: start the file again    */
    RN_E_SOURCE = -8,    /* the database refused the query or lost it       */
    RN_E_FULL = -9,      /* a buffer, table or memory slice is spent        */
    RN_E_VALUE = -10,    /* a cell cannot be written as the job asks        */
    RN_E_ABSENT = -11,   /* no such blob, record or option                  */
    RN_E_TORN = -12,     /* a stored record failed its checksum             */
    RN_E_CONFIG = -13,   /* the job file contradicts itself or the world    */
    RN_E_EXISTS = -14,   /* the name is taken                               */
    RN_E_STOP = -15,     /* a person or the system asked us to stop         */
    RN_E_STATE = -16,    /* the local disk or state record failed           */
    RN_E_INTEGRITY = -17 /* bytes arrived changed (checksum refused)        */
};

/* What is done about a code. agent/core/codes.c maps them and nobody else. */
enum rn_plan {
    RN_PLAN_RETRY,   /* back off, then the same step again               */
    RN_PLAN_RENEW,   /* renew the credential, then the same step once    */
    RN_PLAN_RESTART, /* drop the run's files, run the query again        */
    RN_PLAN_STOP     /* only a person can help                           */
};
enum rn_plan rn_plan_for(int err);

/* The code's short name for logs ("link", "denied"); never NULL. */
const char *rn_err_name(int err);

/* Bytes owned by someone else. Never NUL-terminated unless stated. */
struct rn_bytes {
    const uint8_t *p;
    size_t n; /* bytes; p may be NULL only when n is 0 */
};

/* Under -pedantic a compound literal is not a constant: static tables use
 * RN_LIT, expressions RN_STR.
 */
#define RN_LIT(s)                              \
    {                                          \
        (const uint8_t *)("" s), sizeof(s) - 1 \
    }
#define RN_STR(s)     ((struct rn_bytes)RN_LIT(s))
#define RN_COUNTOF(a) (sizeof(a) / sizeof((a)[0]))

/* A C string as bytes, without its NUL. */
struct rn_bytes rn_bytes_of(const char *s);

/* Same length and content. */
bool rn_bytes_equal(struct rn_bytes a, struct rn_bytes b);

/* Broken contracts stop the machine; they are never an error code. */
_Noreturn void rn_panic(const char *file, int line);
#define RN_ASSERT(c) ((c) ? (void)0 : rn_panic(__FILE__, __LINE__))

#endif
