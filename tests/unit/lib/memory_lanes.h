/* memory_lanes.h: for tests: a file of lanes in memory, laid out as
 * runnel/lanes.h says, that fails when it is told to.
 */
#ifndef TESTS_MEMORY_LANES_H
#define TESTS_MEMORY_LANES_H

#include <stdlib.h>
#include <string.h>

#include "runnel/lanes.h"

struct lane_bytes {
    uint8_t *p;
    size_t n, cap;
};

struct memory_lanes {
    struct rn_lanes lanes;   /* first member */
    struct lane_bytes trunk; /* closed groups and what is between them */
    struct lane_bytes foot_head, foot;
    struct lane_bytes *lane, *head; /* lanes.n of the open group        */
    bool *headed;                   /* the lane's head is complete      */
    uint32_t heading;               /* the lane whose head may go on    */
    int fail_at;                    /* which call fails, from 0; -1: none */
    int calls;
    int closed; /* groups */
};

static inline void lane_add(struct lane_bytes *b, const void *p, size_t n)
{
    if (n > b->cap - b->n) {
        b->cap = (b->n + n) * 2;
        b->p = realloc(b->p, b->cap);
        RN_ASSERT(b->p != NULL);
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

static inline bool lanes_fail(struct memory_lanes *m)
{
    /* It sticks. */
    return m->fail_at >= 0 && m->calls++ >= m->fail_at;
}

static inline bool group_is_empty(const struct memory_lanes *m)
{
    for (uint32_t i = 0; i < m->lanes.n; i++) {
        if (m->lane[i].n > 0 || m->head[i].n > 0)
            return false;
    }
    return true;
}

static inline int memory_put(struct rn_lanes *l, uint32_t lane, const void *p,
                             size_t n)
{
    struct memory_lanes *m = (struct memory_lanes *)l;

    RN_ASSERT(n > 0);
    m->heading = UINT32_MAX;
    if (lanes_fail(m))
        return RN_E_LINK;
    if (lane == RN_LANE_FOOT) {
        lane_add(&m->foot, p, n);
    } else if (lane == RN_LANE_FOOT_HEAD) {
        lane_add(&m->foot_head, p, n);
    } else if (lane == RN_LANE_TRUNK) {
        RN_ASSERT(group_is_empty(m));
        lane_add(&m->trunk, p, n);
    } else {
        RN_ASSERT(lane < l->n);
        lane_add(&m->lane[lane], p, n);
    }
    return RN_OK;
}

static inline int memory_head(struct rn_lanes *l, uint32_t lane, const void *p,
                              size_t n)
{
    struct memory_lanes *m = (struct memory_lanes *)l;

    RN_ASSERT(lane < l->n && n > 0);
    /* Once, in pieces with no other call between. */
    RN_ASSERT(!m->headed[lane] || m->heading == lane);
    m->headed[lane] = true;
    m->heading = lane;
    if (lanes_fail(m))
        return RN_E_LINK;
    lane_add(&m->head[lane], p, n);
    return RN_OK;
}

static inline int memory_close_group(struct rn_lanes *l)
{
    struct memory_lanes *m = (struct memory_lanes *)l;

    m->heading = UINT32_MAX;
    if (lanes_fail(m))
        return RN_E_LINK;
    for (uint32_t i = 0; i < l->n; i++) {
        if (m->head[i].n > 0)
            lane_add(&m->trunk, m->head[i].p, m->head[i].n);
        if (m->lane[i].n > 0)
            lane_add(&m->trunk, m->lane[i].p, m->lane[i].n);
        m->head[i].n = m->lane[i].n = 0;
        m->headed[i] = false;
    }
    m->closed++;
    return RN_OK;
}

static inline void memory_lanes_init(struct memory_lanes *m, uint32_t n)
{
    memset(m, 0, sizeof(*m));
    m->lanes =
        (struct rn_lanes){ n, memory_put, memory_head, memory_close_group };
    m->lane = calloc(n, sizeof(*m->lane));
    m->head = calloc(n, sizeof(*m->head));
    m->headed = calloc(n, sizeof(*m->headed));
    RN_ASSERT(m->lane != NULL && m->head != NULL && m->headed != NULL);
    m->heading = UINT32_MAX;
    m->fail_at = -1;
}

/* The whole file; valid until the lanes are freed. Nothing may be open. */
static inline struct rn_bytes memory_file(struct memory_lanes *m)
{
    RN_ASSERT(group_is_empty(m));
    if (m->foot_head.n > 0)
        lane_add(&m->trunk, m->foot_head.p, m->foot_head.n);
    if (m->foot.n > 0)
        lane_add(&m->trunk, m->foot.p, m->foot.n);
    m->foot_head.n = m->foot.n = 0;
    return (struct rn_bytes){ m->trunk.p, m->trunk.n };
}

static inline void memory_lanes_free(struct memory_lanes *m)
{
    for (uint32_t i = 0; i < m->lanes.n; i++) {
        free(m->lane[i].p);
        free(m->head[i].p);
    }
    free(m->trunk.p);
    free(m->foot_head.p);
    free(m->foot.p);
    free(m->lane);
    free(m->head);
    free(m->headed);
}

#endif
