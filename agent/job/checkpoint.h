/* job/checkpoint.h: how far a run has come, so that a later process can go on.
 *
 *     begin -> (what encoder, lanes and digests add) -> end     to be saved
 *     read -> (the same, in the same order)                     to go on
 *
 * It describes a point between two rows, before which everything is in staged
 * blocks that the service has acknowledged; or a file that is all staged, a
 * data file or the manifest, of which only the commit is left. Names follow
 * from the run's and ids from counters, so what is there can be told again.
 *
 * Checkpoints are saved in turn into two slots of the state file, each with its
 * number; the newest one that is whole and of the journal's open run counts.
 */
#ifndef JOB_CHECKPOINT_H
#define JOB_CHECKPOINT_H

#include "core/record.h"
#include "job/journal.h"
#include "job/run.h"

enum rn_checkpoint_at {
    RN_BETWEEN_ROWS,
    RN_FILE_COMPLETE,    /* the data file at hand                     */
    RN_MANIFEST_COMPLETE /* all data files are visible                */
};

struct rn_checkpoint {
    char run[RN_RUN_ID + 1];
    uint64_t number; /* counts the saves of a run, from 1            */
    uint64_t job;    /* rn_checkpoint_job()                          */
    enum rn_checkpoint_at at;
    uint32_t files;  /* committed before the one at hand             */
    uint64_t rows;   /* of the run                                   */
    uint64_t bytes;  /* of committed files                           */
    uint64_t before; /* rows of committed files                      */
    struct rn_counts counts;
    struct rn_watermark key;       /* of the last row                */
    struct rn_watermark watermark; /* highest so far                 */
    struct rn_watermark ceiling;   /* rows above belong to the next run;
                                    * RN_NULL: there is no such line */
    uint32_t listed;               /* files that the manifest names  */
};

/* Bytes of all that begin() and end() write. */
size_t rn_checkpoint_need(void);

/* A checksum of the job as far as it decides what the files hold and how they
 * are called, columns included: one of another job does not fit.
 */
uint64_t rn_checkpoint_job(const struct rn_config *config,
                           const struct rn_schema *schema);

/* end() returns the bytes in all, 0 when they did not fit. */
void rn_checkpoint_begin(struct rn_record *r, const struct rn_checkpoint *c);
size_t rn_checkpoint_end(struct rn_record *r);

/* The record in `len` bytes at `p`; `r` is then at what was added. RN_E_TORN:
 * damaged or none; RN_E_DENIED: written by another version of runnel.
 */
int rn_checkpoint_read(struct rn_record *r, uint8_t *p, size_t len,
                       struct rn_checkpoint *c);

#endif
