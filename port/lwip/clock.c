/* lwip/clock.c: time and chance; see runnel/port.h. */
#include "board.h"
#include "loop.h"

/* Wall less monotonic time, once the network has told it. */
static int64_t wall_less_mono;
static bool wall_known;

int64_t rn_clock_mono(void)
{
    return rn_board_mono();
}

void rn_lwip_set_wall(uint32_t seconds, uint32_t us)
{
    wall_less_mono = (int64_t)seconds * 1000000 + us - rn_board_mono() * 1000;
    wall_known = true;
}

int64_t rn_clock_wall(void)
{
    int64_t wall = rn_board_wall();
    if (wall >= 0 || !wall_known)
        return wall;
    return rn_board_mono() * 1000 + wall_less_mono;
}

int rn_entropy(void *buf, size_t len)
{
    return rn_board_entropy(buf, len);
}
