/* preload/strict.c: ends the process at the first call of an allocator once
 * main() has begun. What runs before it is the loader's own.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

typedef int main_fn(int, char **, char **);
typedef int start_fn(main_fn *, int, char **, void (*)(void), void (*)(void),
                     void (*)(void), void *);

static main_fn *real_main;
static int begun;

static void check(const char *what)
{
    static const char said[] = "allocated after the start: ";

    if (!begun)
        return;
    begun = 0;
    if (write(2, said, sizeof said - 1) < 0 ||
        write(2, what, strlen(what)) < 0 || write(2, "\n", 1) < 0)
        _exit(98);
    abort();
}

static int our_main(int argc, char **argv, char **env)
{
    begun = 1;
    int code = real_main(argc, argv, env);
    begun = 0;
    return code;
}

int __libc_start_main(main_fn *entry, int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*ld)(void), void *stack)
{
    start_fn *start = (start_fn *)dlsym(RTLD_NEXT, "__libc_start_main");

    real_main = entry;
    return start(our_main, argc, argv, init, fini, ld, stack);
}

void *malloc(size_t n)
{
    check("malloc");
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    check("calloc");
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    check("realloc");
    return __libc_realloc(p, n);
}

void *memalign(size_t align, size_t n)
{
    check("memalign");
    return __libc_memalign(align, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    check("aligned_alloc");
    return __libc_memalign(align, n);
}

int posix_memalign(void **p, size_t align, size_t n)
{
    check("posix_memalign");
    *p = __libc_memalign(align, n);
    return *p ? 0 : ENOMEM;
}
