/* job/summary.h: what a person or a program is told at the end of a run. */
#ifndef JOB_SUMMARY_H
#define JOB_SUMMARY_H

#include "job/run.h"
#include "runnel/config.h"
#include "runnel/error.h"
#include "runnel/out.h"

struct rn_summary {
    const struct rn_config *config;
    const struct rn_result *result;
    const struct rn_error *error;
};

/* One JSON object on one line. */
void rn_summary_json(const struct rn_summary *s, struct rn_out *out);

/* A few aligned lines. The error is not among them: it goes to stderr. */
void rn_summary_text(const struct rn_summary *s, struct rn_out *out);

#endif
