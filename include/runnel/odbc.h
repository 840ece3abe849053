/* odbc.h: SQL over an ODBC driver, the smallest seam that a warehouse needs.
 *
 *     open -> connect -> execute ... -> disconnect -> (connect ...) -> close
 *
 * The driver manager is loaded by open() and not before, so a job without a
 * connection pays nothing for it. It and the driver allocate by themselves:
 * memory is measured and not fixed once a connection is there.
 *
 * A connection is used by one caller at a time, and calls block. A stop request
 * ends a statement within RN_ODBC_LOOK_MS where the driver can work
 * asynchronously (Microsoft's); FreeTDS's can't, and there one call may block
 * until the statement's deadline and RN_ODBC_GRACE_MS more. Connecting blocks
 * for RN_ODBC_LOGIN_MS at most.
 */
#ifndef RUNNEL_ODBC_H
#define RUNNEL_ODBC_H

#include "runnel/arena.h"
#include "runnel/base.h"
#include "runnel/error.h"

#define RN_ODBC_LOOK_MS  100
#define RN_ODBC_GRACE_MS 1000 /* timeouts of ODBC are whole seconds      */
#define RN_ODBC_LOGIN_MS 60000
#define RN_ODBC_CELL     2048 /* bytes of a cell of an answer, as UTF-8  */
#define RN_ODBC_MESSAGE  320

/* What a driver says about a failure. The text never holds the connection
 * string, but it may repeat what a statement held: whoever put a secret there
 * takes it out again.
 */
struct rn_odbc_fault {
    char state[6];  /* SQLSTATE, "" when the driver gave none            */
    int32_t native; /* the server's number, or the client's, or 0        */
    char text[RN_ODBC_MESSAGE];
};

struct rn_odbc_query {
    struct rn_bytes sql; /* UTF-8, at most `statement` bytes of open()    */
    int64_t deadline_ms; /* rn_clock_mono() time                          */

    /* Each cell of each row of each answer, in order; p is NULL for NULL.
     * Borrowed until it returns. A failed return ends the query with that
     * code. May be NULL.
     */
    int (*cell)(void *ctx, uint64_t row, unsigned column, struct rn_bytes text);
    void *ctx;

    bool regardless; /* of a stop request: what only tidies up */

    uint64_t affected; /* out: rows that the statements report, in all     */
};

struct rn_odbc; /* opaque */

/* Whether this image has it (`make ODBC=no` leaves it out). */
bool rn_odbc_built(void);

/* Arena bytes that open() takes; `statement`: longest SQL text, bytes. */
size_t rn_odbc_need(size_t statement);

/* Load the driver manager. RN_E_ABSENT with a text when this image or this
 * machine has none.
 */
int rn_odbc_open(size_t statement, struct rn_arena *mem, struct rn_error *error,
                 struct rn_odbc **odbc);

/* `connection`: an ODBC connection string, UTF-8. RN_E_CONFIG: no such driver
 * or data source; RN_E_AUTH: login refused; RN_E_LINK: not reached; RN_E_AGAIN:
 * the deadline passed; RN_E_DENIED: anything else.
 */
int rn_odbc_connect(struct rn_odbc *odbc, const char *connection,
                    int64_t deadline_ms, struct rn_odbc_fault *fault);

/* Run statements and read all of their answers. RN_E_LINK: the connection is
 * lost and with it the knowledge whether they were done; RN_E_AGAIN: the
 * deadline passed; RN_E_STOP; RN_E_FULL: a cell or the text is too long;
 * RN_E_DENIED: the server said no. After RN_E_LINK only disconnect helps.
 */
int rn_odbc_execute(struct rn_odbc *odbc, struct rn_odbc_query *query,
                    struct rn_odbc_fault *fault);

void rn_odbc_disconnect(struct rn_odbc *odbc); /* safe when not connected */
void rn_odbc_close(struct rn_odbc *odbc);      /* safe twice and on NULL  */

#endif
