/* sim/world.c: clocks, chance, the numbering of calls and the end of a life;
 * see sim.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define COST_US    3 /* of any call */
#define EVENTS     256
#define TRACE_SIZE ((size_t)1 << 20)
#define KINDS      65536u

struct event {
    int64_t when;
    uint64_t order;
    void (*fn)(void *ctx);
    void *ctx;
};

static struct {
    int64_t now; /* us */
    int64_t wall_at_start;
    int64_t wall_off;
    bool wall_unknown;
    uint64_t chance;  /* the world's */
    uint64_t entropy; /* the agent's */

    struct event event[EVENTS];
    size_t events;
    uint64_t order;

    struct sim_plan plan;
    int64_t entered;
    uint64_t calls;
    unsigned life;
    uint8_t kind[KINDS];
    unsigned held; /* > 0: the world runs, not the agent */
    bool alive;
    bool catching;
    bool stop;
    bool stop_seen;
    jmp_buf home;
    char panic[120];

    void (*on_log)(void *ctx, enum rn_level, const char *, size_t);
    void *log_ctx;
    bool tracing;
    char *trace;
    size_t trace_len;
    uint64_t trace_sum;
} w;

const char *sim_call_name(enum sim_call call)
{
    static const char *const name[SIM_CALLS] = {
        "net_open",   "net_ready",  "net_send",    "net_recv", "net_close",
        "wait",       "clock_mono", "clock_wall",  "entropy",  "state_open",
        "state_load", "state_save", "state_close", "file",     "log",
        "stop",       "memory"
    };
    return name[call];
}

/* -- chance ---------------------------------------------------------------- */

uint64_t sim_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t sim_random(void)
{
    w.chance += UINT64_C(0x9e3779b97f4a7c15);
    return sim_mix(w.chance);
}

int rn_entropy(void *buf, size_t len)
{
    uint8_t *to = buf;

    if (sim_begin(SIM_ENTROPY)) {
        sim_done();
        return RN_E_STATE;
    }
    for (size_t i = 0; i < len; i++) {
        if (i % 8 == 0)
            w.entropy = sim_mix(w.entropy + 1);
        to[i] = (uint8_t)(w.entropy >> (8 * (i % 8)));
    }
    sim_done();
    return RN_OK;
}

/* -- time ------------------------------------------------------------------ */

int64_t sim_now(void)
{
    return w.now;
}

int64_t sim_true_wall(void)
{
    return w.wall_at_start + w.now;
}

void sim_set_wall(int64_t us)
{
    w.wall_off = us;
}

void sim_wall_unknown(bool unknown)
{
    w.wall_unknown = unknown;
}

void sim_at(int64_t when_us, void (*fn)(void *ctx), void *ctx)
{
    RN_ASSERT(w.events < EVENTS);
    w.event[w.events++] = (struct event){
        .when = when_us < w.now ? w.now : when_us,
        .order = w.order++,
        .fn = fn,
        .ctx = ctx,
    };
}

/* Index of the event that is due first, or SIZE_MAX. */
static size_t first_event(void)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < w.events; i++) {
        const struct event *e = &w.event[i];

        if (best == SIZE_MAX || e->when < w.event[best].when ||
            (e->when == w.event[best].when && e->order < w.event[best].order))
            best = i;
    }
    return best;
}

int64_t sim_next_event(void)
{
    size_t i = first_event();

    return i == SIZE_MAX ? INT64_MAX : w.event[i].when;
}

void sim_advance(int64_t to_us)
{
    for (;;) {
        size_t i = first_event();
        struct event e;

        if (i == SIZE_MAX || w.event[i].when > to_us)
            break;
        e = w.event[i];
        w.event[i] = w.event[--w.events];
        if (e.when > w.now)
            w.now = e.when;
        e.fn(e.ctx);
    }
    if (to_us > w.now)
        w.now = to_us;
}

void sim_sleep(int64_t us)
{
    w.held++;
    sim_advance(w.now + us);
    w.held--;
}

int64_t rn_clock_mono(void)
{
    int64_t ms;

    (void)sim_begin(SIM_MONO); /* such a clock cannot fail */
    /* An hour after boot: no time of the world is 0. */
    ms = w.now / 1000 + 3600000;
    sim_done();
    return ms;
}

int64_t rn_clock_wall(void)
{
    int64_t us = sim_begin(SIM_WALL) || w.wall_unknown
                     ? -1
                     : w.wall_at_start + w.now + w.wall_off;

    sim_done();
    return us;
}

/* -- a life ---------------------------------------------------------------- */

void sim_start(uint64_t seed, int64_t wall_us)
{
    char *trace = w.trace;
    bool tracing = w.tracing;

    memset(&w, 0, sizeof w);
    w.trace = trace;
    w.tracing = tracing;
    w.wall_at_start = wall_us;
    w.chance = sim_mix(seed);
    w.entropy = sim_mix(~seed);
    w.held = 1;
    sim_net_start();
    sim_state_start();
    sim_file_start();
}

void sim_stop(void)
{
    sim_net_free();
    free(w.trace);
    w.trace = NULL;
}

void sim_enter(const struct sim_plan *plan)
{
    w.plan = *plan;
    w.entered = w.now;
    w.calls = 0;
    w.life++;
    w.alive = true;
    w.stop = false;
    w.stop_seen = false;
    w.panic[0] = 0;
    w.held = 0;
}

jmp_buf *sim_home_at(void)
{
    return &w.home;
}

void sim_leave(enum sim_end end)
{
    w.held = 1;
    w.alive = false;
    if (end == SIM_POWER_CUT) {
        sim_net_drop_all();
        sim_state_power_cut();
        sim_trace("power cut");
    } else if (end != SIM_RETURNED) {
        sim_net_drop_all();
    }
}

uint64_t sim_calls(void)
{
    return w.calls;
}

unsigned sim_life(void)
{
    return w.life;
}

enum sim_call sim_call_at(uint64_t k)
{
    return k < KINDS ? (enum sim_call)w.kind[k] : SIM_CALLS;
}

const char *sim_panic_text(void)
{
    return w.panic;
}

void sim_catch(bool on)
{
    w.catching = on;
}

bool sim_in_agent(void)
{
    return w.held == 0;
}

void sim_hold(void)
{
    w.held++;
}

void sim_release(void)
{
    w.held--;
}

const struct sim_plan *sim_plan(void)
{
    return &w.plan;
}

size_t sim_send_max(void)
{
    return w.plan.send_max > 0 ? w.plan.send_max : SIZE_MAX;
}

bool sim_dns_denied(void)
{
    if (w.plan.deny_dns == 0)
        return false;
    w.plan.deny_dns--;
    return true;
}

_Noreturn void sim_cut(void)
{
    longjmp(w.home, SIM_POWER_CUT);
}

bool sim_cuts_during(void)
{
    return w.calls == w.plan.cut_at && w.plan.cut_when == SIM_DURING;
}

static void ask_to_stop(void)
{
    if (w.stop)
        return;
    w.stop = true;
    w.stop_seen = false;
    sim_trace("a stop is asked for");
}

bool sim_begin(enum sim_call call)
{
    bool fails;

    w.held++;
    if (!w.alive)
        return false;
    w.calls++;
    if (w.calls < KINDS)
        w.kind[w.calls] = (uint8_t)call;
    if (w.calls > SIM_CALLS_MOST)
        longjmp(w.home, SIM_LIVELOCK);
    if (w.calls == w.plan.cut_at && w.plan.cut_when == SIM_BEFORE)
        sim_cut();
    if (w.calls == w.plan.jump_at) {
        w.wall_off += w.plan.jump_us;
        sim_trace("the wall clock jumps by %lld s",
                  (long long)(w.plan.jump_us / 1000000));
    }
    if (w.calls == w.plan.stop_at ||
        (w.plan.stop_ms > 0 && w.now - w.entered >= w.plan.stop_ms * 1000))
        ask_to_stop();
    sim_advance(w.now + COST_US);
    fails = w.plan.fail_at > 0 &&
            (w.calls == w.plan.fail_at ||
             (w.plan.fail_on && w.calls > w.plan.fail_at)) &&
            (w.plan.fail_set == 0 || (w.plan.fail_set >> call & 1));
    if (fails)
        sim_trace("%s fails", sim_call_name(call));
    return fails;
}

void sim_done(void)
{
    if (w.alive && w.calls == w.plan.cut_at && w.plan.cut_when != SIM_BEFORE)
        sim_cut();
    RN_ASSERT(w.held > 0);
    w.held--;
}

bool sim_stop_news(void)
{
    bool news = w.stop && !w.stop_seen;

    w.stop_seen = w.stop;
    return news;
}

bool rn_stop_requested(void)
{
    if (sim_begin(SIM_STOP))
        ask_to_stop();
    if (w.stop)
        w.stop_seen = true;
    sim_done();
    return w.stop;
}

_Noreturn void rn_panic(const char *file, int line)
{
    const char *slash = strrchr(file, '/');

    (void)snprintf(w.panic, sizeof w.panic, "%.80s:%d",
                   slash ? slash + 1 : file, line);
    if (w.alive || w.catching)
        longjmp(w.home, SIM_PANIC);
    (void)fprintf(stderr, "sim: broken at %s:%d\n", file, line);
    abort();
}

/* -- what was said --------------------------------------------------------- */

void sim_on_log(void (*fn)(void *ctx, enum rn_level level, const char *line,
                           size_t len),
                void *ctx)
{
    w.on_log = fn;
    w.log_ctx = ctx;
}

void rn_log_write(enum rn_level level, const char *line, size_t len)
{
    if (!sim_begin(SIM_LOG) && w.on_log)
        w.on_log(w.log_ctx, level, line, len);
    sim_trace("log: %.*s", (int)len, line);
    sim_done();
}

void sim_trace_on(bool on)
{
    w.tracing = on;
    w.trace_len = 0;
    w.trace_sum = 0;
}

bool sim_tracing(void)
{
    return w.tracing;
}

void sim_trace(const char *fmt, ...)
{
    char line[700];
    va_list args;
    int head, n;

    if (!w.tracing)
        return;
    if (!w.trace && !(w.trace = malloc(TRACE_SIZE)))
        return;
    head = snprintf(line, sizeof line, "%12lld.%06lld %6llu  ",
                    (long long)(w.now / 1000000), (long long)(w.now % 1000000),
                    (unsigned long long)w.calls);
    va_start(args, fmt);
    n = vsnprintf(line + head, sizeof line - (size_t)head - 1, fmt, args);
    va_end(args);
    n = n < 0 ? 0 : n;
    n += head;
    if ((size_t)n > sizeof line - 2)
        n = (int)sizeof line - 2;
    line[n++] = '\n';
    for (int i = 0; i < n; i++)
        w.trace_sum =
            (w.trace_sum ^ (uint8_t)line[i]) * UINT64_C(1099511628211);
    if (w.trace_len + (size_t)n > TRACE_SIZE) { /* keep the newer half */
        memmove(w.trace, w.trace + TRACE_SIZE / 2, TRACE_SIZE / 2);
        w.trace_len = w.trace_len - TRACE_SIZE / 2;
    }
    memcpy(w.trace + w.trace_len, line, (size_t)n);
    w.trace_len += (size_t)n;
}

const char *sim_trace_text(size_t *len)
{
    *len = w.trace_len;
    return w.trace;
}

uint64_t sim_trace_sum(void)
{
    return w.trace_sum;
}
