/* core/codes.c: what is done about a code, and how codes are called.
 *
 * The only place that decides between trying again, starting over and giving
 * up; tests/unit/test_codes.c walks all of it.
 */
#include "runnel/base.h"
#include "runnel/error.h"

enum rn_plan rn_plan_for(int err)
{
    switch (err) {
    case RN_E_AGAIN:
    case RN_E_LINK:
    case RN_E_BUSY:
    case RN_E_INTEGRITY:
        return RN_PLAN_RETRY;
    case RN_E_AUTH:
        return RN_PLAN_RENEW;
    case RN_E_STALE:
        return RN_PLAN_RESTART;
    default:
        return RN_PLAN_STOP;
    }
}

const char *rn_err_name(int err)
{
    static const char *const name[] = {
        "ok",     "again",  "link",   "peer", "busy",  "auth",
        "denied", "stale",  "source", "full", "value", "absent",
        "torn",   "config", "exists", "stop", "state", "integrity",
    };

    if (err > 0 || -err >= (int)RN_COUNTOF(name))
        return "unknown";
    return name[-err];
}

/* The store's lost links and refusals-for-now leave nothing half done, so a
 * later try is all that is needed: 75. So is a journal that another agent has.
 */
static int exit_for_later(const struct rn_error *e)
{
    switch (e->code) {
    case RN_E_AGAIN:
    case RN_E_LINK:
    case RN_E_BUSY:
    case RN_E_STALE:
        return 1;
    default:
        return 0;
    }
}

int rn_error_exit(const struct rn_error *e)
{
    if (e->code == RN_OK)
        return 0;
    if (e->code == RN_E_STOP)
        return 75;
    switch (e->where) {
    case RN_AT_CONFIG:
        return 2;
    case RN_AT_SOURCE:
        return e->code == RN_E_AGAIN ? 75 : 3;
    case RN_AT_STORE:
        return exit_for_later(e) ? 75 : 4;
    case RN_AT_WAREHOUSE:
        return exit_for_later(e) ? 75 : 5;
    case RN_AT_VALIDATE:
        return 6;
    case RN_AT_STATE:
        return e->code == RN_E_BUSY ? 75 : 1;
    default:
        return 1;
    }
}
