/* sim/suite.h: cases, and the suites made of them. */
#ifndef TESTS_SIM_SUITE_H
#define TESTS_SIM_SUITE_H

#include "sim/life.h"

/* Run a case to its end: the faulty life, then others in which nothing goes
 * wrong, until one ends well. NULL, or what is wrong.
 */
const char *case_run(const struct sim_case *c);

/* Calls of the port that its first life made. */
uint64_t case_calls(void);
/* And the second one. */
uint64_t case_second_calls(void);

/* The case of a seed. */
void case_of_seed(uint64_t seed, struct sim_case *c);

/* A small job of each format, without a key and with one: how many there are,
 * and the ith.
 */
size_t small_jobs(void);
struct sim_case small_job(size_t i);

struct tally {
    uint64_t passed;
    uint64_t failed;
};

/* Count a case, and say what is wrong with it: `name` replays it. */
__attribute__((format(printf, 3, 4))) void tally_add(struct tally *t,
                                                     const char *err,
                                                     const char *replay, ...);

void suite_seeds(uint64_t from, uint64_t n, struct tally *t);
/* Schedules by name; NULL: all. Cases are dealt out between `parts`. */
struct schedule {
    const char *only;
    unsigned part, parts;
    unsigned dealt;
    const char *name;
    struct tally *t;
};
void suite_named(struct schedule *s);

/* Is the next case this part's? */
bool schedule_mine(struct schedule *s);
/* Run it, and count it. */
void schedule_run(struct schedule *s, const struct sim_case *c);
/* After it: what else must hold. */
void schedule_expect(struct schedule *s, bool holds, const char *what);

struct schedule_entry {
    const char *name;
    void (*run)(struct schedule *s);
};
extern const struct schedule_entry schedules_wire[], schedules_state[];

/* A job to begin with: CSV in blocks of 1 KiB, two files. */
struct sim_case schedule_base(const char *format);

/* The first life that case_run() made. */
const struct life *case_first_life(void);
void suite_torture(unsigned part, unsigned parts, struct tally *t);
void suite_powercut(unsigned part, unsigned parts, struct tally *t);
/* What a sweep does at call `k`, to be looked at again. */
void torture_plan(struct sim_case *c, uint64_t k, int way);
void powercut_plan(struct sim_case *c, uint64_t k, enum sim_when when);
void powercut_second(struct sim_case *c, uint64_t k, enum sim_when when);

void suite_year(uint64_t seed, struct tally *t);
void suite_contract(struct tally *t);

#endif
