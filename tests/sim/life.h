/* sim/life.h: a case of the simulator: a job, a world, and what goes wrong in
 * it; and one life of the real agent in that world.
 */
#ifndef TESTS_SIM_LIFE_H
#define TESTS_SIM_LIFE_H

#include "job/run.h"
#include "sim.h"
#include "sim/blob.h"
#include "sim/fault.h"

enum sim_auth { AUTH_SAS, AUTH_SAS_FILE, AUTH_KEY, AUTH_CONNECTION };

struct sim_case {
    const char *name; /* of a named schedule, or NULL */
    uint64_t seed;

    /* The job. Zeroes are left to the agent's defaults. */
    const char *format;
    const char *compression;
    uint64_t rows;
    uint32_t columns; /* as in struct table */
    uint32_t text;
    unsigned rows_per_file;
    unsigned connections;
    enum sim_auth auth;
    const char *checksum;
    unsigned spare_kib; /* of memory, beyond the least that the job needs */
    unsigned block;
    unsigned page;
    unsigned row_group_rows;
    unsigned deadline_s;
    unsigned retry_s;
    unsigned restarts; /* plus 1; 0: default */
    bool watermark;
    bool key; /* source.key: an interrupted run goes on */
    unsigned checkpoint_s;
    bool sqlite;
    const char *sas_rights; /* NULL: "rcwd"                           */
    int64_t sas_from_s;     /* from now; 0: not said                  */
    int64_t sas_for_s;      /* 0: a month                             */
    bool sas_https;

    /* The world. */
    const struct fault *fault;
    size_t faults;
    struct fault_chance chance;
    struct sim_plan plan;
    struct sim_plan second;    /* of the next life; nothing planned: well   */
    struct blob_limits limits; /* zeroes: the real ones */
    int64_t latency_us;
    int64_t wall_off_s; /* the agent's clock is off by so much */
    uint64_t fail_row;

    /* What must come of it: bits 1 << exit code, EXIT_75 for 75; 0: decided by
     * what has hit.
     */
    uint64_t exits;
    const char *says; /* a piece of the error's text, or NULL          */
    bool may_remove;  /* a _SUCCESS that was seen may go away again     */
    bool no_rerun;
    int64_t pause_s;    /* between this life and the next                 */
    int64_t swap_at_ms; /* something happens in the world then */
    void (*swap)(void *ctx);
    void (*before_rerun)(const struct sim_case *c);
    uint64_t rerun_exits; /* what the next life ends with; 0: well         */
    uint64_t late_exits;  /* of the life in which late deeds are done      */
    const char *rerun_says;
    bool lost_journal; /* what only it knew is nobody's any more            */
};

#define EXIT(n)  (UINT64_C(1) << (n))
#define EXIT_75  EXIT(63)
#define EXIT_ANY (~EXIT(0))

struct life {
    enum sim_end end;
    int exit; /* as the program's; meaningless unless RETURNED */
    struct rn_result result;
    struct rn_error error;
    int64_t elapsed_us;
    uint64_t calls;
    bool began; /* the job file was accepted */
};

/* The world as the case has it, empty. */
void life_start(const struct sim_case *c);
void life_end(void);

/* Run the agent once. */
void life_run(const struct sim_case *c, const struct sim_plan *plan,
              struct life *life);

/* Make a new SAS the one that the job's file holds. */
void life_new_sas(const struct sim_case *c);

/* What was wrong with what the agent said or did while it ran, or NULL: a
 * secret in a line, a call of malloc.
 */
const char *life_complaint(void);

/* The last lines that it said. */
const char *life_log(void);

/* How often each canary was looked for; secrets of this case. */
bool life_has_secret(const char *text, size_t n);

/* A run that some life reported as left behind. */
bool life_reported(const char *run);

#endif
