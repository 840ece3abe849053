/* boards/image_job.c: an image that runs a job whose rows come from a database
 * in flash. See boards/image.h.
 */
#include <string.h>

#include "boards/image.h"
#include "boards/sqlite_flash_vfs.h"
#include "job/config.h"
#include "job/run.h"
#include "runnel/port.h"

/* boards/shop.sql, as the build made it. */
__asm__(".section .rodata.shop, \"a\"\n"
        ".balign 8\n"
        ".global shop_begin, shop_end\n"
        "shop_begin: .incbin \"" SHOP_DATABASE "\"\n"
        "shop_end:\n"
        ".previous\n");
extern const uint8_t shop_begin[], shop_end[];

const struct rn_flash_database rn_flash_databases[] = {
    { "shop", shop_begin, shop_end },
};
const size_t rn_flash_databases_n = RN_COUNTOF(rn_flash_databases);

static struct rn_config config;
static struct rn_result result;

static void look(void *ctx, const struct rn_progress *p)
{
    (void)ctx;
    (void)p;
    image_look();
}

static int run(struct rn_error *error)
{
    struct rn_run_options options = { .progress = look };
    struct rn_config_input in = { .path = "job",
                                  .text = rn_bytes_of(image_job()) };
    struct rn_arena mem;
    size_t size;
    void *base = image_memory(&size);

    rn_arena_init(&mem, "job", base, size & ~(size_t)(RN_ALIGN - 1));
    int err = rn_config_read(&in, &mem, &config, error);
    if (err < 0)
        return err;
    /* All there is, less what the job's own text took. */
    config.job.memory = rn_memory_process() + mem.cap;
    config.bytes = mem.used;
    return rn_run(&config, &options, &mem, &result, error);
}

int image_main(void)
{
    static struct rn_error error;
    int err = image_start(&error);
    if (err == RN_OK)
        err = run(&error);
    struct image_report report = { .err = err,
                                   .error = &error,
                                   .rows = result.rows,
                                   .files = result.files,
                                   .run = result.run };
    (void)image_memory(&report.arena);
    return image_end(&report);
}
