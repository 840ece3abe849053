/* job/run_clean.c: what a run that did not finish left in the container.
 *
 * Its staged blocks were never visible and expire by themselves. Files that had
 * been committed are whole but belong to no finished run: they are removed, and
 * those that cannot be (no permission to delete, no network) are named.
 */
#include <string.h>

#include "core/log.h"
#include "job/run_parts.h"

static int remove_path(struct run *r, const char *path)
{
    struct rn_object object = { .path = path };
    struct rn_transfer t = { .op = RN_OP_DELETE, .object = &object };
    int err = rn_uploader_repeat(&r->uploader, &t);

    if (err == RN_E_ABSENT)
        return RN_OK;
    if (err < 0)
        rn_log(RN_LOG_WARN, "cannot remove %s: %s", path, t.error.text);
    return err;
}

void rn_clean_remember(struct run *r, const char *run, uint32_t left)
{
    struct rn_result *result = r->result;

    if (left == 0)
        return;
    result->leftovers = left;
    memcpy(result->leftover_run, run, strlen(run) + 1);
    memcpy(result->leftover_first, r->path, sizeof r->path);
}

static uint32_t clean(struct run *r, const struct rn_config *config,
                      const char *run, const char *ext, uint32_t files)
{
    /* _SUCCESS first, so that a reader never finds it beside missing files. */
    static const char *const marker[] = { "_SUCCESS", "_manifest.json" };
    uint32_t left = 0;
    int err = RN_OK;

    /* A folder may hold the working file of the part after these. */
    if (rn_run_path(config, run, files + 1, ext, r->path) > 0)
        (void)remove_path(r, r->path);
    for (size_t i = 0; i < RN_COUNTOF(marker) && err == RN_OK; i++) {
        if (rn_run_marker(config, run, marker[i], r->path) == RN_OK)
            err = remove_path(r, r->path);
    }
    for (uint32_t part = files; part > 0 && left == 0; part--) {
        if (rn_run_path(config, run, part, ext, r->path) < 0)
            continue;
        if (err == RN_OK)
            err = remove_path(r, r->path);
        if (err < 0) /* one refusal is enough: the rest would meet the same */
            left = part;
    }
    if (left > 0) {
        rn_run_path(config, run, 1, ext, r->path);
        rn_clean_remember(r, run, left);
    }
    return left;
}

uint32_t rn_clean_attempt(struct run *r)
{
    if (r->publishing == 0)
        return 0;
    return clean(r, r->config, r->result->run, r->ext, r->publishing);
}

uint32_t rn_clean_run(struct run *r, const struct rn_config *config,
                      const struct rn_open_run *open)
{
    return clean(r, config, open->run, open->ext, open->files);
}
