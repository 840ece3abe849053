/* mps2-an385/semihosting.c: the debugger's services (Arm's semihosting, IHI
 * 0100), which QEMU offers too.
 *
 * They stand in for what the emulated board lacks, and nothing else uses them:
 * a clock that runs without power, a hardware random generator, flash that
 * outlives a restart (a file of the host), an exit code, and arguments for
 * tests. A real board has the parts themselves; see port/PORTING.md.
 */
#include <string.h>

#include "mps2.h"
#include "lwip/board.h"

enum {
    SYS_OPEN = 0x01,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_SEEK = 0x0A,
    SYS_FLEN = 0x0C,
    SYS_TIME = 0x11,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20
};

#define APPLICATION_EXIT 0x20026u

static uint32_t ask(uint32_t what, const void *block)
{
    register uint32_t r0 __asm("r0") = what;
    register const void *r1 __asm("r1") = block;
    __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

_Noreturn void board_exit(int code)
{
    uint32_t block[2] = { APPLICATION_EXIT, (uint32_t)code };
    (void)ask(SYS_EXIT_EXTENDED, block);
    for (;;)
        __asm volatile("wfi");
}

/* The command line, its words apart: those of the tests hold no blanks. */
static const char *command_line(void)
{
    static char line[512];
    uint32_t block[2] = { (uint32_t)(uintptr_t)line, sizeof line - 1 };
    if (line[0] == 0 && ask(SYS_GET_CMDLINE, block) != 0)
        line[0] = 0;
    return line;
}

bool board_argument(const char *name, char *to, size_t cap)
{
    size_t len = strlen(name);
    const char *p = command_line();
    while (*p != 0) {
        size_t word = strcspn(p, " ");
        if (word > len && memcmp(p, name, len) == 0 && p[len] == '=' &&
            word - len - 1 < cap) {
            memcpy(to, p + len + 1, word - len - 1);
            to[word - len - 1] = 0;
            return true;
        }
        p += word;
        p += strspn(p, " ");
    }
    return false;
}

int board_host_open(const char *path, const char *mode)
{
    /* its numbers are those of ISO C's modes, in this order */
    static const char *const modes[] = {
        "r", "rb", "r+", "r+b", "w", "wb", "w+", "w+b", "a", "ab", "a+", "a+b"
    };
    uint32_t block[3] = { (uint32_t)(uintptr_t)path, 0,
                          (uint32_t)strlen(path) };
    while (strcmp(modes[block[1]], mode) != 0)
        block[1]++;
    return (int)ask(SYS_OPEN, block);
}

int64_t board_host_size(int file)
{
    uint32_t block[1] = { (uint32_t)file };
    return (int32_t)ask(SYS_FLEN, block);
}

static int seek(int file, size_t at)
{
    uint32_t block[2] = { (uint32_t)file, (uint32_t)at };
    return ask(SYS_SEEK, block) == 0 ? RN_OK : RN_E_STATE;
}

int board_host_read(int file, size_t at, void *buf, size_t len)
{
    uint32_t block[3] = { (uint32_t)file, (uint32_t)(uintptr_t)buf,
                          (uint32_t)len };
    if (seek(file, at) < 0)
        return RN_E_STATE;
    return ask(SYS_READ, block) == 0 ? RN_OK : RN_E_STATE;
}

int board_host_write(int file, size_t at, const void *buf, size_t len)
{
    uint32_t block[3] = { (uint32_t)file, (uint32_t)(uintptr_t)buf,
                          (uint32_t)len };
    if (seek(file, at) < 0)
        return RN_E_STATE;
    return ask(SYS_WRITE, block) == 0 ? RN_OK : RN_E_STATE;
}

int64_t board_host_seconds(void)
{
    return ask(SYS_TIME, NULL);
}

int rn_board_entropy(void *buf, size_t len)
{
    static int file = -1;
    if (file < 0)
        file = board_host_open("/dev/urandom", "rb");
    uint32_t block[3] = { (uint32_t)file, (uint32_t)(uintptr_t)buf,
                          (uint32_t)len };
    return file >= 0 && ask(SYS_READ, block) == 0 ? RN_OK : RN_E_STATE;
}
