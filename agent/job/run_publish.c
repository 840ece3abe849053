/* job/run_publish.c: what makes a run finished: its manifest, then _SUCCESS.
 *
 * Both stand beside the run's files. The manifest is written along with the
 * data and published when every data file is; _SUCCESS is empty and last, so a
 * reader that waits for it never sees part of a run.
 */
#include <string.h>

#include "job/run_parts.h"
#include "runnel/port.h"

int rn_run_marker(const struct rn_config *config, const char *run,
                  const char *name, char to[RN_PATH_MAX])
{
    int n = rn_run_path(config, run, 1, "", to);
    char *slash = n < 0 ? NULL : strrchr(to, '/');
    size_t len = slash ? (size_t)(slash - to) + 1 : 0;

    if (n < 0)
        return n;
    if (len + strlen(name) + 1 > RN_PATH_MAX)
        return RN_E_CONFIG;
    memcpy(to + len, name, strlen(name) + 1);
    return RN_OK;
}

int rn_publish_open(struct run *r)
{
    struct rn_object object = {
        .path = r->manifest_path,
        .mime = "application/json",
        .meta = r->manifest_meta,
        .metas = 1,
    };
    int err = rn_run_marker(r->config, r->result->run, "_manifest.json",
                            r->manifest_path);

    if (err < 0)
        return rn_fail(r->error, err, RN_AT_CONFIG,
                       "%s: [store] path: too long", r->config->path);
    r->manifest_meta[0] = (struct rn_meta){ "runnel_run", r->result->run };
    r->writer.out = &r->manifest.lane.out;
    return rn_part_begin(&r->manifest, &r->uploader, &object, &r->attempt,
                         RN_MANIFEST_SEGMENTS);
}

int rn_publish_begin(struct run *r)
{
    struct rn_manifest_head head = {
        .run = r->result->run,
        .started_us = r->started_us,
        .source_version = r->source->version,
        .schema = &r->schema,
    };
    int err = rn_publish_open(r);

    if (err < 0)
        return err;
    return rn_manifest_begin(&r->writer, r->config, &head,
                             &r->manifest.lane.out);
}

int rn_publish_file(struct run *r, const struct rn_result_file *file)
{
    const char *slash = strrchr(r->part_path, '/');
    struct rn_manifest_file f = {
        .name = slash ? slash + 1 : r->part_path,
        .rows = file->rows,
        .bytes = file->bytes,
        .crc64 = file->crc64,
        .blocks = file->blocks,
    };

    return rn_manifest_file(&r->writer, &f);
}

int rn_publish_success(struct run *r, const struct rn_config *config,
                       const char *run)
{
    struct rn_attempt attempt = r->attempt;
    struct rn_object object = {
        .path = r->path,
        .mime = "application/octet-stream",
        .meta = r->manifest_meta,
        .metas = 1,
    };
    int err = rn_run_marker(config, run, "_SUCCESS", r->path);

    attempt.run = run;
    r->manifest_meta[0] = (struct rn_meta){ "runnel_run", run };
    if (err == RN_OK)
        err = rn_part_begin(&r->manifest, &r->uploader, &object, &attempt,
                            RN_MANIFEST_SEGMENTS);
    if (err == RN_OK)
        err = rn_part_commit(&r->manifest);
    return err;
}

bool rn_publish_is_absent(struct run *r, const struct rn_config *config,
                          const char *run)
{
    struct rn_object object = { .path = r->path };
    struct rn_transfer look = { .op = RN_OP_HEAD, .object = &object };

    if (r->manifest.doubtful ||
        rn_run_marker(config, run, "_SUCCESS", r->path) < 0)
        return false;
    return rn_uploader_repeat(&r->uploader, &look) == RN_E_ABSENT;
}

int rn_publish_end(struct run *r)
{
    struct rn_manifest_tail tail = {
        .rows = r->result->rows,
        .bytes = r->result->bytes,
        .schema = &r->schema,
        .digest = r->digest,
        .counts = &r->source->counts,
        .watermark = rn_run_watermark(r),
        .finished_us = rn_clock_wall(),
    };
    struct rn_load_owed owed = {
        .pending = rn_run_pending(r),
        .shape = rn_manifest_shape(r->config, &r->schema),
    };
    struct rn_past_run past;
    int err = RN_OK;

    if (!r->manifest.finished) {
        err = rn_manifest_end(&r->writer, &tail);
        if (err == RN_OK)
            err = rn_resume_ending(r);
    }
    if (err == RN_OK)
        err = rn_part_commit(&r->manifest);
    if (err < 0)
        return err;
    rn_run_past(r, &past);
    past.state = RN_RUN_DONE;
    /* A save that failed may be on the disk all the same: from here on nothing
     * is removed that the journal could still call complete.
     */
    r->sealed = true;
    err = rn_journal_seal(r->journal, &past, rn_run_watermark(r), &owed);
    if (err < 0)
        return err;
    err = rn_publish_success(r, r->config, r->result->run);
    if (err == RN_OK)
        r->finished = true;
    return err;
}
