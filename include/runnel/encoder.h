/* encoder.h: rows in, bytes of one file format out.
 *
 *     open -> begin -> row ... row -> end -> begin ...
 *
 * One begin/end pair makes one complete file. An encoder that failed stays
 * failed until the next begin(). Nothing is kept between files.
 *
 * Most formats are one stream of bytes (begin); Parquet is written in several
 * places at once (begin_lanes, runnel/lanes.h). A class has one of the two.
 */
#ifndef RUNNEL_ENCODER_H
#define RUNNEL_ENCODER_H

#include "runnel/arena.h"
#include "runnel/config.h"
#include "runnel/error.h"
#include "runnel/lanes.h"
#include "runnel/out.h"
#include "runnel/row.h"

struct rn_encoder;
struct rn_record; /* core/record.h */

struct rn_encoder_class {
    const char *name;   /* as written in the job file: "csv"     */
    const char *suffix; /* "csv"; the path's {ext}, ".gz" is added by gzip */
    const char *mime;   /* "text/csv; charset=utf-8"             */
    bool packs;         /* compresses its own pages or blocks, so that the
                         * file as a whole is not                 */

    /* Arena bytes that open() will take for this job and this number of
     * columns, so that a budget that is too small is refused before the first
     * row and not at the ten thousandth.
     */
    size_t (*need)(const struct rn_config *config, size_t columns);

    /* Check that the format and the job's options can hold this schema
     * (RN_E_CONFIG with a text if not) and take all memory. `config`,
     * `schema` and `error` are borrowed for the life of the encoder.
     */
    int (*open)(const struct rn_config *config, const struct rn_schema *schema,
                struct rn_arena *mem, struct rn_error *error,
                struct rn_encoder **encoder);

    /* Start a file: what precedes the first row goes to `out`, which is
     * borrowed until end().
     */
    int (*begin)(struct rn_encoder *e, struct rn_out *out);

    /* The same for a file of lanes: how many a group has with so many columns
     * (NULL: the format is one stream), and the start; `lanes` is borrowed
     * until end().
     */
    unsigned (*lanes)(size_t columns);

    /* The most bytes that a lane's head gets: the pool has to hold one. */
    size_t (*head)(const struct rn_config *config, size_t columns);

    int (*begin_lanes)(struct rn_encoder *e, struct rn_lanes *lanes);

    /* Add one row; it is not used after the return. RN_E_VALUE with a text
     * that names row and column: a cell is outside what the format can hold.
     * `number` is the row's ordinal in the run, counted from 1.
     */
    int (*row)(struct rn_encoder *e, const struct rn_row *row, uint64_t number);

    /* Write whatever closes the file: a bracket, a sync marker, a footer. */
    int (*end)(struct rn_encoder *e);

    /* The format's own limits are near: end this file before the next row.
     * NULL: there are none.
     */
    bool (*full)(const struct rn_encoder *e);

    /* So that a later process can go on in the middle of a file.
     *
     * rest: bring out what can be brought out. 1: everything of the rows so far
     * is in `out` or in closed groups; 0: not before more rows have come; or
     * the failure. NULL: always 1.
     *
     * save: what begin() and the rows since have left in the encoder while it
     * is at rest or after end(); `save_most` bytes at most. NULL: nothing.
     *
     * restore: in place of begin() and those rows; the owner has set `out` or
     * `lanes`. RN_E_TORN: save() would not have written that.
     */
    int (*rest)(struct rn_encoder *e);
    size_t save_most;
    void (*save)(const struct rn_encoder *e, struct rn_record *r);
    int (*restore)(struct rn_encoder *e, struct rn_record *r);
};

struct rn_encoder {
    const struct rn_encoder_class *cls;
    const struct rn_config *config;
    const struct rn_schema *schema;
    struct rn_error *error;
    struct rn_out *out;       /* between begin() and end()             */
    struct rn_lanes *lanes;   /* between begin_lanes() and end()       */
    struct rn_counts *counts; /* the run's, set by the owner after open();
                               * NULL: changes are not counted         */
};

/* Every format there is, in the order in which messages list them. */
extern const struct rn_encoder_class *const rn_encoders[];
extern const size_t rn_encoders_n;

#endif
