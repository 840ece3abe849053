/* lane/uploader.h: several transfers in flight over one pool.
 *
 * Encoders stay straight-line code: they ask for a segment and get one at
 * once while the pool has any; otherwise the uploader sends until a block is
 * acknowledged and its segments come back. Only this file knows that several
 * transfers are under way, and only this file retries.
 *
 *   block:  FREE -> READY -> SENDING -> FREE      acknowledged
 *                     ^         |
 *                     +-- WAIT -+                 retry, after a wait
 *
 *   FREE -> READY     rn_uploader_submit   the chain belongs to the block
 *   READY -> SENDING  start_ready          a connection was free
 *   SENDING -> FREE   settle_block         the service said yes: chain released
 *   SENDING -> WAIT   settle_block         try again not before a point in time
 *   WAIT -> SENDING   start_ready          that time has come
 *   any -> FREE       rn_uploader_abandon
 *
 * A failure that retrying cannot mend sticks: every later call returns it.
 */
#ifndef LANE_UPLOADER_H
#define LANE_UPLOADER_H

#include "core/pool.h"
#include "runnel/arena.h"
#include "runnel/config.h"
#include "runnel/error.h"
#include "runnel/store.h"

struct rn_block;

struct rn_uploader {
    struct rn_store *store;
    struct rn_pool *pool;
    const struct rn_config *config;
    struct rn_error *error;
    int64_t deadline_ms;    /* of the run, a point in time               */
    struct rn_block *block; /* table of blocks under way                 */
    unsigned blocks;        /* its size                                  */
    unsigned in_use;        /* not FREE                                  */
    unsigned sending;
    int err;           /* sticky                                    */
    bool cleaning;     /* stop requests no longer end anything      */
    unsigned renewals; /* credentials renewed so far                */
    uint64_t retries;
    uint64_t acknowledged; /* bytes                                     */
    uint64_t submitted;    /* blocks, ever                              */

    /* Called on every pump, to draw progress; may be NULL. */
    void (*tick)(void *ctx);
    void *ctx;
};

size_t rn_uploader_need(unsigned blocks);

/* `store`, `pool`, `config` and `error` are borrowed for good. */
int rn_uploader_init(struct rn_uploader *u, unsigned blocks,
                     struct rn_arena *mem);

/* A free segment, waiting for one if need be; RN_NO_SEGMENT after a failure
 * (u->err).
 */
uint32_t rn_uploader_segment(struct rn_uploader *u);

/* Hand a chain over as one block of `object` (borrowed until settled); waits
 * for room in the table. The chain is empty afterwards, also on failure.
 */
int rn_uploader_submit(struct rn_uploader *u, const struct rn_object *object,
                       const struct rn_block_id *id, struct rn_chain *chain,
                       uint64_t crc64);

/* Whether the first `upto` blocks that were ever submitted are acknowledged. */
bool rn_uploader_has(const struct rn_uploader *u, uint64_t upto);

/* Move transfers along; waits at most until `until_ms` for something to
 * happen. Returns u->err.
 */
int rn_uploader_pump(struct rn_uploader *u, int64_t until_ms);

/* The same until something happens, or a stop request has to be looked for
 * again: one step of a loop that waits.
 */
int rn_uploader_await(struct rn_uploader *u);

/* Wait until every block is acknowledged. Returns u->err. */
int rn_uploader_settle(struct rn_uploader *u);

/* One transfer, tried once, other blocks moving meanwhile. Returns t->err. */
int rn_uploader_once(struct rn_uploader *u, struct rn_transfer *t);

/* Sleep for a try after `tries` failures while blocks move; RN_E_STOP or
 * RN_E_AGAIN (the run's deadline) instead of RN_OK when it may not go on.
 */
int rn_uploader_wait(struct rn_uploader *u, unsigned tries, int64_t asked_ms);

/* A transfer that is safe to repeat (HEAD, GET, DELETE) until it is settled, by
 * the plan for its code. Returns its last code; the error is t->error and not
 * yet the run's.
 */
int rn_uploader_repeat(struct rn_uploader *u, struct rn_transfer *t);

/* Make a transfer's error the run's, and stick to it. Returns the code. */
int rn_uploader_fail(struct rn_uploader *u, const struct rn_transfer *t);

/* Drop everything under way and take the segments back. The stickiness goes
 * too: the next file starts clean.
 */
void rn_uploader_abandon(struct rn_uploader *u);

#endif
