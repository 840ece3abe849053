/* runnel/host.h: what a host with processes gives a main(); defined by
 * port/linux. Firmware has a main loop of its own and needs none of it.
 */
#ifndef RUNNEL_HOST_H
#define RUNNEL_HOST_H

#include "runnel/base.h"

/* First call of a process: makes sure that descriptors 0 to 2 exist (or a log
 * line could land in a socket), installs the signal handlers. SIGINT, SIGTERM
 * and SIGHUP ask for a stop, a second one ends the process with 75 at once;
 * SIGPIPE is ignored.
 */
void rn_linux_start(void);

/* Zeroed pages for the run's one arena, aligned to a page, kept out of core
 * dumps; NULL when the machine has no room. Never given back.
 */
void *rn_linux_region(size_t size);

/* A person looks at this descriptor. */
bool rn_linux_terminal(int fd);

/* Write all of it, waiting as long as it takes: for the summary on stdout.
 * RN_OK or RN_E_STATE.
 */
int rn_linux_print(int fd, const char *text, size_t len);

/* Log lines that could not be written without blocking. */
uint64_t rn_linux_log_dropped(void);

#endif
