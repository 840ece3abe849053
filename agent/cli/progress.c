/* cli/progress.c: see cli/progress.h. */
#include "cli/progress.h"

#include <string.h>

#include "cli/cli.h"
#include "core/format.h"

#define REDRAW_MS 200
#define CLEAR     "\r\033[K"

size_t cli_progress_line(const struct cli_progress *c,
                         const struct rn_progress *p, char *to, size_t cap)
{
    char rows[RN_GROUPED_MAX];
    char rate[RN_GROUPED_MAX];
    char bytes[RN_SIZE_MAX];
    char used[RN_SIZE_MAX];
    char budget[RN_SIZE_MAX];
    int n = rn_format(to, cap,
                      "%s rows, %s, %s rows/s, %u files, %u in flight, "
                      "memory %s / %s",
                      rn_grouped(p->rows, rows), rn_size_text(p->bytes, bytes),
                      rn_grouped(c->rate, rate), (unsigned)p->files,
                      p->in_flight, rn_size_text(p->memory_used, used),
                      rn_size_text(p->memory_budget, budget));
    size_t len = n < 0 ? 0 : (size_t)n < cap ? (size_t)n : cap - 1;

    if (p->retries > 0 && len + 1 < cap) {
        (void)rn_format(to + len, cap - len, ", %s retries",
                        rn_grouped(p->retries, rows));
        len = strlen(to);
    }
    return len;
}

void cli_progress(void *ctx, const struct rn_progress *p)
{
    struct cli_progress *c = ctx;
    int64_t since = p->elapsed_ms - c->drawn_ms;
    char line[240] = CLEAR;
    size_t head = strlen(line);

    if (since < REDRAW_MS)
        return;
    /* rows fall when a run starts again */
    c->rate =
        p->rows < c->rows ? 0 : (p->rows - c->rows) * 1000 / (uint64_t)since;
    c->rows = p->rows;
    c->drawn_ms = p->elapsed_ms;
    c->shown = true;
    size_t len = cli_progress_line(c, p, line + head, sizeof line - head);
    cli_stderr(line, head + len);
}

void cli_progress_end(struct cli_progress *c)
{
    if (c->shown)
        cli_stderr(CLEAR, strlen(CLEAR));
    c->shown = false;
}
