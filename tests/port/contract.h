/* port/contract.h: the contract suite: every promise of runnel/port.h, checked
 * on the port that the program is linked with.
 *
 *     a rig is filled -> rn_port_checks() -> "12 passed, 0 failed, 1 skipped"
 *
 * It needs nothing of a host: no malloc, no stdio, no test library, about
 * 12 KiB of static memory, so a board runs it as it is. At the other end of
 * its connections is the peer (peer.c), a program on the host; what a rig
 * cannot offer is skipped by name.
 */
#ifndef PORT_CONTRACT_H
#define PORT_CONTRACT_H

#include "runnel/port.h"

/* What the place offers. Fields not set: what needs them is skipped. */
struct rn_port_rig {
    /* The peer, as rn_net_open() takes it, and its ports by what it does with
     * a connection.
     */
    const char *host;
    uint16_t echo;   /* gives back every byte, closes when told to          */
    uint16_t refuse; /* nobody listens                                      */
    uint16_t silent; /* accepts, then neither reads nor writes              */
    uint16_t send;   /* sends RN_PORT_SENT bytes of the pattern, then closes
                      * in order                                            */
    uint16_t reset;  /* waits for a byte, then resets                       */
    uint16_t half;   /* sends RN_PORT_SENT bytes and ends its direction, but
                      * goes on reading                                     */

    const char *stranger; /* a name that does not resolve */

    /* A record that was never written when the suite begins. */
    const char *state;
    bool locks; /* the port keeps a second opener out */

    /* Power. cut() makes the medium stop at the nth piece of its work from now
     * (write, erase, sync; 0: at once): that piece is torn or lost, later ones
     * do nothing and saves fail. back() is the next start: whatever the port
     * holds in volatile memory is gone. Both or neither.
     */
    void (*cut)(struct rn_port_rig *rig, unsigned nth);
    void (*back)(struct rn_port_rig *rig);

    unsigned log_lines; /* to write at once; 0: a few. More than what takes
                         * them can hold shows that the log never blocks */

    /* One line of the report, without its newline. */
    void (*print)(struct rn_port_rig *rig, const char *line);
    void *ctx; /* the rig's own */
};

/* Byte i of what the peer sends, and of what the suite sends it. */
#define RN_PORT_SENT 100000u
static inline uint8_t rn_port_pattern(uint32_t i)
{
    /* Not a power of two long, so that a swapped or repeated segment shows. */
    return (uint8_t)(i % 251 + i / 251 * 7);
}

#define RN_PORT_WHY 160
enum rn_port_verdict { RN_PORT_PASSED, RN_PORT_FAILED, RN_PORT_SKIPPED };

struct rn_port_check {
    const char *name; /* the promise, with _ for blanks */
    /* `why` (RN_PORT_WHY bytes, "" before) says what was wrong or missing. */
    enum rn_port_verdict (*run)(struct rn_port_rig *rig, char *why);
};

/* In the order in which they must run: the first of the state's finds the
 * record empty.
 */
extern const struct rn_port_check *const rn_port_groups[];
extern const size_t rn_port_groups_n;
struct rn_port_check rn_port_check_at(size_t at); /* name NULL: no more */

/* Run all; prints a line each and the counts. Returns how many failed. */
unsigned rn_port_checks(struct rn_port_rig *rig);

/* -- for the checks themselves -------------------------------------------- */

/* The groups end with a name of NULL. */
extern const struct rn_port_check rn_port_time_checks[];
extern const struct rn_port_check rn_port_open_checks[];
extern const struct rn_port_check rn_port_bytes_checks[];
extern const struct rn_port_check rn_port_state_checks[];

/* How long anything may take before it counts as never, ms. */
#define RN_PORT_PATIENCE 20000

/* `return rn_port_fail(why, "text", code)`: FAILED, with the code in it. */
enum rn_port_verdict rn_port_fail(char *why, const char *what, int code);
enum rn_port_verdict rn_port_skip(char *why, const char *what);

/* Open and wait until it is ready or failed: the last code of rn_net_ready()
 * or rn_net_open().
 */
int rn_port_connect(struct rn_net *n, const char *host, uint16_t tcp_port);

/* Wait for one connection; true: ready before patience ran out. */
bool rn_port_wait(struct rn_net *n, bool read, bool write);

/* The next bytes, waiting for them: as rn_net_recv(), but RN_E_AGAIN means
 * that patience ran out.
 */
int rn_port_recv(struct rn_net *n, void *buf, size_t cap);

/* All of buf, waiting as long as it takes: RN_OK or a code. */
int rn_port_send(struct rn_net *n, const void *buf, size_t len);

#endif
