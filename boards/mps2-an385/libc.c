/* mps2-an385/libc.c: what newlib asks of a system. There is none, and no heap:
 * who calls malloc() behind our back is found at once.
 */
#include <sys/types.h>

#include "mps2.h"
#include "lwip/board.h"

void *_sbrk(ptrdiff_t by);
void _exit(int code);
int _kill(pid_t pid, int signal);
pid_t _getpid(void);

void *_sbrk(ptrdiff_t by)
{
    (void)by;
    rn_board_halt("malloc", 0);
}

void _exit(int code)
{
    board_exit(code);
}

int _kill(pid_t pid, int signal)
{
    (void)pid;
    board_exit(128 + signal);
}

pid_t _getpid(void)
{
    return 1;
}
