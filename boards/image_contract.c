/* boards/image_contract.c: the port's contract suite (tests/port) as an image.
 * See boards/image.h.
 *
 * Options: the ports of its peer (echo, refuse, silent, send, reset, half) and
 * the host that it runs on (peer=ADDRESS). Flash is cut between here and the
 * board's driver: the linker leads rn_board_flash_ calls through (--wrap).
 */
#include <string.h>

#include "boards/image.h"
#include "lwip/board.h"
#include "port/contract.h"

int __real_rn_board_flash_erase(unsigned sector);
int __real_rn_board_flash_write(unsigned sector, size_t at, const void *buf,
                                size_t len);
int __wrap_rn_board_flash_erase(unsigned sector);
int __wrap_rn_board_flash_write(unsigned sector, size_t at, const void *buf,
                                size_t len);

/* Pieces of work until the power goes; < 0: it stays. */
static int pieces_left = -1;
static bool power_is_off;

/* True: this piece of work is the one that is cut, or comes after it. */
static bool is_cut(void)
{
    if (power_is_off || pieces_left < 0)
        return power_is_off;
    power_is_off = pieces_left-- == 0;
    return power_is_off;
}

int __wrap_rn_board_flash_erase(unsigned sector)
{
    bool was_off = power_is_off;
    if (!is_cut())
        return __real_rn_board_flash_erase(sector);
    /* half of it reads as something else */
    if (!was_off) {
        static const uint8_t junk[64] = { 0x5a, 0xa5, 0 };
        (void)__real_rn_board_flash_write(sector, 0, junk, sizeof junk);
    }
    return RN_E_STATE;
}

int __wrap_rn_board_flash_write(unsigned sector, size_t at, const void *buf,
                                size_t len)
{
    const uint8_t *p = buf;
    while (len > 0) {
        size_t n = len < 256 ? len : 256;
        bool was_off = power_is_off;
        if (is_cut()) {
            if (!was_off)
                (void)__real_rn_board_flash_write(sector, at, p, n / 2);
            return RN_E_STATE;
        }
        if (__real_rn_board_flash_write(sector, at, p, n) != RN_OK)
            return RN_E_STATE;
        at += n;
        p += n;
        len -= n;
    }
    return RN_OK;
}

static void cut(struct rn_port_rig *rig, unsigned nth)
{
    (void)rig;
    pieces_left = (int)nth;
}

/* A start knows of no open record. */
static void back(struct rn_port_rig *rig)
{
    struct rn_state s = { 0 };
    (void)rig;
    pieces_left = -1;
    power_is_off = false;
    rn_state_close(&s);
}

static void print(struct rn_port_rig *rig, const char *line)
{
    (void)rig;
    image_say(line);
    image_say("\n");
}

static uint16_t tcp_port(const char *name)
{
    return (uint16_t)image_number(name, 0);
}

int image_main(void)
{
    static char host[64], stranger[64];
    static struct rn_error error;
    struct rn_port_rig rig = {
        .echo = tcp_port("echo"),
        .refuse = tcp_port("refuse"),
        .silent = tcp_port("silent"),
        .send = tcp_port("send"),
        .reset = tcp_port("reset"),
        .half = tcp_port("half"),
        .state = "contract",
        .locks = true,
        .cut = cut,
        .back = back,
        .print = print,
    };
    struct image_report report = { .error = &error, .run = "" };
    if (image_argument("peer", host, sizeof host))
        rig.host = host;
    if (image_argument("stranger", stranger, sizeof stranger))
        rig.stranger = stranger;
    report.err = image_start(&error);
    if (report.err == RN_OK && rn_port_checks(&rig) > 0)
        report.err = RN_E_STATE;
    return image_end(&report);
}
