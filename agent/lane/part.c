/* lane/part.c: the commit, and what its answers mean; see lane/part.h.
 *
 * The request that makes a file visible may have done its work although no
 * answer came back, so an answer other than "created" is a question, and HEAD
 * answers it: the file is there with our run id and our length, or it is not.
 *
 *   ask to publish --- created ------------------------> HEAD agrees: done
 *        |    ^   \--- taken, lost, busy, stale -------> HEAD
 *        |    |                                           | ours: done
 *        |    +------ nothing there (a wait between) -----+
 *        |                                                | another's: EXISTS
 *        +--- refused for good: its code                  | stale and nothing
 *                                                           was lost: STALE
 */
#include "lane/part.h"

#include <string.h>

#include "core/log.h"
#include "lane/columns.h"
#include "lane/lane.h"
#include "runnel/port.h"

int rn_part_begin(struct rn_part *p, struct rn_uploader *u,
                  const struct rn_object *object,
                  const struct rn_attempt *attempt, uint32_t block_segments)
{
    memset(p, 0, sizeof *p);
    p->uploader = u;
    p->object = *object;
    p->attempt = *attempt;
    p->block_segments = block_segments;
    p->open = true;
    return rn_lane_open(&p->lane, p);
}

uint64_t rn_part_bytes(const struct rn_part *p)
{
    if (!p->open)
        return p->bytes;
    return p->columns ? p->columns->bytes : rn_out_total(&p->lane.out);
}

bool rn_part_near_limit(const struct rn_part *p, uint32_t spare)
{
    if (p->columns)
        return rn_columns_near_limit(p->columns, spare);
    return p->lane.sequence + spare >= RN_MAX_BLOCKS;
}

void rn_part_id(const struct rn_part *p, uint32_t sequence,
                struct rn_block_id *id)
{
    unsigned n = p->splices;

    while (n > 0 && sequence < p->splice[n - 1].at[0])
        n--;
    memset(id, 0, sizeof *id);
    memcpy(id->nonce, n > 0 ? p->splice[n - 1].nonce : p->attempt.nonce,
           sizeof id->nonce);
    id->sequence = sequence;
}

static void lane_id_at(void *ctx, uint32_t i, struct rn_block_id *id)
{
    rn_part_id(ctx, i, id);
}

/* One question: what do readers see under this name? RN_OK: our file, whole.
 * RN_E_ABSENT: nothing. RN_E_AUTH: we may not look; RN_E_DENIED: nobody may, or
 * the answer is not the service's; *t then says it.
 */
static int ask(struct rn_part *p, struct rn_transfer *t)
{
    struct rn_uploader *u = p->uploader;
    int err;

    *t = (struct rn_transfer){ .op = RN_OP_HEAD, .object = &p->object };
    err = rn_uploader_repeat(u, t);

    if (err < 0) {
        if (err != RN_E_ABSENT && err != RN_E_AUTH && err != RN_E_DENIED)
            rn_uploader_fail(u, t);
        return err;
    }
    if (t->found_run[0] != '\0' && strcmp(t->found_run, p->attempt.run) != 0)
        return rn_fail(u->error, RN_E_EXISTS, RN_AT_STORE,
                       "%s: %s was written by another run (%s)",
                       u->store->place, p->object.path, t->found_run);
    if (t->found_length != p->bytes)
        return rn_fail(u->error, RN_E_DENIED, RN_AT_STORE,
                       "%s: %s has %llu bytes where %llu were sent",
                       u->store->place, p->object.path,
                       (unsigned long long)t->found_length,
                       (unsigned long long)p->bytes);
    memcpy(p->etag, t->etag, sizeof p->etag);
    return RN_OK;
}

/* A created file is looked at once more: length and run id must be ours. A
 * credential that may write but not read cannot look; then "created" for a
 * name that carries our nonce is proof enough.
 */
static int verify(struct rn_part *p, const struct rn_transfer *t)
{
    struct rn_transfer look;
    int err;

    memcpy(p->etag, t->etag, sizeof p->etag);
    err = ask(p, &look);
    if (err == RN_E_DENIED && look.err < 0)
        return rn_uploader_fail(p->uploader, &look);
    if (err == RN_E_AUTH) {
        rn_log(RN_LOG_INFO, "%s: not allowed to look at it after writing",
               p->object.path);
        return RN_OK;
    }
    if (err == RN_E_ABSENT)
        return rn_fail(p->uploader->error, RN_E_DENIED, RN_AT_STORE,
                       "%s: %s is not there although it was answered created",
                       p->uploader->store->place, p->object.path);
    return err;
}

/* Whether the outcome of this answer is unknown until HEAD tells. */
static bool is_question(const struct rn_transfer *t)
{
    switch (t->err) {
    case RN_E_EXISTS:
    case RN_E_STALE:
        return true;
    case RN_E_LINK:
    case RN_E_AGAIN:
    case RN_E_BUSY:
    case RN_E_PEER:
        return t->sent;
    default:
        return false;
    }
}

struct commit {
    int64_t first_ms;
    unsigned tries;
    bool lost; /* some earlier try may still be at work on the server */
};

/* After a question: RN_OK when the file is ours; RN_E_AGAIN to try once more;
 * else the code to end with.
 */
static int resolve(struct rn_part *p, struct commit *c,
                   const struct rn_transfer *t)
{
    struct rn_uploader *u = p->uploader;
    struct rn_transfer look;
    int err = ask(p, &look);

    if (err == RN_OK || u->err != RN_OK || u->error->code != RN_OK)
        return err;
    if (err == RN_E_AUTH || err == RN_E_DENIED) {
        /* Nobody else can have written a name with our fresh nonce. */
        return t->err == RN_E_EXISTS ? RN_OK : rn_uploader_fail(u, t);
    }
    if (t->err == RN_E_STALE && !c->lost)
        return rn_uploader_fail(u, t);
    if (t->err == RN_E_EXISTS || t->err == RN_E_STALE)
        return RN_E_AGAIN;
    c->lost = true;
    return RN_E_AGAIN;
}

static int may_try_again(struct rn_part *p, struct commit *c,
                         const struct rn_transfer *t)
{
    struct rn_uploader *u = p->uploader;
    int64_t spent = rn_clock_mono() - c->first_ms;

    c->tries++;
    if (spent + t->retry_after_ms > u->config->store.retry_ms)
        return rn_uploader_fail(u, t);
    u->retries++;
    rn_log(RN_LOG_WARN, "publishing %s: try %u: %s", p->object.path, c->tries,
           t->error.text);
    return rn_uploader_wait(u, c->tries, t->retry_after_ms);
}

static int publish(struct rn_part *p, struct rn_transfer *t)
{
    struct rn_uploader *u = p->uploader;
    struct commit c = { .first_ms = rn_clock_mono() };

    for (;;) {
        int err = rn_uploader_once(u, t);

        /* "Gone" and nothing before it that was lost: for certain not there. */
        if (err == RN_OK || t->sent)
            p->doubtful = c.lost || err != RN_E_STALE;
        if (u->err != RN_OK)
            return u->err;
        if (err == RN_OK)
            return verify(p, t);
        if (is_question(t)) {
            err = resolve(p, &c, t);
            if (err != RN_E_AGAIN || u->err != RN_OK)
                return err;
        } else if (rn_plan_for(err) == RN_PLAN_RENEW) {
            if (u->store->cls->renew(u->store) != RN_OK)
                return rn_uploader_fail(u, t);
        } else if (rn_plan_for(err) != RN_PLAN_RETRY) {
            return rn_uploader_fail(u, t);
        }
        err = may_try_again(p, &c, t);
        if (err < 0)
            return err;
    }
}

/* The whole file in one request, straight from the lane's chain. */
static int put_whole(struct rn_part *p)
{
    struct rn_chain_cursor cursor;
    struct rn_transfer t = {
        .op = RN_OP_PUT,
        .object = &p->object,
        .crc64 = p->crc64,
        .length = p->bytes,
        .body = { p->bytes, rn_chain_pieces, &cursor },
    };
    int err;

    rn_chain_open(&cursor, p->uploader->pool, &p->lane.chain);
    err = publish(p, &t);
    rn_lane_drop(&p->lane);
    return err;
}

static int commit_blocks(struct rn_part *p)
{
    struct rn_transfer t = {
        .op = RN_OP_COMMIT,
        .object = &p->object,
        .length = p->bytes,
        .list = { p->blocks, lane_id_at, p },
    };
    int err = rn_uploader_settle(p->uploader);

    if (p->columns)
        t.list =
            (struct rn_block_list){ p->blocks, rn_columns_id_at, p->columns };
    return err < 0 ? err : publish(p, &t);
}

/* No more bytes: what was not staged becomes the last block, or stays in the
 * chain when nothing was staged at all.
 */
static int finish(struct rn_part *p)
{
    struct rn_lane *l = &p->lane;
    int err = rn_lane_finish(l);

    if (err == RN_OK && l->sequence > 0)
        err = rn_lane_submit(l);
    p->bytes = rn_out_total(&l->out);
    p->blocks = l->sequence;
    p->crc64 = l->sequence > 0 ? l->staged_crc : l->chain_crc;
    return err;
}

static int end(struct rn_part *p)
{
    RN_ASSERT(p->open);
    if (p->finished)
        return RN_OK;
    p->finished = true;
    return p->columns ? rn_columns_finish(p->columns) : finish(p);
}

int rn_part_cut(struct rn_part *p)
{
    RN_ASSERT(p->open && !p->finished);
    return p->columns ? rn_columns_cut(p->columns) : rn_lane_cut(&p->lane);
}

int rn_part_finish(struct rn_part *p)
{
    int err = rn_part_cut(p);

    return err < 0 ? err : end(p);
}

size_t rn_part_save_need(uint32_t lanes, uint32_t groups)
{
    return 2 + RN_SPLICES * (RN_NONCE + 3 * 4) +
           (lanes > 0 ? rn_columns_save_need(lanes, groups)
                      : (size_t)RN_LANE_SAVED);
}

static void save_splices(const struct rn_part *p, struct rn_record *r)
{
    rn_record_put(r, p->splices, 1);
    for (unsigned i = 0; i < p->splices; i++) {
        rn_record_put_raw(r, p->splice[i].nonce, RN_NONCE);
        for (unsigned k = 0; k < 3; k++)
            rn_record_put(r, p->splice[i].at[k], 4);
    }
}

static int restore_splices(struct rn_part *p, struct rn_record *r)
{
    p->splices = (unsigned)rn_record_get(r, 1);
    if (p->splices > RN_SPLICES)
        return RN_E_TORN;
    for (unsigned i = 0; i < p->splices; i++) {
        rn_record_get_raw(r, p->splice[i].nonce, RN_NONCE);
        for (unsigned k = 0; k < 3; k++)
            p->splice[i].at[k] = (uint32_t)rn_record_get(r, 4);
    }
    return r->bad ? RN_E_TORN : RN_OK;
}

/* From here on. Nothing that counts was sent under the name of a splice that
 * was at the very same place.
 */
int rn_part_splice(struct rn_part *p)
{
    struct rn_splice s = { .at = { p->lane.sequence, 0, 0 } };
    unsigned last = p->splices - 1;

    if (p->columns)
        rn_columns_place(p->columns, s.at);
    if (rn_entropy(s.nonce, sizeof s.nonce) < 0)
        return rn_fail(p->uploader->error, RN_E_STATE, RN_AT_AGENT,
                       "the system gave no random bytes for the names of "
                       "blocks");
    if (p->splices > 0 && memcmp(p->splice[last].at, s.at, sizeof s.at) == 0)
        p->splice[last] = s;
    else if (p->splices < RN_SPLICES)
        p->splice[p->splices++] = s;
    return RN_OK;
}

void rn_part_save(const struct rn_part *p, struct rn_record *r)
{
    rn_record_put_bool(r, p->finished);
    save_splices(p, r);
    if (p->columns)
        rn_columns_save(p->columns, r);
    else
        rn_lane_save(&p->lane, r);
}

int rn_part_restore(struct rn_part *p, struct rn_record *r)
{
    bool finished = rn_record_get_bool(r);
    int err = restore_splices(p, r);

    if (err == RN_OK)
        err = p->columns ? rn_columns_restore(p->columns, finished, r)
                         : rn_lane_restore(&p->lane, r);
    if (err < 0)
        return err;
    if (!finished)
        return rn_part_splice(p);
    p->finished = true;
    return p->columns ? RN_OK : finish(p);
}

int rn_part_commit(struct rn_part *p)
{
    int err = end(p);

    if (err == RN_OK)
        err = p->blocks > 0 ? commit_blocks(p) : put_whole(p);
    if (err < 0) {
        rn_part_abandon(p);
        return err;
    }
    p->open = false;
    p->doubtful = false;
    return RN_OK;
}

void rn_part_abandon(struct rn_part *p)
{
    if (!p->open)
        return;
    rn_lane_drop(&p->lane);
    if (p->columns)
        rn_columns_drop(p->columns);
    p->open = false;
    p->uploader->store->cls->forget(p->uploader->store, &p->object);
}
