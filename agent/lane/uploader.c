/* lane/uploader.c: see lane/uploader.h. */
#include "lane/uploader.h"

#include "core/backoff.h"
#include "core/log.h"
#include "runnel/port.h"

enum state { FREE, READY, SENDING, WAIT };

struct rn_block {
    enum state state;
    unsigned tries;
    uint64_t number;       /* of all blocks ever submitted, from 1   */
    int64_t first_ms;      /* when it was first sent                 */
    int64_t not_before_ms; /* WAIT                                   */
    struct rn_chain chain;
    struct rn_chain_cursor cursor;
    struct rn_transfer transfer;
};

/* How long a wait may be before a stop request is looked at again. */
#define LOOK_MS 250

/* A credential file that changes at every look must not make a loop. */
#define MAX_RENEWALS 1000

size_t rn_uploader_need(unsigned blocks)
{
    return RN_ROUND(sizeof(struct rn_block) * blocks);
}

int rn_uploader_init(struct rn_uploader *u, unsigned blocks,
                     struct rn_arena *mem)
{
    u->block = RN_TAKE(mem, struct rn_block, blocks);
    if (!u->block)
        return RN_E_FULL;
    u->blocks = blocks;
    u->in_use = 0;
    u->sending = 0;
    u->err = RN_OK;
    u->cleaning = false;
    u->renewals = 0;
    u->retries = 0;
    u->acknowledged = 0;
    u->submitted = 0;
    return RN_OK;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Stop requests and the run's deadline end everything, here and only here. */
static int check_time(struct rn_uploader *u, int64_t now)
{
    if (u->err != RN_OK)
        return u->err;
    if (rn_stop_requested() && !u->cleaning)
        u->err = rn_fail(u->error, RN_E_STOP, RN_AT_AGENT,
                         "stopped by a signal; nothing unfinished is visible");
    else if (now >= u->deadline_ms)
        u->err = rn_fail(u->error, RN_E_AGAIN, RN_AT_STORE,
                         "the job's deadline passed");
    return u->err;
}

int rn_uploader_fail(struct rn_uploader *u, const struct rn_transfer *t)
{
    if (u->error->code == RN_OK)
        *u->error = t->error;
    if (u->error->code == RN_OK) /* a store that gave no words */
        rn_fail(u->error, t->err, RN_AT_STORE, "%s: transfer failed (%s)",
                u->store->place, rn_err_name(t->err));
    if (u->err == RN_OK)
        u->err = t->err;
    return t->err;
}

static void free_block(struct rn_uploader *u, struct rn_block *b)
{
    rn_chain_release(u->pool, &b->chain);
    b->state = FREE;
    u->in_use--;
}

static uint32_t chance(void)
{
    uint32_t c;

    /* Without entropy the wait is the longest one: safe, only slower. */
    return rn_entropy(&c, sizeof c) == RN_OK ? c : UINT32_MAX;
}

/* Get a new credential, unless one came in after this transfer had started
 * with the old. A credential that is refused when it was fetched for this very
 * transfer is refused for good.
 */
static int renew(struct rn_uploader *u, const struct rn_transfer *t)
{
    if (t->renewals != u->renewals)
        return RN_OK;
    if (u->renewals == MAX_RENEWALS || u->store->cls->renew(u->store) != RN_OK)
        return t->err;
    u->renewals++;
    return RN_OK;
}

/* What follows a failed try: RN_OK when it may be tried again, and not before
 * when; else the code to give up with.
 */
static int after_failure(struct rn_uploader *u, struct rn_transfer *t,
                         unsigned tries, int64_t first_ms, int64_t *when)
{
    int64_t now = rn_clock_mono();

    *when = now;
    switch (rn_plan_for(t->err)) {
    case RN_PLAN_RENEW:
        return renew(u, t);
    case RN_PLAN_RETRY:
        *when = now + rn_backoff_ms(tries, chance(), t->retry_after_ms);
        if (*when - first_ms > u->config->store.retry_ms ||
            *when > u->deadline_ms)
            return t->err;
        u->retries++;
        rn_log(RN_LOG_WARN, "try %u failed (%s), again in %lld ms: %s", tries,
               rn_err_name(t->err), (long long)(*when - now), t->error.text);
        return RN_OK;
    default:
        return t->err;
    }
}

static void settle_block(struct rn_uploader *u, struct rn_block *b)
{
    u->sending--;
    if (b->transfer.err == RN_OK) {
        u->acknowledged += b->chain.len;
        free_block(u, b);
        return;
    }
    b->tries++;
    if (after_failure(u, &b->transfer, b->tries, b->first_ms,
                      &b->not_before_ms) < 0) {
        rn_uploader_fail(u, &b->transfer);
        b->state = READY;
        return;
    }
    b->state = WAIT;
}

/* An outcome that is not there yet, and the time for one try. */
static void make_ready(struct rn_uploader *u, struct rn_transfer *t,
                       int64_t now)
{
    rn_error_clear(&t->error);
    t->done = false;
    t->sent = false;
    t->err = RN_OK;
    t->retry_after_ms = 0;
    t->renewals = u->renewals;
    t->deadline_ms = earlier(now + u->config->store.request_ms, u->deadline_ms);
}

static int start_block(struct rn_uploader *u, struct rn_block *b, int64_t now)
{
    struct rn_transfer *t = &b->transfer;

    rn_chain_open(&b->cursor, u->pool, &b->chain);
    make_ready(u, t, now);
    if (u->store->cls->start(u->store, t) < 0)
        return RN_E_FULL;
    if (b->tries == 0)
        b->first_ms = now;
    b->state = SENDING;
    u->sending++;
    return RN_OK;
}

/* The oldest block that is due, so that none waits for ever while newer ones
 * come; *until becomes no later than when the next waiting one is.
 */
static struct rn_block *oldest_due(struct rn_uploader *u, int64_t now,
                                   int64_t *until)
{
    struct rn_block *oldest = NULL;

    for (unsigned i = 0; i < u->blocks; i++) {
        struct rn_block *b = &u->block[i];

        if (b->state == WAIT && b->not_before_ms > now)
            *until = earlier(*until, b->not_before_ms);
        else if ((b->state == READY || b->state == WAIT) &&
                 (!oldest || b->number < oldest->number))
            oldest = b;
    }
    return oldest;
}

/* Start what is due. Returns when the next waiting block is. */
static int64_t start_ready(struct rn_uploader *u, int64_t now, int64_t until)
{
    for (unsigned i = 0; i < u->blocks; i++) {
        struct rn_block *b = oldest_due(u, now, &until);

        if (!b || start_block(u, b, now) < 0)
            break;
    }
    return until;
}

int rn_uploader_pump(struct rn_uploader *u, int64_t until_ms)
{
    int64_t now = rn_clock_mono();

    if (check_time(u, now) < 0)
        return u->err;
    if (u->in_use > u->sending)
        until_ms = start_ready(u, now, until_ms);
    u->store->cls->pump(u->store, until_ms);
    for (unsigned i = 0; i < u->blocks && u->sending > 0; i++) {
        struct rn_block *b = &u->block[i];

        if (b->state == SENDING && b->transfer.done)
            settle_block(u, b);
    }
    if (u->tick)
        u->tick(u->ctx);
    return u->err;
}

int rn_uploader_await(struct rn_uploader *u)
{
    return rn_uploader_pump(u, rn_clock_mono() + LOOK_MS);
}

uint32_t rn_uploader_segment(struct rn_uploader *u)
{
    if (u->in_use > 0)
        rn_uploader_pump(u, 0);
    while (u->err == RN_OK) {
        uint32_t s = rn_pool_take(u->pool);

        if (s != RN_NO_SEGMENT)
            return s;
        RN_ASSERT(u->in_use > 0); /* else nothing would ever come back */
        rn_uploader_await(u);
    }
    return RN_NO_SEGMENT;
}

static struct rn_block *free_entry(struct rn_uploader *u)
{
    while (u->in_use == u->blocks) {
        if (rn_uploader_await(u) < 0)
            return NULL;
    }
    for (unsigned i = 0; i < u->blocks; i++) {
        if (u->block[i].state == FREE)
            return &u->block[i];
    }
    return NULL;
}

int rn_uploader_submit(struct rn_uploader *u, const struct rn_object *object,
                       const struct rn_block_id *id, struct rn_chain *chain,
                       uint64_t crc64)
{
    struct rn_block *b = u->err == RN_OK ? free_entry(u) : NULL;

    if (!b) {
        rn_chain_release(u->pool, chain);
        return u->err;
    }
    b->state = READY;
    b->tries = 0;
    b->number = ++u->submitted;
    b->chain = *chain;
    rn_chain_clear(chain);
    b->transfer = (struct rn_transfer){
        .op = RN_OP_STAGE,
        .object = object,
        .id = *id,
        .crc64 = crc64,
        .body = { b->chain.len, rn_chain_pieces, &b->cursor },
    };
    u->in_use++;
    return rn_uploader_pump(u, 0);
}

bool rn_uploader_has(const struct rn_uploader *u, uint64_t upto)
{
    for (unsigned i = 0; i < u->blocks; i++) {
        if (u->block[i].state != FREE && u->block[i].number <= upto)
            return false;
    }
    return true;
}

int rn_uploader_settle(struct rn_uploader *u)
{
    while (u->err == RN_OK && u->in_use > 0)
        rn_uploader_await(u);
    return u->err;
}

int rn_uploader_once(struct rn_uploader *u, struct rn_transfer *t)
{
    make_ready(u, t, rn_clock_mono());
    while (u->store->cls->start(u->store, t) < 0) {
        if (rn_uploader_await(u) < 0)
            return u->err;
    }
    while (!t->done) {
        if (rn_uploader_await(u) < 0) {
            u->store->cls->cancel(u->store, t);
            return u->err;
        }
    }
    return t->err;
}

int rn_uploader_wait(struct rn_uploader *u, unsigned tries, int64_t asked_ms)
{
    int64_t until = rn_clock_mono() + rn_backoff_ms(tries, chance(), asked_ms);

    while (rn_clock_mono() < until) {
        int64_t step = earlier(until, rn_clock_mono() + LOOK_MS);

        if (rn_uploader_pump(u, step) < 0)
            return u->err;
    }
    return RN_OK;
}

int rn_uploader_repeat(struct rn_uploader *u, struct rn_transfer *t)
{
    int64_t first_ms = rn_clock_mono();
    unsigned tries = 0;

    for (;;) {
        int err = rn_uploader_once(u, t);
        int64_t when;

        if (err == RN_OK || u->err != RN_OK)
            return err;
        tries++;
        if (after_failure(u, t, tries, first_ms, &when) < 0)
            return err;
        while (rn_clock_mono() < when) {
            if (rn_uploader_pump(u, earlier(when, rn_clock_mono() + LOOK_MS)))
                return u->err;
        }
    }
}

void rn_uploader_abandon(struct rn_uploader *u)
{
    for (unsigned i = 0; i < u->blocks; i++) {
        struct rn_block *b = &u->block[i];

        if (b->state == FREE)
            continue;
        if (b->state == SENDING && !b->transfer.done)
            u->store->cls->cancel(u->store, &b->transfer);
        free_block(u, b);
    }
    RN_ASSERT(u->in_use == 0);
    u->sending = 0;
    u->err = RN_OK;
}
