/* boards/image.h: what the images of boards share, and what they ask of one.
 *
 *     board's start -> image_main() -> exit code
 *
 * An image is one of image_push.c (rows made on the board), image_job.c (rows
 * of a database in flash) or image_contract.c (the port's test suite). The
 * job is text, as on a host. An image runs it once and says on the console
 *
 *     result: err=0 rows=2000 files=1 run=20261129T135817Z-980c87aa84f5c3ee
 *     error: what, where, what to do
 *     peak: stack=6200 tls=31000 lwip=3300 sqlite=0 arena=70000 spent=0 ms=900
 *
 * (bytes; `spent`: how often lwIP found no memory and waited).
 */
#ifndef BOARDS_IMAGE_H
#define BOARDS_IMAGE_H

#include "runnel/base.h"
#include "runnel/error.h"

/* -- what an image has ------------------------------------------------------ */

int image_main(void);

/* -- what a board has ------------------------------------------------------- */

/* The value of an option that a test gives this run, copied; false when it is
 * not given or does not fit.
 *
 *   rows=N          image_push.c: how many
 *   columns=N       image_push.c: how many of the demo's
 *   host=NAME,ADDR  a name that no name server knows
 *   dns=ADDR        the name server
 *   time=ADDR       an SNTP server: as if the board had no clock
 */
bool image_argument(const char *name, char *to, size_t cap);

/* The job's text, NUL-terminated; never NULL. */
const char *image_job(void);

/* All RAM that nothing else uses, aligned to 16. */
void *image_memory(size_t *size);

/* Bytes of stack ever used; 0: not known. */
size_t image_stack_peak(void);

/* -- what images share (image.c) -------------------------------------------- */

/* The network, and what the options say of it. RN_OK, or what
 * rn_lwip_start() says, in `error` too.
 */
int image_start(struct rn_error *error);

/* A number among the options, or `otherwise`. */
uint32_t image_number(const char *name, uint32_t otherwise);

struct image_report {
    int err; /* of the run */
    const struct rn_error *error;
    uint64_t rows;
    uint32_t files;
    const char *run; /* its name, or "" */
    size_t arena;    /* bytes of image_memory() that the run used */
    size_t sqlite;   /* bytes of its heap ever used */
};

/* Call now and then while connections are open: notes TLS's heap. */
void image_look(void);

/* Say the three lines; returns the exit code. */
int image_end(const struct image_report *r);

/* A line of parts, each a word and, where `numbers` has it, a number: for the
 * console without printf.
 */
void image_say(const char *text);
void image_say_number(const char *name, uint64_t value);

#endif
