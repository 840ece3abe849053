/* sim/oracle.h: what must hold after every case: O1 to O10 of the plan. Each
 * returns NULL, or what is wrong, beginning with its name.
 */
#ifndef TESTS_SIM_ORACLE_H
#define TESTS_SIM_ORACLE_H

#include "sim/life.h"

/* Before the first life of a case: watches what becomes visible, and when. */
void oracle_start(const struct sim_case *c);

/* After a life; `faulty`: something was meant to go wrong in it. */
const char *oracle_life(const struct sim_case *c, const struct life *life,
                        bool faulty);

/* At the end, after a life that ended well. */
const char *oracle_end(const struct sim_case *c);

/* The oracles by themselves. */
const char *oracle_1_rows(const struct sim_case *c, const struct life *life);
const char *oracle_2_once(void);
const char *oracle_3_complete(const struct sim_case *c);
const char *oracle_4_one_attempt(const struct sim_case *c);
const char *oracle_6_time(const struct sim_case *c, const struct life *life);
const char *oracle_8_same_end(const struct sim_case *c);
const char *oracle_9_exit(const struct sim_case *c, const struct life *life);
const char *oracle_10_leftovers(const struct sim_case *c);

#endif
