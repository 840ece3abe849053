/* job/manifest.h: _manifest.json, the commit point that readers go by.
 *
 *     begin -> file ... file -> end
 *
 * Written along with the data, so that a run of any number of files needs no
 * list of them in memory. One JSON object:
 *
 *   {"runnel_manifest":1,"job":…,"run":…,"started":"2026-…Z","agent":"…",
 *    "source":{"kind":"sqlite","version":"SQLite 3.…"},
 *    "format":{"name":"csv", the format's options as the job spells them…},
 *    "columns":[{"name":…,"type":…,"nullable":…,(precision, scale, utc,
 *        bits, millis, json)}…],
 *    "files":[{"name":…,"rows":…,"bytes":…,"crc64":"16 hex","blocks":…}…],
 *    "rows":…,"bytes":…,
 *    "digests":[{"column":…,"non_null":…,"min":…,"max":…,"sum":…}…],
 *    "counts":{"converted":…,"nulled":…,"truncated":…,"replaced":…},
 *    "watermark":…,"finished":"2026-…Z"}
 *
 * File names are relative to the manifest's own folder. Integers that JSON
 * readers may round (sums, minima, maxima) are strings.
 */
#ifndef JOB_MANIFEST_H
#define JOB_MANIFEST_H

#include "job/journal.h"
#include "job/json.h"
#include "row/digest.h"
#include "runnel/config.h"
#include "runnel/out.h"
#include "runnel/row.h"

struct rn_manifest_writer {
    struct rn_out *out;
    uint32_t files; /* written so far */
};

struct rn_manifest_head {
    const char *run;
    int64_t started_us; /* wall clock */
    const char *source_version;
    const struct rn_schema *schema;
};

struct rn_manifest_file {
    const char *name;
    uint64_t rows;
    uint64_t bytes;
    uint64_t crc64;
    uint32_t blocks;
};

struct rn_manifest_tail {
    uint64_t rows;
    uint64_t bytes;
    const struct rn_schema *schema;
    const struct rn_digest *digest;
    const struct rn_counts *counts;
    const struct rn_watermark *watermark; /* NULL: the job has none */
    int64_t finished_us;
};

/* One of "columns": "bits" of integers that fit 8, 16 or 32 of them and of
 * doubles that are floats, "millis" and "json" only where they hold.
 */
void rn_manifest_column(struct rn_json *j, const struct rn_col *c);

/* A checksum of what a reader has to know of a run's files: the format with its
 * options and the columns, as the manifest tells them.
 */
uint64_t rn_manifest_shape(const struct rn_config *config,
                           const struct rn_schema *schema);

/* Each returns out->err. */
int rn_manifest_begin(struct rn_manifest_writer *w,
                      const struct rn_config *config,
                      const struct rn_manifest_head *head, struct rn_out *out);
int rn_manifest_file(struct rn_manifest_writer *w,
                     const struct rn_manifest_file *file);
int rn_manifest_end(struct rn_manifest_writer *w,
                    const struct rn_manifest_tail *tail);

#endif
