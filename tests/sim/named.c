/* sim/named.c: schedules with the number of the fault that they stand for; what
 * they have in common. See sim/suite.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/suite.h"

bool schedule_mine(struct schedule *s)
{
    return s->dealt++ % s->parts == s->part;
}

void schedule_run(struct schedule *s, const struct sim_case *c)
{
    const char *err = case_run(c);

    if (err && getenv("TRACE")) {
        const char *text;
        size_t n;

        sim_trace_on(true);
        (void)case_run(c);
        text = sim_trace_text(&n);
        (void)fwrite(text, 1, n, stdout);
        sim_trace_on(false);
    }
    tally_add(s->t, err, "make sim NAMED=%s, case %u", s->name, s->dealt - 1);
}

void schedule_expect(struct schedule *s, bool holds, const char *what)
{
    if (!holds) {
        tally_add(s->t, what, "make sim NAMED=%s, case %u", s->name,
                  s->dealt - 1);
        printf("     exit %d after %lld ms, %u requests: %s\n",
               case_first_life()->exit,
               (long long)(case_first_life()->elapsed_us / 1000),
               blob_figures.requests, case_first_life()->error.text);
    }
}

struct sim_case schedule_base(const char *format)
{
    bool parquet = strcmp(format, "parquet") == 0;
    struct sim_case c = {
        .seed = 7,
        .format = format,
        .compression = parquet ? "none" : NULL,
        .rows = parquet ? 400 : 60,
        .columns = parquet ? 0x41 : 0x29,
        .text = parquet ? 400 : 200,
        .rows_per_file = parquet ? 300 : 40,
        .connections = 2,
        .block = parquet ? 0 : 1024,
        .row_group_rows = parquet ? 60 : 0,
        .retry_s = 120,
        .deadline_s = 3600,
    };

    return c;
}

static void all_of(struct schedule *s, const struct schedule_entry *e)
{
    for (; e->name; e++) {
        if (s->only && strcmp(s->only, e->name) != 0)
            continue;
        s->name = e->name;
        s->dealt = 0;
        e->run(s);
    }
}

void suite_named(struct schedule *s)
{
    all_of(s, schedules_wire);
    all_of(s, schedules_state);
}
