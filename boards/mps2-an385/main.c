/* mps2-an385/main.c: one run of the job in flash, then the end.
 *
 * A device would sleep until the next run is due; tests want an exit code.
 */
#include <stdio.h>
#include <string.h>

#include "boards/trust_der.h"
#include "job/config.h"
#include "job/run.h"
#include "lwip/board.h"
#include "mps2.h"
#include "runnel/port.h"

static struct rn_config config;
static struct rn_result result;
static struct rn_error error;

int64_t rn_board_wall(void)
{
    char server[64];
    if (board_argument("time", server, sizeof server))
        return -1;
    return board_host_seconds() * 1000000;
}

bool rn_board_stop(void)
{
    return false;
}

size_t rn_board_memory(void)
{
    return (size_t)(board_arena - board_ram);
}

const uint8_t *rn_board_roots(size_t *len)
{
    *len = BOARD_ROOTS_SIZE;
    return (const uint8_t *)BOARD_ROOTS;
}

static size_t text_len(const uint8_t *p, size_t cap)
{
    size_t n = 0;
    while (n < cap && p[n] != 0 && p[n] != 0xff)
        n++;
    return n;
}

static int start_net(void)
{
    static char server[64];
    char host[160];
    struct rn_lwip_setup setup = { .dns = "10.0.2.3",
                                   .until_ms = rn_clock_mono() + 10000 };
    if (board_argument("time", server, sizeof server))
        setup.time = server;
    int err = rn_lwip_start(&setup);
    char *at = NULL;
    if (err == RN_OK && board_argument("host", host, sizeof host) &&
        (at = strchr(host, ',')) != NULL) {
        *at = 0;
        err = rn_lwip_host(host, at + 1);
    }
    return err;
}

static int run(void)
{
    struct rn_arena mem;
    struct rn_run_options options = { 0 };
    const uint8_t *text = (const uint8_t *)BOARD_JOB;
    size_t room = (size_t)(board_ram_end - board_arena);
    char memory[40];
    (void)snprintf(memory, sizeof memory, "job.memory=%u",
                   (unsigned)(board_ram_end - board_ram));
    struct rn_setting set = { memory };
    struct rn_config_input in = { "job", { text, text_len(text, BOARD_JOB_SIZE) },
                                  &set, 1 };
    rn_arena_init(&mem, "all", board_arena, room);
    int err = rn_config_read(&in, &mem, &config, &error);
    if (err == RN_OK)
        err = rn_run(&config, &options, &mem, &result, &error);
    return err;
}

int main(void)
{
    char text[500];
    board_say("boot\n"); int err = start_net(); board_say("net\n");
    if (err == RN_OK)
        err = run();
    (void)snprintf(text, sizeof text, "result: err=%d rows=%u files=%u run=%s\n",
                   err, (unsigned)result.rows, (unsigned)result.files,
                   result.run);
    board_say(text);
    if (error.code != RN_OK) {
        (void)snprintf(text, sizeof text, "error: %s\n", error.text);
        board_say(text);
    }
    size_t peak, cap;
    unsigned spent;
    rn_lwip_memory(&peak, &cap, &spent);
    (void)snprintf(text, sizeof text, "peak: stack=%u lwip=%u\n",
                   (unsigned)board_stack_peak(), (unsigned)peak);
    board_say(text);
    return err == RN_OK ? 0 : error.code != RN_OK ? rn_error_exit(&error) : 1;
}
