/* sim/sqlite_life.h: the table as a real database, for the cases that run the
 * real driver.
 */
#ifndef TESTS_SIM_SQLITE_LIFE_H
#define TESTS_SIM_SQLITE_LIFE_H

/* A file of this process, made by sqlite_life_make() from the table. */
const char *sqlite_life_path(void);
void sqlite_life_make(void);

/* After a power cut: give back what the driver held in the process. */
void sqlite_life_forget(void);

#endif
