/* lwip/board.h: what port/lwip asks of a board, and what it gives its main().
 *
 *     main: board's own start -> rn_lwip_start -> the agent's run -> stop
 *
 * The port is one loop without threads. lwIP runs inside rn_wait() and nowhere
 * else, so nothing here is called from two places at once, and no interrupt
 * may call into lwIP: a network driver's interrupt only ends
 * rn_board_sleep(), and rn_board_poll() then takes the frames. PORTING.md in
 * port/ says what changes under an RTOS.
 *
 * boards/NAME defines all rn_board_ functions; boards/mps2-an385 is one without
 * an operating system, boards/tap is a host for tests.
 */
#ifndef LWIP_BOARD_H
#define LWIP_BOARD_H

#include "runnel/base.h"

struct netif;

/* -- what a board gives ---------------------------------------------------- */

/* Milliseconds since start, never going back; 64 bits, so a 32-bit tick
 * counter has to be extended by the board.
 */
int64_t rn_board_mono(void);

/* Microseconds since 1970-01-01 UTC of a clock that runs while the power is
 * off, or -1: there is none, and the port asks the network (SNTP).
 */
int64_t rn_board_wall(void);

/* Fill all of `buf` with bytes fit for keys (a hardware generator, or a
 * generator seeded by one): RN_OK, or RN_E_STATE and TLS is refused.
 */
int rn_board_entropy(void *buf, size_t len);

/* Add the one network interface with netif_add(), its address set or DHCP
 * begun, and bring it up. `n` is zeroed. RN_OK or RN_E_LINK.
 */
int rn_board_netif(struct netif *n);

/* Hand every received frame to lwIP (n->input), without waiting. */
void rn_board_poll(struct netif *n);

/* Sleep until an interrupt, or until rn_board_mono() is `until_ms`. May return
 * early. A frame that came since the last rn_board_poll() must not be slept
 * through: look at the receiver with interrupts off, then sleep.
 */
void rn_board_sleep(int64_t until_ms);

/* True once the run shall end: a button, a power-fail warning. */
bool rn_board_stop(void);

/* Bytes to the console, all or none, at once: the line ends in a newline. */
void rn_board_log(const char *line, size_t len);

/* A contract of ours was broken at this place: say so and stop or reset. */
_Noreturn void rn_board_halt(const char *file, int line);

/* Bytes of RAM that are not the arena: stack, data, the port's own tables. */
size_t rn_board_memory(void);

/* Flash for the journal: `rn_board_sectors` sectors, 2 (enough) or 4 (lets a
 * run go on after a power cut), of rn_board_sector_size bytes, at least
 * RN_STATE_MAX + 16. An erase turns a sector's bytes into 0xff, a write turns
 * some of them into data and is done once a place after an erase. Either may be
 * cut by power loss and leave anything in that sector, and only there. RN_OK
 * means it is in the flash; RN_E_STATE: it failed.
 */
extern const unsigned rn_board_sectors;
extern const size_t rn_board_sector_size;
int rn_board_flash_read(unsigned sector, size_t at, void *buf, size_t len);
int rn_board_flash_erase(unsigned sector);
int rn_board_flash_write(unsigned sector, size_t at, const void *buf,
                         size_t len);

/* -- what it gets ---------------------------------------------------------- */

struct rn_lwip_setup {
    const char *dns;  /* address of the name server, or "" for the one that
                       * DHCP names, if it runs                             */
    const char *time; /* host or address of an SNTP server, borrowed for
                       * good; asked when rn_board_wall() is < 0            */
    int64_t until_ms; /* how long to wait for an address and the time       */
};

/* Start lwIP and the interface; returns once there is a link, an address and
 * the time; may be called again after a failure. RN_E_LINK: no address by then.
 * RN_E_AGAIN: no time; everything else works, but no certificate and no
 * signature is good without it.
 */
int rn_lwip_start(const struct rn_lwip_setup *setup);

/* What `name` resolves to from now on without asking anyone: for sites that
 * have no name server. One name; RN_E_CONFIG when it does not fit.
 */
int rn_lwip_host(const char *name, const char *address);

/* Let what is still queued leave and connections end, for at most so long. */
void rn_lwip_drain(int64_t until_ms);

/* Largest use so far of lwIP's heap in bytes, and how often it or a pool was
 * spent (each time something waits or a frame is dropped, nothing is lost).
 */
void rn_lwip_memory(size_t *peak, size_t *cap, unsigned *spent);

#endif
