/* job/manifest_read.h: a run's _manifest.json read back (job/manifest.h).
 *
 *     begin -> feed ... feed -> end
 *
 * In pieces of any size and in fixed memory but for the columns: files and
 * digests are handed on one by one. What is torn, not ours or of a newer agent
 * is refused with one line; members that this version does not know are passed
 * over. What the manifest says of itself has to agree: rows and bytes are the
 * sums of its files', digests are those of its columns.
 */
#ifndef JOB_MANIFEST_READ_H
#define JOB_MANIFEST_READ_H

#include "job/json_scan.h"
#include "job/manifest.h"
#include "job/run.h"
#include "row/digest.h"
#include "runnel/arena.h"
#include "runnel/error.h"
#include "runnel/row.h"

#define RN_MANIFEST_FILE 256u /* bytes of a file's name, with its NUL */

/* What a manifest says, but files and digests. Valid as long as the arena. */
struct rn_manifest_told {
    char run[RN_RUN_ID + 1];
    char format[16];      /* "csv", "parquet" */
    char compression[16]; /* "none", "gzip"   */
    struct rn_schema schema;
    uint64_t rows;
    uint64_t bytes;
    uint32_t files;
};

struct rn_manifest_reader {
    /* The caller's, before begin(). A failure of theirs ends the reading with
     * that code; they fill `error` themselves.
     */
    int (*file)(void *ctx, uint32_t part, const struct rn_manifest_file *f);
    int (*digest)(void *ctx, size_t column, const struct rn_digest_column *d);
    void *ctx;
    const char *place; /* for messages: the manifest's path */
    struct rn_arena *mem;
    struct rn_error *error;

    struct rn_manifest_told told;

    /* Where in it we are. */
    struct rn_json_scan scan;
    unsigned depth;
    uint32_t seen; /* a bit for each member of the whole that was there     */
    int top;       /* the one that we are in                                */
    int member;    /* of the item at hand: one of those of its table        */
    uint32_t had;  /* a bit for each of them                                */

    /* The item at hand. */
    struct rn_col next;
    uint8_t *record; /* its place in the arena: the column, then its name */
    uint8_t *first;  /* that of the first one                             */
    size_t columns;
    size_t digests;
    struct rn_manifest_file f;
    struct rn_digest_column d;
    uint64_t rows;  /* of the files so far */
    uint64_t bytes; /* likewise            */
    char name[RN_MANIFEST_FILE];
};

void rn_manifest_read_begin(struct rn_manifest_reader *r);

/* Each returns RN_OK or what error->code says. */
int rn_manifest_read_feed(struct rn_manifest_reader *r, struct rn_bytes part);
int rn_manifest_read_end(struct rn_manifest_reader *r);

#endif
