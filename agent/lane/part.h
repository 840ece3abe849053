/* lane/part.h: one file of a run: a lane that becomes blocks, and the commit
 * that makes them visible.
 *
 *     begin -> (write to lane.out) -> (finish) -> commit
 *           -> restore                         -> abandon
 *
 * Nothing is visible before commit() returned RN_OK, and then all of it is. A
 * file that fits in one block is one Put Blob; anything larger is staged
 * block by block and published by one Put Block List whose ids are made from
 * counters.
 */
#ifndef LANE_PART_H
#define LANE_PART_H

#include "core/record.h"
#include "lane/uploader.h"
#include "runnel/out.h"

/* An ordered run of bytes inside a file. `out` writes straight into the pool
 * segment at hand.
 */
struct rn_lane {
    struct rn_out out; /* first member: drain() finds the lane by it     */
    struct rn_part *part;
    uint32_t segment;      /* the one being filled, or RN_NO_SEGMENT         */
    struct rn_chain chain; /* full segments not yet handed over          */
    uint64_t chain_crc;
    uint32_t sequence; /* blocks handed over                             */
    uint64_t staged;   /* their bytes                                    */
    uint64_t staged_crc;
};

/* Where a later process went on with a file. Its blocks have a nonce of their
 * own from there on: a query that is asked again need not give the same bytes,
 * and what the process before had sent may arrive late. `at` is the place's
 * sequence; with lanes the open group, the trunk's sequence in it and the
 * foot's.
 */
struct rn_splice {
    uint8_t nonce[RN_NONCE];
    uint32_t at[3];
};

/* Most that a file has. After more, blocks are named like those after the last.
 */
#define RN_SPLICES 16u

/* One attempt at a run: what makes its names and block ids its own. */
struct rn_attempt {
    const char *run; /* value of the metadata runnel_run; borrowed */
    uint8_t nonce[RN_NONCE];
};

struct rn_columns;

struct rn_part {
    struct rn_uploader *uploader;
    struct rn_object object;
    uint32_t block_segments;   /* a chain this long becomes a block         */
    struct rn_attempt attempt; /* proves that a commit was ours */
    struct rn_lane lane;
    struct rn_columns *columns; /* lane/columns.h; NULL: one lane */
    struct rn_splice splice[RN_SPLICES];
    unsigned splices;
    bool open;
    bool finished;

    /* After a commit() that failed: readers may see the file all the same, now
     * or a little later, because the service may have done what it was asked.
     */
    bool doubtful;

    /* After finish() and commit() */
    uint64_t bytes;
    uint64_t crc64;
    uint32_t blocks; /* 0: one Put Blob */
    char etag[64];
};

/* Start a file. `object` is copied, what it points to borrowed until commit or
 * abandon; its metadata may be filled in up to commit(). Takes one segment;
 * fails with u->err.
 */
int rn_part_begin(struct rn_part *p, struct rn_uploader *u,
                  const struct rn_object *object,
                  const struct rn_attempt *attempt, uint32_t block_segments);

/* Bytes of the file so far, those not yet staged included. */
uint64_t rn_part_bytes(const struct rn_part *p);

/* True when the file should be closed soon: what can still be written before
 * the service's 50,000 blocks are used up is less than `spare` blocks. A file
 * of several lanes counts in what closing it may still need, and has a table
 * that can be full as well.
 */
bool rn_part_near_limit(const struct rn_part *p, uint32_t spare);

/* So that a later process can go on with a file (job/checkpoint.h), all of it
 * has to be in blocks, a small one too.
 *
 * cut: what was written so far is handed over; between a format's rows, and
 * where a file of lanes has no open group. finish: no more bytes; commit() does
 * it otherwise. save: where a part that was cut or finished stands, in
 * save_most() bytes. restore: the same place for a part that was begun just
 * now. RN_E_TORN: save() would not have written that, or the table of lanes has
 * less room today.
 */
int rn_part_cut(struct rn_part *p);
int rn_part_finish(struct rn_part *p);
size_t rn_part_save_need(uint32_t lanes, uint32_t groups);
void rn_part_save(const struct rn_part *p, struct rn_record *r);
int rn_part_restore(struct rn_part *p, struct rn_record *r);

/* Blocks from here on have a nonce that no process had before. restore() does
 * it; a file that is begun by a process which goes on with a run needs it as
 * well, because the one before may have begun it too.
 */
int rn_part_splice(struct rn_part *p);

/* The id of a block of a part of one lane. */
void rn_part_id(const struct rn_part *p, uint32_t sequence,
                struct rn_block_id *id);

/* Publish the file and prove it: an answer that was lost is resolved by
 * asking, never by guessing. RN_E_STALE: staged blocks are gone, the run must
 * start again. RN_E_EXISTS: somebody else's file has the name.
 */
int rn_part_commit(struct rn_part *p);

/* Forget the file. Safe when not open. The uploader is left clean. */
void rn_part_abandon(struct rn_part *p);

#endif
