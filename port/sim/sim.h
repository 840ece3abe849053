/* sim/sim.h: a machine that is all ours: its clocks, its network, its disk and
 * the moment at which it dies.
 *
 *     sim_start -> (sim_enter -> agent ... -> sim_leave | power cut)... -> ...
 *
 * Time passes in rn_wait() and by a small cost a call, chance comes from one
 * seed, and every call of the port has a number, so "fail call k" and "cut the
 * power after call k" say exactly one thing. Nothing of the host shows: the
 * same seed and plan give the same trace, byte for byte.
 *
 * The peers of the network are someone else's: struct sim_peer.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <setjmp.h>

#include "runnel/port.h"

/* What a call of the port is, for counting, failing and tracing. */
enum sim_call {
    SIM_NET_OPEN,
    SIM_NET_READY,
    SIM_NET_SEND,
    SIM_NET_RECV,
    SIM_NET_CLOSE,
    SIM_WAIT,
    SIM_MONO,
    SIM_WALL,
    SIM_ENTROPY,
    SIM_STATE_OPEN,
    SIM_STATE_LOAD,
    SIM_STATE_SAVE,
    SIM_STATE_CLOSE,
    SIM_FILE,
    SIM_LOG,
    SIM_STOP,
    SIM_MEMORY,
    SIM_CALLS
};
const char *sim_call_name(enum sim_call call);

/* When a cut happens relative to its call. DURING is for saves: some of what
 * was to be written is on the disk, and some is not.
 */
enum sim_when { SIM_BEFORE, SIM_DURING, SIM_AFTER };

/* How a failing save leaves the disk. */
enum sim_disk { SIM_DISK_REFUSES, SIM_DISK_UNSYNCED };

/* What shall go wrong in one life of the agent; zeroes: nothing. Numbers are
 * of calls since sim_enter(), from 1.
 */
struct sim_plan {
    uint64_t fail_at;  /* this call fails                               */
    bool fail_on;      /* ... and all after it                          */
    uint32_t fail_set; /* only such calls fail, by 1 << enum; 0: all    */
    enum sim_disk disk;
    uint64_t cut_at; /* the power goes at this call                     */
    enum sim_when cut_when;
    uint64_t stop_at;   /* somebody asks the agent to stop              */
    int64_t stop_ms;    /* the same by time since sim_enter(); 0: never */
    uint64_t jump_at;   /* the wall clock is set ...                    */
    int64_t jump_us;    /* ... by so much                               */
    size_t send_max;    /* most bytes that one send takes; 0: any       */
    uint32_t deny_dns;  /* so many next look-ups know no such name      */
    bool state_busy;    /* somebody else has the record                 */
    bool state_forgets; /* a disk that lies: saves are never synced     */
};

/* How a life ended. */
enum sim_end { SIM_RETURNED, SIM_POWER_CUT, SIM_PANIC, SIM_LIVELOCK };

/* Calls after which a life is taken for a loop that never ends. */
#define SIM_CALLS_MOST 3000000u

/* -- the world ------------------------------------------------------------- */

/* Begin: clocks at `wall_us`, chance from `seed`, disk empty, no peers. */
void sim_start(uint64_t seed, int64_t wall_us);

/* Give back what the world holds of the host's memory. */
void sim_stop(void);

/* One life of the agent begins under this plan. Where it may end early:
 *
 *     sim_enter(&plan);
 *     enum sim_end end = (enum sim_end)setjmp(sim_home());
 *     if (end == SIM_RETURNED)
 *         ... the agent ...
 *     sim_leave(end);
 */
void sim_enter(const struct sim_plan *plan);
jmp_buf *sim_home_at(void);
#define sim_home() (*sim_home_at())
void sim_leave(enum sim_end end);

uint64_t sim_calls(void);              /* of this life so far           */
unsigned sim_life(void);               /* its number, from 1            */
enum sim_call sim_call_at(uint64_t k); /* what call k of it was         */
const char *sim_panic_text(void);      /* "file:line" after SIM_PANIC   */

/* From now on (or no longer) a broken assertion of the test's own readers goes
 * home as SIM_PANIC too, instead of ending the process.
 */
void sim_catch(bool on);

bool sim_in_agent(void); /* agent code runs just now      */

/* Code of the world that runs inside a port call and may allocate. */
void sim_hold(void);
void sim_release(void);

/* What the agent has not given back. */
unsigned sim_open_connections(void);
bool sim_open_state(void);
uint64_t sim_lookups(void);

/* -- time and chance ------------------------------------------------------- */

int64_t sim_now(void);         /* us since sim_start()                     */
int64_t sim_true_wall(void);   /* us since 1970, as everybody else has it  */
void sim_sleep(int64_t us);    /* time passes, between lives               */
void sim_set_wall(int64_t us); /* how far the agent's clock is off        */
void sim_wall_unknown(bool unknown);

/* Call `fn` at a time, between lives too. */
void sim_at(int64_t when_us, void (*fn)(void *ctx), void *ctx);

uint64_t sim_mix(uint64_t x); /* a good hash of a number                   */
uint64_t sim_random(void);    /* the world's own chance, not the agent's   */

/* -- the network ----------------------------------------------------------- */

#define SIM_CONNECTIONS 64

/* Who answers. All are told inside a port call or a sim_at() function. */
struct sim_peer {
    void *ctx;
    /* Somebody connects: the peer says accept, refuse, or nothing for ever. */
    void (*open)(void *ctx, unsigned conn, const char *host, uint16_t port);
    /* It was accepted, and knows. May be NULL. */
    void (*accepted)(void *ctx, unsigned conn);
    /* Bytes arrive: how many are taken now; less than n: the window closes
     * until sim_conn_window().
     */
    size_t (*take)(void *ctx, unsigned conn, const uint8_t *p, size_t n);
    /* The agent closed, or died. */
    void (*closed)(void *ctx, unsigned conn);
};
void sim_peer(const struct sim_peer *peer);

void sim_conn_accept(unsigned conn, int64_t when_us);
void sim_conn_refuse(unsigned conn, int64_t when_us, int code);
/* Bytes for the agent to read from then on. */
void sim_conn_give(unsigned conn, const void *p, size_t n, int64_t when_us);
/* The end: in order once all was read, or a reset that loses what was not. */
void sim_conn_finish(unsigned conn, int64_t when_us);
void sim_conn_reset(unsigned conn, int64_t when_us);
/* The peer takes more bytes from then on. */
void sim_conn_window(unsigned conn, int64_t when_us);

/* -- disk ------------------------------------------------------------------ */

/* A file that the agent may read; copied. NULL text: there is none. */
void sim_file_set(const char *path, const char *text);

/* A slot with its head of 8 bytes, between lives: for tests that look at it or
 * damage it.
 */
#define SIM_SLOT (8u + RN_STATE_MAX)
uint8_t *sim_state_slot(unsigned slot, size_t *len);
void sim_state_lose(void); /* the file is gone                            */

/* -- what was said --------------------------------------------------------- */

/* Called for each log line; and whether a trace is wanted. */
void sim_on_log(void (*fn)(void *ctx, enum rn_level level, const char *line,
                           size_t len),
                void *ctx);
void sim_trace_on(bool on);
bool sim_tracing(void);

/* A line of the trace, with the time and number of the call before it. */
__attribute__((format(printf, 1, 2))) void sim_trace(const char *fmt, ...);

/* The trace so far (the newest part of it), and a checksum of all of it. */
const char *sim_trace_text(size_t *len);
uint64_t sim_trace_sum(void);

/* -- for the files of this folder ------------------------------------------ */

/* A call begins: its number and cost are counted, what is planned for it
 * happens. True: it fails.
 */
bool sim_begin(enum sim_call call);
void sim_done(void);

bool sim_cuts_during(void); /* the call at hand is cut half-way            */
_Noreturn void sim_cut(void);
size_t sim_send_max(void);
bool sim_dns_denied(void);
const struct sim_plan *sim_plan(void);
bool sim_stop_news(void); /* true once for a stop that nobody noticed yet  */

void sim_advance(int64_t to_us);
int64_t sim_next_event(void); /* INT64_MAX: none                           */

void sim_net_start(void);
void sim_net_drop_all(void); /* the agent is gone */
void sim_net_free(void);
void sim_state_start(void);
void sim_state_power_cut(void);
void sim_file_start(void);

#endif
