/* linux/clock.c: time and chance; see runnel/port.h. */
#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "runnel/port.h"

int64_t rn_clock_mono(void)
{
    struct timespec t;
    RN_ASSERT(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t rn_clock_wall(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_REALTIME, &t) != 0)
        return -1;
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int rn_entropy(void *buf, size_t len)
{
    uint8_t *at = buf;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return RN_E_STATE;
        at += got;
        len -= (size_t)got;
    }
    return RN_OK;
}
