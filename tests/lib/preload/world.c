/* preload/world.c: another time, and names that lead to this machine.
 *
 *     SHIFT=-86400     the wall clock is a day behind
 *     NAMES=.example   every name that ends so is 127.0.0.1
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *t)
{
    static int (*real)(clockid_t, struct timespec *);
    const char *shift = getenv("SHIFT");

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int err = real(clock, t);
    if (err == 0 && clock == CLOCK_REALTIME && shift)
        t->tv_sec += strtoll(shift, NULL, 10);
    return err;
}

int getaddrinfo(const char *name, const char *service,
                const struct addrinfo *hints, struct addrinfo **found)
{
    static int (*real)(const char *, const char *, const struct addrinfo *,
                       struct addrinfo **);
    const char *names = getenv("NAMES");
    size_t n = name ? strlen(name) : 0;

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (names && n >= strlen(names) &&
        strcmp(name + n - strlen(names), names) == 0)
        name = "127.0.0.1";
    return real(name, service, hints, found);
}
