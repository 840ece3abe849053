/* job/run_recover.c: the run before this one, when it did not come to an end.
 *
 *   begun   its files belong to nobody: removed, or named
 *   sealed  everything is there but perhaps _SUCCESS, whose answer may have
 *           been lost: it is written (again), and the run counts as done. To
 *           undo it instead could take away what a reader has already seen.
 */
#include <string.h>

#include "core/log.h"
#include "core/format.h"
#include "job/run_parts.h"

/* The configuration as that run had it. False when the job has been given
 * another container since: what is there is out of reach.
 */
static bool as_it_was(const struct run *r, const struct rn_open_run *open,
                      struct rn_config *then)
{
    const char *line = strchr(open->place, '\n');
    size_t url = line ? (size_t)(line - open->place) : 0;

    *then = *r->config;
    if (!line || strlen(r->config->store.url) != url ||
        memcmp(r->config->store.url, open->place, url) != 0)
        return false;
    then->store.path = line + 1;
    return true;
}

/* Its files are loaded as what they are: with the columns and options that the
 * job had. Another job's would load without a word what is not in them as NULL.
 */
static int load_late(struct run *r, const struct rn_config *then,
                     const struct rn_open_run *open)
{
    if (open->shape != rn_manifest_shape(then, &r->schema))
        return rn_fail(r->error, RN_E_CONFIG, RN_AT_WAREHOUSE,
                       "run %s has yet to be loaded, and the job has other "
                       "columns or another [file] now: put both back and run "
                       "it once, or load that run by hand and move the state "
                       "file %.100s away",
                       open->run, r->config->job.state);
    return rn_run_load(r, then, open);
}

static int complete(struct run *r, const struct rn_config *then,
                    const struct rn_open_run *open)
{
    int err = rn_publish_success(r, then, open->run);

    if (err == RN_E_EXISTS) {
        /* Its folder carries the run's nonce: nobody else wrote it. */
        rn_error_clear(r->error);
        rn_uploader_abandon(&r->uploader);
        err = RN_OK;
    }
    if (err == RN_OK && open->pending != 0)
        err = load_late(r, then, open);
    if (err == RN_OK)
        err = rn_journal_end(r->journal, &open->result,
                             open->marked ? &open->watermark : NULL, false);
    if (err < 0)
        return err;
    rn_log(RN_LOG_WARN, "run %s was interrupted at its last step: completed",
           open->run);
    memcpy(r->result->completed, open->run, sizeof r->result->completed);
    if (!open->marked)
        return RN_OK;
    /* The query was bound to the watermark before that run's. */
    return rn_run_query(r);
}

/* What cannot be removed now does not keep the job from running. */
static int undo(struct run *r, const struct rn_config *then,
                const struct rn_open_run *open, const char *why)
{
    struct rn_error ignored;
    int err = RN_OK;

    rn_log(RN_LOG_WARN, "run %s was interrupted%s%s; removing what it left",
           open->run, why ? " and cannot go on: " : "", why ? why : "");
    /* From now on it can't. */
    if (open->files > 0 && !open->doomed)
        err = rn_journal_doom(r->journal);
    if (err < 0)
        return err;
    rn_error_clear(&ignored);
    r->uploader.error = &ignored;
    rn_clean_run(r, then, open);
    rn_uploader_abandon(&r->uploader);
    r->uploader.error = r->error;
    return RN_OK;
}

int rn_recover(struct run *r)
{
    struct rn_open_run open = *rn_journal_open_run(r->journal);
    struct rn_config then;
    const char *why = NULL;
    int err;

    if (open.run[0] == '\0')
        return RN_OK;
    if (!as_it_was(r, &open, &then)) {
        rn_format(r->path, sizeof r->path, "%.*s",
                  (int)strcspn(open.place, "\n"), open.place);
        rn_clean_remember(r, open.run, open.files);
        return RN_OK;
    }
    if (open.sealed) {
        err = complete(r, &then, &open);
        if (err == RN_OK || rn_error_exit(r->error) == 75 ||
            r->error->where == RN_AT_WAREHOUSE ||
            r->error->where == RN_AT_VALIDATE)
            return err;
        rn_uploader_abandon(&r->uploader);
        if (!rn_publish_is_absent(r, &then, open.run))
            return err;
        rn_error_clear(r->error);
        rn_uploader_abandon(&r->uploader);
        err = rn_journal_unseal(r->journal);
        if (err < 0)
            return err;
    }
    if (!open.sealed && !open.doomed && !r->options->fresh &&
        r->config->source.key[0] != '\0') {
        err = rn_resume_try(r, &why);
        if (err != 0)
            return err < 0 ? err : RN_OK;
    }
    return undo(r, &then, &open, why);
}
