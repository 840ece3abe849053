/* cli/progress.h: one line on a terminal that shows how a run goes. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "job/run.h"

struct cli_progress {
    bool shown;       /* a line stands there        */
    int64_t drawn_ms; /* elapsed time when drawn    */
    uint64_t rows;    /* at that time, for the rate */
    uint64_t rate;    /* rows a second              */
};

/* For struct rn_run_options; `ctx` is a struct cli_progress, all zero. */
void cli_progress(void *ctx, const struct rn_progress *p);

/* Remove the line, so that what follows begins at the left. */
void cli_progress_end(struct cli_progress *p);

/* The line without its control bytes; for a test. */
size_t cli_progress_line(const struct cli_progress *c,
                         const struct rn_progress *p, char *to, size_t cap);

#endif
