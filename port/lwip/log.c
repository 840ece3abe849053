/* lwip/log.c: lines for the console, and the end of an image that broke its own
 * rules.
 */
#include <string.h>

#include "board.h"
#include "runnel/port.h"

#define LINE 256

void rn_log_write(enum rn_level level, const char *line, size_t len)
{
    static const char *const words[] = { "error: ", "warn: ", "info: ",
                                         "debug: " };
    char buf[LINE];
    RN_ASSERT((size_t)level < RN_COUNTOF(words));
    size_t word = strlen(words[level]);
    if (len > sizeof buf - word - 1)
        len = sizeof buf - word - 1;
    memcpy(buf, words[level], word);
    memcpy(buf + word, line, len);
    buf[word + len] = '\n';
    rn_board_log(buf, word + len + 1);
}

_Noreturn void rn_panic(const char *file, int line)
{
    rn_board_halt(file, line);
}

size_t rn_memory_private(void)
{
    return 0; /* all of it is fixed: what the arena used is the figure */
}

size_t rn_memory_process(void)
{
    return rn_board_memory();
}
