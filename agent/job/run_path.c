/* job/run_path.c: the names of a run's files, from the job's template.
 *
 * Everything comes from the run's own name, so the same run gives the same
 * names at any later time: {date} and {time} are the moment the run began.
 */
#include <string.h>

#include "blob/url.h"
#include "core/format.h"
#include "job/run.h"

static const char *const word[] = {
    "job", "date", "time", "run", "part", "ext"
};
enum { JOB, DATE, TIME, RUN, PART, EXT, NONE };

/* Which placeholder begins at `p` (a '{'), and how long it is. */
static int placeholder(const char *p, size_t *len)
{
    for (int i = 0; i < NONE; i++) {
        size_t n = strlen(word[i]);

        if (strncmp(p + 1, word[i], n) == 0 && p[n + 1] == '}') {
            *len = n + 2;
            return i;
        }
    }
    return NONE;
}

/* What a name is made of. */
struct parts {
    const struct rn_config *config;
    const char *run;
    uint32_t part;
    const char *ext;
};

static int fill(const struct parts *p, int which, char *to, size_t cap)
{
    switch (which) {
    case JOB:
        return rn_format(to, cap, "%s", p->config->job.name);
    case DATE: /* 20261122T... -> 2026-11-22 */
        return rn_format(to, cap, "%.4s-%.2s-%.2s", p->run, p->run + 4,
                         p->run + 6);
    case TIME:
        return rn_format(to, cap, "%.6s", p->run + 9);
    case RUN:
        return rn_format(to, cap, "%s", p->run);
    case PART:
        return rn_format(to, cap, "%05lu", (unsigned long)p->part);
    default:
        return rn_format(to, cap, "%s", p->ext);
    }
}

int rn_run_path(const struct rn_config *config, const char *run, uint32_t part,
                const char *ext, char to[RN_PATH_MAX])
{
    const struct parts parts = { config, run, part, ext };
    const size_t cap = RN_PATH_MAX;
    size_t len = 0;

    for (const char *p = config->store.path; *p;) {
        size_t skip = 1;
        int which = *p == '{' ? placeholder(p, &skip) : NONE;
        int n = 1;

        if (which != NONE)
            n = fill(&parts, which, to + len, cap - len);
        else
            to[len] = *p;
        if (n < 0 || (size_t)n >= cap - len)
            return RN_E_CONFIG;
        len += (size_t)n;
        p += skip;
    }
    to[len] = '\0';
    return (int)len;
}

static int bad(const struct rn_config *config, struct rn_error *error,
               const char *why)
{
    return rn_fail(error, RN_E_CONFIG, RN_AT_CONFIG,
                   "%s: [store] path: %s; for example "
                   "orders/{date}/{run}/part-{part}.{ext}",
                   config->path, why);
}

int rn_run_check_path(const struct rn_config *config, struct rn_error *error)
{
    static const char run[] = "20261122T021500Z-0123456789abcdef";
    const char *path = config->store.path;
    const char *last = strrchr(path, '/');
    const char *at = strstr(path, "{run}");
    char name[RN_PATH_MAX];

    if (!last || !at || at > last)
        return bad(config, error,
                   "needs {run} in a folder, so that no two runs share one");
    if (!strstr(path, "{part}"))
        return bad(config, error, "needs {part}, a run may have several files");
    for (const char *p = strchr(path, '{'); p; p = strchr(p + 1, '{')) {
        size_t len;

        if (placeholder(p, &len) == NONE)
            return bad(config, error,
                       "knows {job} {date} {time} {run} {part} {ext} only");
    }
    if (rn_run_path(config, run, UINT32_MAX, "parquet.gz", name) < 0)
        return bad(config, error, "is too long");
    return rn_blob_name(name, false, error);
}
