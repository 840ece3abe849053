/* mps2-an385/place.c: what an image asks of this board (boards/image.h), and
 * what the port and TLS do.
 */
#include "boards/image.h"
#include "boards/trust_der.h"
#include "lwip/board.h"
#include "mps2.h"

bool image_argument(const char *name, char *to, size_t cap)
{
    return board_argument(name, to, cap);
}

const char *image_job(void)
{
    return (const char *)BOARD_JOB;
}

void *image_memory(size_t *size)
{
    *size = (size_t)(board_ram_end - board_arena);
    return board_arena;
}

size_t image_stack_peak(void)
{
    return board_stack_peak();
}

const uint8_t *rn_board_roots(size_t *len)
{
    *len = BOARD_ROOTS_SIZE;
    return (const uint8_t *)BOARD_ROOTS;
}

size_t rn_board_memory(void)
{
    return (size_t)(board_arena - board_ram);
}

/* A test that names a time server wants to see it asked. */
int64_t rn_board_wall(void)
{
    char server[64];
    if (board_argument("time", server, sizeof server))
        return -1;
    return board_host_seconds() * 1000000;
}

bool rn_board_stop(void)
{
    return false; /* no button */
}
