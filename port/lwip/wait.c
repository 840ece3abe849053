/* lwip/wait.c: the one loop: frames in, lwIP's timers, sleep; and how it
 * starts and ends. See runnel/port.h and board.h.
 */
#include <string.h>

#include "board.h"
#include "loop.h"
#include "lwip/apps/sntp.h"
#include "lwip/dns.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"

static struct netif netif;
static bool stop_told;

/* lwIP's own clock. */
u32_t sys_now(void)
{
    return (u32_t)rn_board_mono();
}

uint32_t rn_lwip_chance(void)
{
    uint32_t chance;
    RN_ASSERT(rn_board_entropy(&chance, sizeof chance) == RN_OK);
    return chance;
}

void rn_lwip_turn(void)
{
    rn_board_poll(&netif);
    sys_check_timeouts();
}

/* Not past the next timer of lwIP. */
static void sleep_until(int64_t until_ms)
{
    uint32_t next = sys_timeouts_sleeptime();
    if (next != SYS_TIMEOUTS_SLEEPTIME_INFINITE) {
        int64_t timer = rn_board_mono() + next;
        if (timer < until_ms)
            until_ms = timer;
    }
    rn_board_sleep(until_ms);
}

static int mark(struct rn_wait *w, size_t n)
{
    int ready = 0;
    for (size_t i = 0; i < n; i++) {
        w[i].ready = rn_lwip_net_ready(&w[i]);
        ready += w[i].ready;
    }
    return ready;
}

bool rn_stop_requested(void)
{
    if (!rn_board_stop())
        return false;
    stop_told = true;
    return true;
}

int rn_wait(struct rn_wait *w, size_t n, int64_t until_ms)
{
    rn_lwip_net_flush();
    for (;;) {
        rn_lwip_turn();
        int ready = mark(w, n);
        if (!stop_told && rn_board_stop()) {
            stop_told = true;
            return RN_E_STOP;
        }
        if (ready > 0 || rn_board_mono() >= until_ms)
            return ready;
        sleep_until(until_ms);
    }
}

static bool has_address(void)
{
    return netif_is_up(&netif) && netif_is_link_up(&netif) &&
           !ip4_addr_isany(netif_ip4_addr(&netif));
}

/* Once, however often it is tried. */
static int add_interface(const struct rn_lwip_setup *setup)
{
    static bool added;
    ip_addr_t dns;
    if (added)
        return RN_OK;
    lwip_init();
    memset(&netif, 0, sizeof netif);
    if (rn_board_netif(&netif) != RN_OK)
        return RN_E_LINK;
    added = true;
    netif_set_default(&netif);
    if (setup->dns[0] != 0 && ipaddr_aton(setup->dns, &dns) != 0)
        dns_setserver(0, &dns);
    return RN_OK;
}

static void ask_time(const char *server)
{
    static bool asked;
    if (asked || server == NULL || rn_clock_wall() >= 0)
        return;
    asked = true;
    sntp_setoperatingmode(SNTP_OPMODE_POLL);
    sntp_setservername(0, server);
    sntp_init();
}

/* Turn and sleep until `is_there`, or it is too late. */
static bool wait_for(bool (*is_there)(void), int64_t until_ms)
{
    while (!is_there()) {
        if (rn_board_mono() >= until_ms)
            return false;
        rn_lwip_turn();
        sleep_until(until_ms);
    }
    return true;
}

static bool has_time(void)
{
    return rn_clock_wall() >= 0;
}

int rn_lwip_start(const struct rn_lwip_setup *setup)
{
    int err = add_interface(setup);
    if (err < 0)
        return err;
    if (!wait_for(has_address, setup->until_ms))
        return RN_E_LINK;
    ask_time(setup->time);
    return wait_for(has_time, setup->until_ms) ? RN_OK : RN_E_AGAIN;
}

int rn_lwip_host(const char *name, const char *address)
{
    ip_addr_t to;
    if (strlen(name) > DNS_MAX_NAME_LENGTH || ipaddr_aton(address, &to) == 0)
        return RN_E_CONFIG;
    return dns_local_addhost(name, &to) == ERR_OK ? RN_OK : RN_E_CONFIG;
}

/* A block in TIME_WAIT has said all it had to say. */
void rn_lwip_drain(int64_t until_ms)
{
    while (tcp_active_pcbs != NULL && rn_board_mono() < until_ms) {
        rn_lwip_turn();
        sleep_until(until_ms);
    }
}

void rn_lwip_memory(size_t *peak, size_t *cap, unsigned *spent)
{
    *peak = lwip_stats.mem.max;
    *cap = lwip_stats.mem.avail;
    *spent = lwip_stats.mem.err;
    for (size_t i = 0; i < MEMP_MAX; i++)
        *spent += lwip_stats.memp[i]->err;
}
