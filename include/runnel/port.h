/* port.h: everything runnel asks of the machine.
 *
 * A port is a folder that defines these names (port/linux). They are bound
 * when the image is linked: one image, one port, no table of pointers. What
 * only hosts with files have is in file.h. tests/port/contract.h checks each
 * promise on any port.
 *
 * Times called until or deadline are points on rn_clock_mono(), in
 * milliseconds. No call but rn_wait() blocks, unless it says so.
 */
#ifndef RUNNEL_PORT_H
#define RUNNEL_PORT_H

#include "runnel/base.h"

/* -- network ------------------------------------------------------------ */

/* A connection. All fields are the port's business. */
struct rn_net {
    intptr_t handle; /* < 0: closed */
    intptr_t helper; /* resolving, or another pending thing */
    uint16_t tcp_port;
    uint8_t phase;
    bool more;
    uint8_t pad[4];
};

void rn_net_init(struct rn_net *n); /* closed; must precede anything else */

/* Begin to resolve `host` and to connect. RN_E_AGAIN: under way, call
 * rn_net_ready() after rn_wait(). RN_E_LINK: refused or no such name. `host`
 * is borrowed until ready.
 */
int rn_net_open(struct rn_net *n, const char *host, uint16_t tcp_port);

/* RN_OK once connected, RN_E_AGAIN while under way, RN_E_LINK or RN_E_ABSENT
 * (the name does not resolve) on failure; then the connection is closed.
 */
int rn_net_ready(struct rn_net *n);

/* 1 .. total bytes accepted (short counts are normal), RN_E_AGAIN when the
 * socket takes none now, RN_E_LINK when the connection broke. Never 0.
 */
int rn_net_send(struct rn_net *n, const struct rn_bytes *piece, size_t pieces);

/* Whether more follows at once what is sent from now on, so that the port may
 * let it travel along. Only a hint; false after rn_net_init().
 */
void rn_net_more(struct rn_net *n, bool more);

/* 1 .. cap bytes, RN_E_AGAIN when none are there, RN_E_LINK when the
 * connection broke, RN_E_ABSENT once the peer has closed in order. Never 0.
 */
int rn_net_recv(struct rn_net *n, void *buf, size_t cap);

/* Safe on a closed one. Ends a pending resolve too. */
void rn_net_close(struct rn_net *n);

/* What to wait for. */
struct rn_wait {
    struct rn_net *net;
    bool read;
    bool write;
    bool ready; /* out: something can be done */
};

/* Sleep until one of `n` (0 is allowed: just sleep) is ready, a stop was asked
 * for, or the time has come. Returns how many are ready, or RN_E_STOP when a
 * stop request came in since rn_stop_requested() was last true.
 */
int rn_wait(struct rn_wait *w, size_t n, int64_t until_ms);

/* -- time and chance ---------------------------------------------------- */

int64_t rn_clock_mono(void); /* ms, never goes back                     */
int64_t rn_clock_wall(void); /* us since 1970-01-01 UTC; < 0: not known */

/* Fills all of buf with bytes fit for keys, or RN_E_STATE. */
int rn_entropy(void *buf, size_t len);

/* -- memory that survives power loss ------------------------------------- */

/* Slots 0 and 1 hold the journal's record, of RN_STATE_MAX bytes at most; slots
 * 2 and 3 a checkpoint of the run under way, of rn_state_room() bytes at most.
 * A save may be cut by power loss and leave that slot torn: each pair is
 * written in turn with a checksum, so a port needs no atomicity of its own
 * beyond: a save that returned RN_OK survives power loss, and the other slots
 * are never touched.
 */
#define RN_STATE_MAX   4096
#define RN_STATE_SLOTS 4u

/* 0: this machine has no room for checkpoints, and a run that was cut off
 * begins anew. Does not change while the image runs.
 */
size_t rn_state_room(void);

struct rn_state {
    intptr_t handle;
};

/* Open the record called `name` (Linux: a file, made if absent, owner only)
 * and keep others out until rn_state_close(). RN_E_BUSY: another agent has it.
 * RN_E_STATE: cannot be made or opened; `why` (RN_WHY bytes) says it.
 */
#define RN_WHY 160
int rn_state_open(struct rn_state *s, const char *name, bool write, char *why);

/* Bytes read (0: never written), or RN_E_STATE. */
int rn_state_load(struct rn_state *s, unsigned slot, void *buf, size_t cap);

/* RN_OK once on stable storage; RN_E_STATE with `why` otherwise. Blocks. */
int rn_state_save(struct rn_state *s, unsigned slot, const void *buf,
                  size_t len, char *why);

void rn_state_close(struct rn_state *s); /* safe twice */

/* -- people and process --------------------------------------------------- */

enum rn_level { RN_LOG_ERROR, RN_LOG_WARN, RN_LOG_INFO, RN_LOG_DEBUG };

/* One line, no newline, no secrets. Never blocks: a line that cannot be
 * written now is dropped and counted.
 */
void rn_log_write(enum rn_level level, const char *line, size_t len);

/* True once a person or the system asked for the run to end. */
bool rn_stop_requested(void);

/* Private (anonymous) memory of the process now, bytes; 0: not known. It does
 * not shrink, so at the end of a run it is the peak.
 */
size_t rn_memory_private(void);

/* What the process takes beside the arena: stack, C library, program data;
 * bytes, measured on this port and rounded up. It counts against job.memory.
 */
size_t rn_memory_process(void);

#endif
