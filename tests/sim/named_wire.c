/* sim/named_wire.c: schedules of the protocol, the network and the credential:
 * faults 24 to 75. See sim/suite.h.
 */
#include <string.h>

#include "sim/suite.h"

static const char *const formats[] = { "csv", "json", "avro", "parquet" };

/* A job of each format hit by one fault; what it may end with. */
static void each_format(struct schedule *s, const struct fault *f,
                        uint64_t exits)
{
    for (size_t i = 0; i < RN_COUNTOF(formats); i++) {
        struct sim_case c = schedule_base(formats[i]);

        c.fault = f;
        c.faults = 1;
        c.exits = exits;
        if (schedule_mine(s))
            schedule_run(s, &c);
    }
}

static void one(struct schedule *s, const struct fault *f, uint64_t exits,
                const char *says)
{
    struct sim_case c = schedule_base("csv");

    c.fault = f;
    c.faults = 1;
    c.exits = exits;
    c.says = says;
    schedule_run(s, &c);
}

static unsigned versions_of_all(void)
{
    unsigned most = 0;

    for (size_t i = 0; i < blob_count(); i++) {
        if (blob_at(i)->versions > most)
            most = (unsigned)blob_at(i)->versions;
    }
    return most;
}

/* -- 24 to 47: blocks, commits, answers ------------------------------------ */

static void f24_block_ceiling(struct schedule *s)
{
    struct sim_case c = schedule_base("csv");

    c.rows = 60000;
    c.columns = 0x1;
    c.text = 600;
    c.rows_per_file = 0;
    c.block = 0;
    c.connections = 1;
    c.latency_us = 10;
    c.deadline_s = 0;
    if (!schedule_mine(s))
        return;
    schedule_run(s, &c);
}

static void f24_list_too_long(struct schedule *s)
{
    struct sim_case c = schedule_base("csv");

    c.limits = (struct blob_limits){ 1, 100000, blob_limits_real.life_us };
    c.exits = EXIT(4);
    c.says = "BlockListTooLong";
    c.no_rerun = true;
    if (schedule_mine(s))
        schedule_run(s, &c);
}

static void f30_block_applied_answer_lost(struct schedule *s)
{
    static const struct fault f = { ON_STAGE, 2, 2, FAULT_LOST, 0, NULL, NULL };

    each_format(s, &f, EXIT(0));
}

static void f31_commit_applied_answer_lost(struct schedule *s)
{
    static const struct fault f[] = {
        { ON_COMMIT, 1, 0, FAULT_LOST, 0, NULL, NULL },
        { ON_COMMIT, 1, 3, FAULT_LOST, 0, NULL, NULL },
        { ON_PUT, 1, 0, FAULT_LOST, 0, NULL, NULL },
        { ON_MARKER, 1, 0, FAULT_LOST, 0, NULL, NULL },
        { ON_COMMIT, 1, 0, FAULT_NO_ANSWER, 0, NULL, NULL },
        { ON_MARKER, 1, 0, FAULT_STATUS_AFTER, 500, "InternalError", NULL },
    };

    for (size_t i = 0; i < RN_COUNTOF(f); i++) {
        each_format(s, &f[i], EXIT(0));
        schedule_expect(s, versions_of_all() <= 1, "a second version");
    }
}

static void f32_commit_never_arrived(struct schedule *s)
{
    static const struct fault f[] = {
        { ON_COMMIT, 1, 0, FAULT_RESET, 0, NULL, NULL },
        { ON_PUT, 0, 0, FAULT_NONE, 0, NULL, NULL },
        { ON_MARKER, 1, 2, FAULT_RESET, 0, NULL, NULL },
    };

    for (size_t i = 0; i < RN_COUNTOF(f); i++)
        each_format(s, &f[i], EXIT(0));
}

static void f33_commit_still_at_work(struct schedule *s)
{
    static const struct fault f[] = {
        { ON_COMMIT, 1, 0, FAULT_LATE, 30000, NULL, NULL },
        { ON_COMMIT, 1, 2, FAULT_LATE, 2000, NULL, NULL },
        { ON_PUT, 1, 0, FAULT_LATE, 30000, NULL, NULL },
        { ON_MARKER, 1, 0, FAULT_LATE, 30000, NULL, NULL },
    };

    for (size_t i = 0; i < RN_COUNTOF(f); i++) {
        each_format(s, &f[i], EXIT(0));
        schedule_expect(s, versions_of_all() <= 1, "a second version");
    }
}

static void f34_a_block_is_missing(struct schedule *s)
{
    static const struct fault once = {
        ON_STAGE, 2, 0, FAULT_DROP, 0, NULL, NULL
    };
    static const struct fault ever = {
        ON_STAGE, 0, 0, FAULT_DROP, 0, NULL, NULL
    };

    each_format(s, &once, EXIT(0));
    each_format(s, &ever, EXIT_75);
    schedule_expect(s, blob_figures.requests < 400, "it restarts for ever");
}

static void f36_uncommitted_limit(struct schedule *s)
{
    struct sim_case c = schedule_base("csv");

    c.limits = (struct blob_limits){ 50000, 1, blob_limits_real.life_us };
    c.exits = EXIT_75;
    c.no_rerun = true;
    if (schedule_mine(s))
        schedule_run(s, &c);
}

static void f37_second_agent(struct schedule *s)
{
    struct sim_case c = schedule_base("csv");

    c.plan.state_busy = true;
    c.exits = EXIT_75;
    c.says = "another agent";
    if (schedule_mine(s))
        schedule_run(s, &c);
}

static void f38_conditions_and_leases(struct schedule *s)
{
    static const struct fault lease = { ON_COMMIT,    0,   0,
                                        FAULT_STATUS, 412, "LeaseIdMissing",
                                        NULL };
    static const struct fault once = { ON_COMMIT,    1,   0,
                                       FAULT_STATUS, 412, "ConditionNotMet",
                                       NULL };

    if (schedule_mine(s)) {
        one(s, &lease, EXIT(4), "lease");
        schedule_expect(s, case_first_life()->result.retries == 0,
                        "tried again blindly");
    }
    each_format(s, &once, EXIT(0));
}

static void f39_throttling(struct schedule *s)
{
    static const struct {
        const char *header;
        int64_t least_ms, most_ms;
    } asked[] = {
        { "Retry-After: 0", 0, 5000 },
        { "Retry-After: 5", 5000, 30000 },
        { "Retry-After: garbage", 0, 30000 },
        { "Retry-After: -5", 0, 30000 },
        { "Retry-After: Sun, 22 Nov 2026 02:15:30 GMT", 29000, 60000 },
        { "Retry-After: Sun, 22 Nov 2015 02:15:30 GMT", 0, 30000 },
        { "x-ms-retry-after-ms: 7000", 7000, 30000 },
        { "retry-after-ms: 7000", 7000, 30000 },
    };
    static const int status[] = { 503, 429, 500 };

    for (size_t i = 0; i < RN_COUNTOF(asked) * RN_COUNTOF(status); i++) {
        size_t a = i / RN_COUNTOF(status);
        struct fault f = { ON_STAGE,
                           1,
                           0,
                           FAULT_STATUS,
                           status[i % RN_COUNTOF(status)],
                           "ServerBusy",
                           asked[a].header };
        int64_t ms;

        if (!schedule_mine(s))
            continue;
        one(s, &f, EXIT(0), NULL);
        ms = case_first_life()->elapsed_us / 1000;
        schedule_expect(s, ms >= asked[a].least_ms && ms <= asked[a].most_ms,
                        "it did not wait as it was asked to");
    }
}

static void f39_an_absurd_wait_is_clamped(struct schedule *s)
{
    struct fault f = {
        ON_STAGE, 1, 0, FAULT_STATUS, 503, "ServerBusy", "Retry-After: 99999"
    };
    struct sim_case c = schedule_base("csv");

    c.fault = &f;
    c.faults = 1;
    c.exits = EXIT(0);
    c.retry_s = 900;
    if (!schedule_mine(s))
        return;
    schedule_run(s, &c);
    schedule_expect(s, case_first_life()->elapsed_us <= INT64_C(620) * 1000000,
                    "longer than ten minutes");
}

static void f40_busy_for_ever(struct schedule *s)
{
    static const enum fault_on on[] = { ON_STAGE, ON_COMMIT, ON_PUT, ON_HEAD };

    for (size_t i = 0; i < RN_COUNTOF(on); i++) {
        struct fault f = { on[i], 0, 0, FAULT_STATUS, 503, "ServerBusy", NULL };

        if (!schedule_mine(s))
            continue;
        one(s, &f, EXIT_75, "busy");
        schedule_expect(s,
                        case_first_life()->elapsed_us <= INT64_C(150) * 1000000,
                        "longer than its retry time");
    }
}

static void f41_a_bit_flips_on_its_way(struct schedule *s)
{
    for (int i = 0; i < 60; i++) {
        struct fault f = {
            i % 2 ? ON_STAGE : ON_PUT, 1, 0, FAULT_CORRUPT, i * 31, NULL, NULL
        };
        struct sim_case c = schedule_base(formats[i % 4]);

        c.fault = &f;
        c.faults = 1;
        c.exits = EXIT(0);
        c.checksum = i % 3 ? "crc64" : "md5";
        if (schedule_mine(s))
            schedule_run(s, &c);
    }
}

static void f42_the_service_lies(struct schedule *s)
{
    static const struct {
        struct fault f;
        uint64_t exits;
    } lie[] = {
        { { ON_STAGE, 1, 0, FAULT_BAD_SUM, 0, NULL, NULL }, EXIT(0) },
        { { ON_STAGE, 0, 0, FAULT_BAD_SUM, 0, NULL, NULL }, EXIT(4) },
        { { ON_HEAD, 1, 0, FAULT_LENGTH, 1, NULL, NULL }, EXIT(4) },
        { { ON_HEAD, 0, 0, FAULT_LENGTH, 1, NULL, NULL }, EXIT(4) },
        { { ON_HEAD, 1, 0, FAULT_OTHER_RUN, 0, NULL, NULL }, EXIT(4) },
        { { ON_HEAD, 4, 0, FAULT_OTHER_RUN, 0, NULL, NULL }, EXIT(4) },
    };

    for (size_t i = 0; i < RN_COUNTOF(lie); i++)
        each_format(s, &lie[i].f, lie[i].exits);
}

static void f43_wrong_success(struct schedule *s)
{
    static const enum fault_on on[] = { ON_STAGE, ON_PUT, ON_COMMIT, ON_HEAD,
                                        ON_MARKER };
    static const int status[] = { 200, 202, 204, 206, 299 };

    for (size_t i = 0; i < RN_COUNTOF(on) * RN_COUNTOF(status); i++) {
        struct fault f = { on[i % RN_COUNTOF(on)],
                           1,
                           i % 2 ? 0 : -1,
                           FAULT_SUCCESS,
                           status[i / RN_COUNTOF(on)],
                           NULL,
                           NULL };

        /* A commit that was done and looked at is done. */
        each_format(s, &f,
                    f.on == ON_STAGE || (f.on == ON_HEAD && f.a != 200)
                        ? EXIT(4)
                        : EXIT(0) | EXIT(4) | EXIT_75);
        f.what = FAULT_HTML;
        f.a = f.a == 204 ? 201 : f.a;
        each_format(s, &f,
                    f.times == 0 ? EXIT(0) | EXIT(4) : EXIT(4) | EXIT_75);
    }
}

static void f44_refused_for_good(struct schedule *s)
{
    static const struct {
        int status;
        const char *code;
    } no[] = {
        { 404, "ContainerNotFound" },    { 409, "ContainerBeingDeleted" },
        { 403, "AuthorizationFailure" }, { 409, "BlobImmutableDueToPolicy" },
        { 403, "AccountIsDisabled" },    { 400, "InvalidHeaderValue" },
        { 413, "RequestBodyTooLarge" },  { 507, "Whatever" },
    };

    for (size_t i = 0; i < RN_COUNTOF(no); i++) {
        struct fault f = { ON_STAGE,     0,          0,   FAULT_STATUS,
                           no[i].status, no[i].code, NULL };

        if (!schedule_mine(s))
            continue;
        one(s, &f, EXIT(4), no[i].code);
        schedule_expect(s, case_first_life()->result.retries == 0,
                        "a storm of retries");
    }
}

static void f47_every_status_on_every_operation(struct schedule *s)
{
    static const enum fault_on on[] = { ON_STAGE, ON_PUT,    ON_COMMIT,
                                        ON_HEAD,  ON_DELETE, ON_MARKER };

    for (int i = 0; i < 500 * (int)RN_COUNTOF(on); i++) {
        int status = 100 + i / (int)RN_COUNTOF(on);
        struct fault f[] = {
            { on[i % (int)RN_COUNTOF(on)], 1, 0, FAULT_STATUS, status, NULL,
              NULL },
            { ON_HEAD, 2, 0, FAULT_LENGTH, 1, NULL, NULL }, /* for deletes */
        };
        struct sim_case c = schedule_base("csv");

        c.fault = f;
        c.faults = f[0].on == ON_DELETE ? 2 : 1;
        c.exits = EXIT(0) | EXIT(4) | EXIT_75;
        if (f[0].on == ON_DELETE)
            c.exits = EXIT(4);
        if (!schedule_mine(s))
            continue;
        schedule_run(s, &c);
        f[0].times = -1; /* now for ever: what is no success never is one */
        if (f[0].on == ON_DELETE || status == 201 || status == 200 ||
            (status % 100 > 17 && status % 10 != 0))
            continue;
        c.exits = EXIT(4) | EXIT_75;
        c.retry_s = 10;
        if (f[0].on == ON_HEAD && (status == 401 || status == 403 ||
                                   status / 100 == 4 || status > 504))
            c.exits |= EXIT(0); /* not allowed to look */
        schedule_run(s, &c);
    }
}

/* -- 48 to 58: the link ---------------------------------------------------- */

static void f48_names(struct schedule *s)
{
    static const struct fault ever = { ON_CONNECT, 0,    0,   FAULT_NO_NAME,
                                       0,          NULL, NULL };
    static const struct fault slow = { ON_CONNECT, 1,    2,   FAULT_BLACK_HOLE,
                                       0,          NULL, NULL };

    for (uint32_t n = 1; n < 6; n++) {
        struct sim_case c = schedule_base("csv");

        c.plan.deny_dns = n;
        c.exits = EXIT(0);
        if (!schedule_mine(s))
            continue;
        schedule_run(s, &c);
        schedule_expect(s, sim_lookups() > n, "it did not ask again");
    }
    if (schedule_mine(s))
        one(s, &ever, EXIT_75, "name");
    each_format(s, &slow, EXIT(0));
}

static void f49_no_connection(struct schedule *s)
{
    static const enum fault_what what[] = { FAULT_REFUSE, FAULT_BLACK_HOLE,
                                            FAULT_MUTE };

    for (size_t i = 0; i < RN_COUNTOF(what); i++) {
        struct fault f = { ON_CONNECT, 1, 3, what[i], 0, NULL, NULL };

        each_format(s, &f, EXIT(0) | (what[i] == FAULT_MUTE ? EXIT_75 : 0));
        f = (struct fault){ ON_CONNECT, 0, 0, what[i], 0, NULL, NULL };
        if (!schedule_mine(s))
            continue;
        one(s, &f, EXIT_75, NULL);
        schedule_expect(s,
                        case_first_life()->elapsed_us <= INT64_C(200) * 1000000,
                        "it waited for longer than it may");
        schedule_expect(s, case_first_life()->calls < 20000, "a busy loop");
    }
}

/* How long the exchanges of a small job are, by number. */
#define EXCHANGES 16

static struct sim_case short_job(void)
{
    struct sim_case c = schedule_base("csv");

    c.rows = 2;
    c.columns = 0x1;
    c.text = 0;
    c.rows_per_file = 0;
    c.connections = 1;
    return c;
}

static void sweep_bytes(struct schedule *s, unsigned nth, enum fault_what what)
{
    for (int64_t at = 0; at < 1500; at++) {
        struct fault f = { ON_ANY, nth, 0, what, at, NULL, NULL };
        struct sim_case c = short_job();

        c.fault = &f;
        c.faults = 1;
        c.exits = EXIT(0);
        if (!schedule_mine(s))
            continue;
        schedule_run(s, &c);
        /* Past the end of what was sent: nothing was cut. */
        if (case_first_life()->result.retries == 0 &&
            case_first_life()->elapsed_us < 100000 &&
            blob_figures.connections <= 2 && at > 300)
            break;
    }
}

static void f50_cut_at_every_byte(struct schedule *s)
{
    static const enum fault_what what[] = { FAULT_RESET_IN_REQUEST,
                                            FAULT_CLOSE_IN_REQUEST, FAULT_LOST,
                                            FAULT_CUT };

    /* a file and the look at it, _SUCCESS and the look at that */
    static const unsigned nth[] = { 1, 2, 5, 6 };

    for (size_t k = 0; k < RN_COUNTOF(nth); k++) {
        for (size_t i = 0; i < RN_COUNTOF(what); i++)
            sweep_bytes(s, nth[k], what[i]);
    }
}

static void f51_f52_f56_f57_broken_answers(struct schedule *s)
{
    static const struct {
        enum fault_what what;
        int64_t kinds;
    } broken[] = {
        { FAULT_BODY_LONG, 1 },
        { FAULT_BODY_SHORT, 1 },
        { FAULT_BAD_HEAD, 5 },
        { FAULT_CHUNKS, 5 },
    };
    static const enum fault_on on[] = { ON_STAGE, ON_PUT, ON_COMMIT, ON_HEAD,
                                        ON_MARKER };

    for (size_t i = 0; i < RN_COUNTOF(broken) * 5 * RN_COUNTOF(on); i++) {
        size_t b = i / 5 / RN_COUNTOF(on);
        struct fault f = { on[i % RN_COUNTOF(on)],
                           1,
                           0,
                           broken[b].what,
                           (int64_t)(i / RN_COUNTOF(on) % 5),
                           NULL,
                           NULL };

        if (f.a < broken[b].kinds)
            each_format(s, &f, EXIT(0) | EXIT(4) | EXIT_75);
    }
    for (size_t i = 0; i < RN_COUNTOF(on); i++) {
        struct fault f = { on[i], 1, 0, FAULT_MANY_HEADERS, 199, NULL, NULL };

        each_format(s, &f, EXIT(0) | EXIT(4));
        f.what = FAULT_INTERIM;
        f.a = 60;
        each_format(s, &f, EXIT(0) | EXIT(4));
        f.what = FAULT_CONTINUE;
        f.a = 3;
        each_format(s, &f, EXIT(0));
    }
}

static void f53_stale_connections(struct schedule *s)
{
    for (int64_t ms = 0; ms < 4; ms++) {
        struct fault f = { ON_ANY, 2, -1, FAULT_STALE, ms, NULL, NULL };

        each_format(s, &f, EXIT(0));
        f.what = FAULT_STALE_RESET;
        each_format(s, &f, EXIT(0));
    }
}

static void f54_slow_answers(struct schedule *s)
{
    static const int64_t ms[] = { 1, 100, 5000, 10000 };

    for (size_t i = 0; i < RN_COUNTOF(ms); i++) {
        struct fault f = {
            ON_STAGE, 2, 0, FAULT_SLOW_ANSWER, ms[i], NULL, NULL
        };

        each_format(s, &f, EXIT(0));
        f.on = ON_HEAD;
        each_format(s, &f, EXIT(0));
        f.nth = 0;
        if (schedule_mine(s) && ms[i] >= 5000)
            one(s, &f, EXIT_75, NULL);
    }
}

static void f55_zero_window(struct schedule *s)
{
    for (unsigned nth = 1; nth < 5; nth++) {
        struct fault f = { ON_ANY, nth, 0, FAULT_ZERO_WINDOW, 700, NULL, NULL };

        if (!schedule_mine(s))
            continue;
        one(s, &f, EXIT(0), NULL);
        schedule_expect(s, case_first_life()->calls < 20000, "a busy loop");
        f.what = FAULT_SLOW_READ;
        f.a = 20;
        one(s, &f, EXIT(0), NULL);
    }
}

static void f58_redirects(struct schedule *s)
{
    static const int status[] = { 301, 302, 303, 307, 308 };
    static const enum fault_on on[] = { ON_STAGE, ON_PUT, ON_COMMIT, ON_HEAD };

    for (size_t i = 0; i < RN_COUNTOF(status) * RN_COUNTOF(on); i++) {
        struct fault f = { on[i / RN_COUNTOF(status)],
                           1,
                           0,
                           FAULT_REDIRECT,
                           status[i % RN_COUNTOF(status)],
                           NULL,
                           i % 2 ? "Location: http://169.254.169.254/"
                                 : "Location: https://elsewhere.example/x" };

        if (schedule_mine(s))
            one(s, &f, EXIT(4), "redirect");
    }
}

static void f68_every_connection_asks_for_the_address(struct schedule *s)
{
    struct fault f = { ON_ANY, 0, 0, FAULT_STALE, 0, NULL, NULL };

    if (!schedule_mine(s))
        return;
    one(s, &f, EXIT(0), NULL);
    schedule_expect(s, sim_lookups() == blob_figures.connections,
                    "an address was kept");
}

static void f69_one_byte_at_a_time(struct schedule *s)
{
    for (size_t i = 0; i < RN_COUNTOF(formats); i++) {
        for (size_t n = 1; n < 4; n++) {
            struct sim_case c = schedule_base(formats[i]);

            c.plan.send_max = n;
            c.exits = EXIT(0);
            if (schedule_mine(s))
                schedule_run(s, &c);
        }
    }
}

static void f70_offline_for_six_hours(struct schedule *s)
{
    static const struct fault ever = { ON_CONNECT, 2,    -1,  FAULT_REFUSE,
                                       0,          NULL, NULL };

    for (size_t i = 0; i < 2 * RN_COUNTOF(formats); i++) {
        struct sim_case c = schedule_base(formats[i / 2]);

        c.fault = &ever;
        c.faults = 1;
        c.connections = 1;
        c.exits = EXIT(0) | EXIT_75;
        c.pause_s = 6 * 3600;
        c.key = i % 2;
        c.plan.send_max = 400;
        if (schedule_mine(s))
            schedule_run(s, &c);
    }
}

/* -- 73 to 75: the credential ---------------------------------------------- */

static const struct sim_case *swapped;

static void swap_sas(void *ctx)
{
    struct sim_case c = *swapped;

    (void)ctx;
    c.sas_for_s = 3600;
    life_new_sas(&c);
}

static void f74_sas_expires(struct schedule *s)
{
    for (size_t i = 0; i < RN_COUNTOF(formats); i++) {
        struct sim_case c = schedule_base(formats[i]);

        c.auth = AUTH_SAS_FILE;
        c.latency_us = 200000;
        c.sas_for_s = 3;
        c.exits = EXIT(4);
        c.says = "expired";
        if (schedule_mine(s))
            schedule_run(s, &c);
        c.swap_at_ms = 2500;
        c.swap = swap_sas;
        c.exits = EXIT(0);
        swapped = &c;
        if (!schedule_mine(s))
            continue;
        schedule_run(s, &c);
        schedule_expect(s, case_first_life()->result.restarts == 0,
                        "the blocks were thrown away");
    }
}

static void f75_times(struct schedule *s)
{
    static const struct {
        int64_t off_s;
        bool fits;
    } clock[] = { { 300, true },       { -300, true },   { 840, true },
                  { -840, true },      { 960, false },   { -960, false },
                  { 3600, false },     { -3600, false }, { -1795313700, false },
                  { 441763200, false } };

    for (size_t i = 0; i < RN_COUNTOF(clock); i++) {
        struct sim_case c = schedule_base("csv");

        c.auth = AUTH_KEY;
        c.wall_off_s = clock[i].off_s;
        c.exits = clock[i].fits ? EXIT(0) : EXIT(4);
        c.says = "clock";
        if (schedule_mine(s))
            schedule_run(s, &c);
    }
    for (int i = 0; i < 2; i++) {
        struct sim_case c = schedule_base("csv");

        c.sas_from_s = i ? 3600 : 60;
        c.exits = EXIT(4);
        c.says = "refused";
        if (schedule_mine(s))
            schedule_run(s, &c);
    }
}

static void f14_rights_of_a_token(struct schedule *s)
{
    static const struct {
        const char *rights;
        uint64_t exits;
    } token[] = { { "rcwd", EXIT(0) },
                  { "rcw", EXIT(0) },
                  { "cw", EXIT(0) },
                  { "w", EXIT(0) },
                  { "r", EXIT(2) } };

    for (size_t i = 0; i < RN_COUNTOF(token); i++) {
        struct sim_case c = schedule_base("csv");

        c.sas_rights = token[i].rights;
        c.exits = token[i].exits;
        c.no_rerun = true;
        if (schedule_mine(s))
            schedule_run(s, &c);
        c.sas_https = true;
        c.exits = EXIT(2) | EXIT(4);
        c.sas_rights = "rcwd";
        c.says = "https";
        if (schedule_mine(s) && i == 0)
            schedule_run(s, &c);
    }
}

#define ENTRY(f) \
    {            \
#f, f    \
    }
const struct schedule_entry schedules_wire[] = {
    ENTRY(f14_rights_of_a_token),
    ENTRY(f24_block_ceiling),
    ENTRY(f24_list_too_long),
    ENTRY(f30_block_applied_answer_lost),
    ENTRY(f31_commit_applied_answer_lost),
    ENTRY(f32_commit_never_arrived),
    ENTRY(f33_commit_still_at_work),
    ENTRY(f34_a_block_is_missing),
    ENTRY(f36_uncommitted_limit),
    ENTRY(f37_second_agent),
    ENTRY(f38_conditions_and_leases),
    ENTRY(f39_throttling),
    ENTRY(f39_an_absurd_wait_is_clamped),
    ENTRY(f40_busy_for_ever),
    ENTRY(f41_a_bit_flips_on_its_way),
    ENTRY(f42_the_service_lies),
    ENTRY(f43_wrong_success),
    ENTRY(f44_refused_for_good),
    ENTRY(f47_every_status_on_every_operation),
    ENTRY(f48_names),
    ENTRY(f49_no_connection),
    ENTRY(f50_cut_at_every_byte),
    ENTRY(f51_f52_f56_f57_broken_answers),
    ENTRY(f53_stale_connections),
    ENTRY(f54_slow_answers),
    ENTRY(f55_zero_window),
    ENTRY(f58_redirects),
    ENTRY(f68_every_connection_asks_for_the_address),
    ENTRY(f69_one_byte_at_a_time),
    ENTRY(f70_offline_for_six_hours),
    ENTRY(f74_sas_expires),
    ENTRY(f75_times),
    { NULL, NULL },
};
