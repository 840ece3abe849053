/* sim/host.c: the rest of what the library links: memory figures, and what only
 * hosts with processes have; see runnel/port.h, host.h and odbc.h.
 */
#include "runnel/host.h"

#include "sim.h"

/* The process is the test's, so what counts is the arena: nothing else. */
#define PROCESS ((size_t)16 * 1024)

size_t rn_memory_private(void)
{
    bool fails = sim_begin(SIM_MEMORY);

    sim_done();
    return fails ? 0 : PROCESS;
}

size_t rn_memory_process(void)
{
    return PROCESS;
}

void rn_linux_start(void)
{
}

void *rn_linux_region(size_t size)
{
    (void)size;
    return NULL; /* whoever drives the world has a region of its own */
}

bool rn_linux_terminal(int fd)
{
    (void)fd;
    return false;
}

int rn_linux_print(int fd, const char *text, size_t len)
{
    (void)fd;
    sim_trace("print: %.*s", (int)len, text);
    return RN_OK;
}

uint64_t rn_linux_log_dropped(void)
{
    return 0;
}
