/* lane/lane.c: bytes into segments, segments into blocks; see lane/part.h. */
#include <string.h>

#include "core/crc64.h"
#include "lane/lane.h"
#include "runnel/error.h"

/* Give the lane an empty segment to write into. */
static int next_segment(struct rn_lane *l)
{
    struct rn_uploader *u = l->part->uploader;

    l->segment = rn_uploader_segment(u);
    if (l->segment == RN_NO_SEGMENT)
        return u->err;
    l->out.buf = rn_pool_at(u->pool, l->segment);
    l->out.cap = u->pool->segment;
    return RN_OK;
}

int rn_lane_submit(struct rn_lane *l)
{
    struct rn_part *p = l->part;
    struct rn_block_id id;
    uint64_t len = l->chain.len;
    uint64_t crc = l->chain_crc;

    if (len == 0) /* the service refuses a block of no bytes */
        return RN_OK;
    rn_part_id(p, l->sequence, &id);
    if (l->sequence == RN_MAX_BLOCKS) {
        rn_chain_release(p->uploader->pool, &l->chain);
        return rn_fail(p->uploader->error, RN_E_FULL, RN_AT_STORE,
                       "%s: one row does not fit what is left of a file's "
                       "%u blocks; raise job.memory",
                       p->object.path, RN_MAX_BLOCKS);
    }
    l->sequence++;
    l->staged_crc = rn_crc64_join(l->staged_crc, crc, len);
    l->staged += len;
    l->chain_crc = 0;
    return rn_uploader_submit(p->uploader, &p->object, &id, &l->chain, crc);
}

/* The segment at hand goes to the chain; its checksum is taken now, while the
 * bytes are still in the cache.
 */
static void keep_segment(struct rn_lane *l)
{
    struct rn_pool *pool = l->part->uploader->pool;

    l->chain_crc = rn_crc64(l->chain_crc, l->out.buf, l->out.len);
    rn_chain_add(pool, &l->chain, l->segment, (uint32_t)l->out.len);
    l->segment = RN_NO_SEGMENT;
}

static int drain(struct rn_out *o)
{
    struct rn_lane *l = (struct rn_lane *)(void *)o;
    int err;

    keep_segment(l);
    if (l->chain.segments >= l->part->block_segments) {
        err = rn_lane_submit(l);
        if (err < 0)
            return err;
    }
    return next_segment(l);
}

int rn_lane_open(struct rn_lane *l, struct rn_part *p)
{
    memset(l, 0, sizeof *l);
    l->part = p;
    rn_chain_clear(&l->chain);
    l->segment = rn_uploader_segment(p->uploader);
    if (l->segment == RN_NO_SEGMENT)
        return p->uploader->err;
    rn_out_init(&l->out, rn_pool_at(p->uploader->pool, l->segment),
                p->uploader->pool->segment, drain);
    return RN_OK;
}

int rn_lane_finish(struct rn_lane *l)
{
    if (l->out.err != RN_OK)
        return l->out.err;
    if (l->out.len > 0)
        keep_segment(l);
    else
        rn_pool_give(l->part->uploader->pool, l->segment);
    l->segment = RN_NO_SEGMENT;
    l->out.total += l->out.len;
    l->out.len = 0;
    l->out.err = RN_E_FULL; /* nothing may be written after the end */
    return RN_OK;
}

int rn_lane_cut(struct rn_lane *l)
{
    int err = rn_out_flush(&l->out);

    return err < 0 ? err : rn_lane_submit(l);
}

void rn_lane_save(const struct rn_lane *l, struct rn_record *r)
{
    RN_ASSERT(l->out.len == 0 && l->chain.len == 0);
    rn_record_put(r, l->sequence, 4);
    rn_record_put(r, l->staged, 8);
    rn_record_put(r, l->staged_crc, 8);
}

int rn_lane_restore(struct rn_lane *l, struct rn_record *r)
{
    RN_ASSERT(l->sequence == 0 && l->out.len == 0);
    l->sequence = (uint32_t)rn_record_get(r, 4);
    l->staged = rn_record_get(r, 8);
    l->staged_crc = rn_record_get(r, 8);
    l->out.total = l->staged;
    return r->bad || l->sequence > RN_MAX_BLOCKS ? RN_E_TORN : RN_OK;
}

void rn_lane_drop(struct rn_lane *l)
{
    struct rn_pool *pool = l->part->uploader->pool;

    if (l->segment != RN_NO_SEGMENT)
        rn_pool_give(pool, l->segment);
    l->segment = RN_NO_SEGMENT;
    rn_chain_release(pool, &l->chain);
}
