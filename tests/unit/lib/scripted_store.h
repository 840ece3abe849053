/* scripted_store.h: a store in memory that does what a test's script says, and
 * a clock that only moves when somebody waits.
 *
 * Each operation takes the next entry of the script for its kind: whether it
 * is done, and what the answer says. Past the script's end everything works.
 * The store keeps what a reader could have seen, so a test can ask whether a
 * file was ever visible without being whole.
 *
 * Including file defines rn_clock_mono() and the like through scripted_store.c,
 * which the linker then prefers to the port's.
 */
#ifndef SCRIPTED_STORE_H
#define SCRIPTED_STORE_H

#include "runnel/store.h"

/* What happens to one operation. */
struct turn {
    int err;      /* the answer; RN_OK: yes                              */
    bool applied; /* the service does it although err is not RN_OK       */
    bool sent;    /* the client knows that something went out            */
    int64_t retry_after_ms;
    int64_t later_ms; /* applied only when so much time has passed          */
};

#define SCRIPT_MAX  64
#define STORE_BYTES (8u << 20) /* of a visible file */

struct stored_block {
    struct rn_block_id id;
    uint8_t *bytes; /* NULL: an empty place of the table */
    size_t len;
};

struct scripted_store {
    struct rn_store store; /* first member */
    struct turn script[RN_OP_GET + 1][SCRIPT_MAX];
    unsigned scripted[RN_OP_GET + 1]; /* entries                     */
    unsigned calls[RN_OP_GET + 1];    /* operations so far           */
    unsigned connections;
    unsigned most_at_once;
    unsigned renewals; /* how often renew() says there is a new one  */
    unsigned renewed;

    struct rn_transfer *under_way[32];
    unsigned n_under_way;

    struct stored_block *block; /* a hash table by id, `room` places */
    unsigned room;
    unsigned blocks;      /* staged and not published            */
    unsigned overwritten; /* staged again under the same id      */
    bool changed;         /* such a block had other bytes before */
    size_t longest;       /* bytes of the longest block          */

    bool visible;
    uint8_t *content;
    size_t length;
    char run[40];
    unsigned versions;    /* times the visible content was made */
    unsigned listed;      /* ids in the last list               */
    int64_t commit_at_ms; /* a commit that takes effect later; 0: none */
    struct rn_transfer late;
    bool lie_length; /* HEAD tells one byte more */
    bool hide_head;  /* HEAD is not allowed      */
};

extern int64_t scripted_now_ms;

void scripted_init(struct scripted_store *s, unsigned connections);
void scripted_free(struct scripted_store *s);

/* Add a turn for the next unscripted operation of this kind. */
void scripted_turn(struct scripted_store *s, enum rn_op op, struct turn t);

#endif
