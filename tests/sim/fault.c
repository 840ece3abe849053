/* sim/fault.c: see sim/fault.h. */
#include "sim/fault.h"

#include <string.h>

#include "sim.h"

static struct {
    const struct fault *list;
    size_t n;
    struct fault_chance chance;
    uint64_t state;
    bool on;
    unsigned seen[ON_KINDS];
    uint64_t hits;
    unsigned count;
    uint8_t status[600];
} f;

const char *fault_name(enum fault_what what)
{
    static const char *const name[FAULT_WHATS] = {
        "none",
        "refuse",
        "black hole",
        "no name",
        "mute",
        "reset in request",
        "close in request",
        "zero window",
        "slow read",
        "status",
        "html",
        "reset",
        "silent",
        "corrupt",
        "drop",
        "redirect",
        "interim",
        "continue",
        "lost",
        "cut",
        "no answer",
        "status after",
        "success",
        "bad sum",
        "length",
        "other run",
        "no version",
        "slow answer",
        "late",
        "late answer",
        "stale",
        "stale reset",
        "body long",
        "body short",
        "many headers",
        "bad head",
        "chunks",
    };
    return name[what];
}

const char *fault_on_name(enum fault_on on)
{
    static const char *const name[ON_KINDS] = { "connect", "stage",  "put",
                                                "commit",  "head",   "get",
                                                "delete",  "marker", "any" };
    return name[on];
}

void fault_start(const struct fault *list, size_t n,
                 const struct fault_chance *chance)
{
    memset(&f, 0, sizeof f);
    f.list = list;
    f.n = n;
    f.on = true;
    if (chance)
        f.chance = *chance;
    f.state = sim_mix(f.chance.seed);
}

void fault_stop(void)
{
    f.on = false;
}

static uint64_t draw(void)
{
    f.state += UINT64_C(0x9e3779b97f4a7c15);
    return sim_mix(f.state);
}

static bool applies(const struct fault *l, enum fault_on on)
{
    unsigned at = f.seen[on];
    unsigned last = l->times > 1 ? l->nth + (unsigned)l->times - 1 : l->nth;

    if (l->on != on)
        return false;
    if (l->nth == 0)
        return true;
    return at >= l->nth && (l->times < 0 || at <= last);
}

static struct fault note(struct fault hit)
{
    if (hit.what == FAULT_NONE)
        return hit;
    f.hits |= UINT64_C(1) << hit.what;
    f.count++;
    if ((hit.what == FAULT_STATUS || hit.what == FAULT_STATUS_AFTER ||
         hit.what == FAULT_REDIRECT) &&
        hit.a > 0 && hit.a < 600)
        f.status[hit.a] = 1;
    sim_trace("fault: %s %u: %s (%lld)", fault_on_name(hit.on), f.seen[hit.on],
              fault_name(hit.what), (long long)hit.a);
    return hit;
}

static struct fault scheduled(enum fault_on on)
{
    struct fault none = { .on = on };

    f.seen[on]++;
    for (size_t i = 0; f.on && i < f.n; i++) {
        if (applies(&f.list[i], on))
            return note(f.list[i]);
    }
    return none;
}

static bool is_chosen(void)
{
    return f.on && f.chance.per_mille > 0 && f.chance.mask != 0 &&
           draw() % 1000 < f.chance.per_mille;
}

/* One of those in `set` that the case allows, or none. */
static enum fault_what choose(uint64_t set)
{
    uint64_t of = f.chance.mask & set;
    unsigned n = 0, skip;

    for (unsigned i = 0; i < FAULT_WHATS; i++)
        n += (unsigned)(of >> i & 1);
    if (n == 0)
        return FAULT_NONE;
    skip = (unsigned)(draw() % n);
    for (unsigned i = 0; i < FAULT_WHATS; i++) {
        if (!(of >> i & 1))
            continue;
        if (skip-- == 0)
            return (enum fault_what)i;
    }
    return FAULT_NONE;
}

#define BIT(w)      (UINT64_C(1) << (w))
#define CONNECTIONS (BIT(FAULT_STATUS) - BIT(FAULT_REFUSE))
#define OF_CONNECT                                                    \
    (BIT(FAULT_REFUSE) | BIT(FAULT_BLACK_HOLE) | BIT(FAULT_NO_NAME) | \
     BIT(FAULT_MUTE))
#define OF_BYTES                                                 \
    (BIT(FAULT_RESET_IN_REQUEST) | BIT(FAULT_CLOSE_IN_REQUEST) | \
     BIT(FAULT_ZERO_WINDOW) | BIT(FAULT_SLOW_READ))
#define OF_HEAD (BIT(FAULT_LENGTH) | BIT(FAULT_OTHER_RUN))
#define OF_BODY (BIT(FAULT_CORRUPT) | BIT(FAULT_BAD_SUM))

static const struct {
    int status;
    const char *code;
    const char *header;
} busy[] = {
    { 503, "ServerBusy", NULL },
    { 503, "ServerBusy", "Retry-After: 5" },
    { 503, "ServerBusy", "Retry-After: 0" },
    { 503, "ServerBusy", "Retry-After: soon" },
    { 503, "ServerBusy", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT" },
    { 500, "OperationTimedOut", NULL },
    { 500, "InternalError", NULL },
    { 429, "TooManyRequests", "Retry-After: 99999" },
    { 429, NULL, "x-ms-retry-after-ms: 700" },
    { 408, NULL, NULL },
    { 502, NULL, NULL },
    { 504, NULL, "retry-after-ms: 20" },
};

/* Numbers that suit a fault by chance. */
static void dress(struct fault *hit)
{
    uint64_t r = draw();
    size_t which = r % RN_COUNTOF(busy);

    switch (hit->what) {
    case FAULT_RESET_IN_REQUEST:
    case FAULT_CLOSE_IN_REQUEST:
    case FAULT_ZERO_WINDOW:
        hit->a = (int64_t)(r % 3000);
        break;
    case FAULT_SLOW_READ:
    case FAULT_SLOW_ANSWER:
        hit->a = 1 + (int64_t)(r % 40);
        break;
    case FAULT_STATUS:
    case FAULT_STATUS_AFTER:
        hit->a = busy[which].status;
        hit->code = busy[which].code;
        hit->header = busy[which].header;
        break;
    case FAULT_HTML:
    case FAULT_SUCCESS:
        hit->a = 200 + (int64_t)(r % 5) * (hit->what == FAULT_SUCCESS);
        break;
    case FAULT_REDIRECT:
        hit->a = 301 + (int64_t)(r % 3);
        hit->header = "Location: http://127.0.0.1:10000/elsewhere";
        break;
    case FAULT_LATE:
    case FAULT_LATE_ANSWER:
        hit->a = (int64_t)(r % 40000);
        break;
    case FAULT_STALE:
    case FAULT_STALE_RESET:
        hit->a = (int64_t)(r % 20);
        break;
    case FAULT_LENGTH:
        hit->a = 1 + (int64_t)(r % 9);
        break;
    case FAULT_INTERIM:
    case FAULT_CONTINUE:
        hit->a = 1 + (int64_t)(r % 6);
        break;
    case FAULT_MANY_HEADERS:
        hit->a = 10 + (int64_t)(r % 200);
        break;
    case FAULT_BAD_HEAD:
    case FAULT_CHUNKS:
        hit->a = (int64_t)(r % 5);
        break;
    default:
        hit->a = (int64_t)(r % 600);
    }
}

static struct fault by_chance(enum fault_on on, uint64_t set)
{
    struct fault hit = { .on = on };

    if (!is_chosen())
        return hit;
    hit.what = choose(set);
    if (hit.what != FAULT_NONE)
        dress(&hit);
    return note(hit);
}

struct fault fault_on_connect(void)
{
    struct fault hit = scheduled(ON_CONNECT);

    return hit.what != FAULT_NONE ? hit : by_chance(ON_CONNECT, OF_CONNECT);
}

struct fault fault_on_bytes(void)
{
    struct fault hit = scheduled(ON_ANY);

    return hit.what != FAULT_NONE ? hit : by_chance(ON_ANY, OF_BYTES);
}

struct fault fault_on_request(enum fault_on on, bool marker)
{
    uint64_t set = ~(uint64_t)(OF_CONNECT | OF_BYTES | OF_HEAD | OF_BODY |
                               BIT(FAULT_DROP));
    struct fault hit = scheduled(on);

    if (marker) {
        struct fault more = scheduled(ON_MARKER);

        if (hit.what == FAULT_NONE)
            hit = more;
    }
    if (hit.what != FAULT_NONE)
        return hit;
    if (on == ON_HEAD)
        set |= OF_HEAD;
    if (on == ON_STAGE || on == ON_PUT)
        set |= OF_BODY;
    if (on == ON_STAGE)
        set |= BIT(FAULT_DROP);
    return by_chance(on, set);
}

uint64_t fault_hits(void)
{
    return f.hits;
}

unsigned fault_count(void)
{
    return f.count;
}

bool fault_had_status(int status)
{
    return status > 0 && status < 600 && f.status[status];
}

/* A link that fails, and a service that asks to come back: later (75). What no
 * repetition mends: the store failed (4).
 */
uint64_t fault_exits(uint64_t hits)
{
    uint64_t store =
        BIT(FAULT_HTML) | BIT(FAULT_REDIRECT) | BIT(FAULT_SUCCESS) |
        BIT(FAULT_LENGTH) | BIT(FAULT_OTHER_RUN) | BIT(FAULT_NO_VERSION) |
        BIT(FAULT_MANY_HEADERS) | BIT(FAULT_BAD_HEAD) | BIT(FAULT_CHUNKS) |
        BIT(FAULT_INTERIM) | BIT(FAULT_CONTINUE) | BIT(FAULT_BODY_LONG) |
        BIT(FAULT_BAD_SUM) | BIT(FAULT_CORRUPT) | BIT(FAULT_STATUS) |
        BIT(FAULT_STATUS_AFTER);
    uint64_t exits = 0;

    if (hits & store)
        exits |= BIT(4);
    if (hits & ~BIT(FAULT_LENGTH))
        exits |= UINT64_C(1) << 63; /* stands for 75 */
    return exits;
}
