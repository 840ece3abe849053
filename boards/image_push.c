/* boards/image_push.c: an image that pushes rows which it makes itself, as a
 * device pushes what it measures. See boards/image.h.
 */
#include "boards/demo.h"
#include "boards/image.h"
#include "runnel/port.h"

static void look(void *ctx)
{
    (void)ctx;
    image_look();
}

static int push(struct rn_error *error, struct rn_receipt *receipt)
{
    uint32_t columns = image_number("columns", DEMO_FEW);
    uint32_t rows = image_number("rows", 2000);
    struct rn_push p = { .name = "demo",
                         .job = image_job(),
                         .col = demo_columns,
                         .cols = columns,
                         .tick = look };
    struct rn_runnel *run;

    p.memory = image_memory(&p.size);
    int err = rn_open(&run, &p, error);
    if (err < 0)
        return err;
    for (uint32_t i = 1; i <= rows && err >= 0; i++)
        err = demo_row(run, i, columns);
    image_look();
    return rn_finish(run, receipt);
}

int image_main(void)
{
    static struct rn_error error;
    static struct rn_receipt receipt;
    int err = image_start(&error);
    if (err == RN_OK)
        err = push(&error, &receipt);
    struct image_report report = { .err = err,
                                   .error = &error,
                                   .rows = receipt.rows,
                                   .files = receipt.files,
                                   .run = receipt.run };
    (void)image_memory(&report.arena);
    return image_end(&report);
}
