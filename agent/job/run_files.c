/* job/run_files.c: a run's data files, one after the other. */
#include <string.h>

#include "core/log.h"
#include "job/run_parts.h"
#include "row/number.h"

static struct rn_out *encoder_out(struct run *r)
{
    return r->gzipped ? &r->gzip.out : &r->part.lane.out;
}

int rn_files_open(struct run *r)
{
    struct rn_object object = {
        .path = r->part_path,
        .mime = r->gzipped ? "application/gzip" : r->classes.encoder->mime,
        .meta = r->part_meta,
        .metas = RN_COUNTOF(r->part_meta),
    };
    int err;

    err = rn_run_path(r->config, r->result->run, r->committed + 1, r->ext,
                      r->part_path);
    if (err < 0)
        return rn_fail(r->error, err, RN_AT_CONFIG,
                       "%s: [store] path: the name of a part is longer than "
                       "%d bytes",
                       r->config->path, RN_PATH_MAX - 1);
    r->part_meta[0] = (struct rn_meta){ "runnel_run", r->result->run };
    r->part_meta[1] = (struct rn_meta){ "runnel_rows", r->rows_text };
    r->part_first_row = r->result->rows;
    r->keeper.cut = 0;
    err = rn_part_begin(&r->part, &r->uploader, &object, &r->attempt,
                        r->plan.block_segments);
    if (err < 0)
        return err;
    if (!r->encoder->cls->lanes) {
        r->encoder->out = encoder_out(r);
        return RN_OK;
    }
    rn_columns_begin(&r->columns, &r->part);
    r->encoder->lanes = &r->columns.lanes;
    return RN_OK;
}

int rn_files_begin(struct run *r)
{
    const struct rn_encoder_class *cls = r->encoder->cls;
    int err = rn_files_open(r);

    if (err == RN_OK && r->keeper.went_on)
        err = rn_part_splice(&r->part);
    if (err == RN_OK && r->gzipped)
        err = rn_gzip_begin(&r->gzip, &r->part.lane.out);
    if (err < 0)
        return err;
    return cls->lanes ? cls->begin_lanes(r->encoder, &r->columns.lanes)
                      : cls->begin(r->encoder, encoder_out(r));
}

int rn_files_publish(struct run *r)
{
    struct rn_result_file file = { .rows =
                                       r->result->rows - r->part_first_row };
    size_t n = rn_format_u64(file.rows, r->rows_text);
    int err;

    r->rows_text[n] = '\0';
    err = rn_journal_publishing(r->journal, r->committed + 1);
    if (err == RN_OK)
        r->publishing = r->committed + 1;
    if (err == RN_OK)
        err = rn_part_commit(&r->part);
    if (err < 0)
        return err;
    file.bytes = r->part.bytes;
    file.crc64 = r->part.crc64;
    file.blocks = r->part.blocks;
    memcpy(file.etag, r->part.etag, sizeof file.etag);
    if (r->committed < RN_RESULT_FILES)
        r->result->file[r->committed] = file;
    r->committed++;
    r->result->files = r->committed;
    r->result->bytes += file.bytes;
    rn_log(RN_LOG_INFO, "committed %s", r->part_path);
    return rn_publish_file(r, &file);
}

static int commit(struct run *r)
{
    int err = r->encoder->cls->end(r->encoder);

    if (err == RN_OK && r->gzipped)
        err = rn_gzip_finish(&r->gzip);
    if (err == RN_OK)
        err = rn_resume_closing(r);
    return err == RN_OK ? rn_files_publish(r) : err;
}

static bool is_full(const struct run *r)
{
    uint64_t rows = r->config->file.rows_per_file;
    uint64_t bytes = r->config->file.bytes_per_file;

    return (rows > 0 && r->result->rows - r->part_first_row >= rows) ||
           (bytes > 0 && rn_part_bytes(&r->part) >= bytes) ||
           rn_part_near_limit(&r->part, r->plan.limit_spare) ||
           (r->encoder->cls->full && r->encoder->cls->full(r->encoder));
}

/* A full file is closed when a row for the next one has come, so that no run
 * ends with a file of no rows.
 */
int rn_files_roll(struct run *r)
{
    int err;

    if (r->part.open && !is_full(r))
        return RN_OK;
    err = r->part.open ? commit(r) : RN_OK;
    return err == RN_OK ? rn_files_begin(r) : err;
}

int rn_files_row(struct run *r, const struct rn_row *row, uint64_t number)
{
    int err = r->encoder->cls->row(r->encoder, row, number);

    if (err == RN_OK)
        r->result->rows++;
    return err;
}

/* A run that went on at the end of its last file has none at hand. */
int rn_files_end(struct run *r)
{
    return r->part.open ? commit(r) : RN_OK;
}
