/* fuzz_job_file.c: any bytes as a job file: read, or one clean line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "job/config.h"

#define CANARY "CaNaRyCaNaRy"

static _Alignas(16) uint8_t space[RN_CONFIG_ARENA];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return setenv("SECRET", CANARY, 1);
}

static void check_text(const struct rn_error *error)
{
    RN_ASSERT(error->code == RN_E_CONFIG && error->text[0] != 0);
    RN_ASSERT(strstr(error->text, CANARY) == NULL);
    for (const char *p = error->text; *p != 0; p++)
        RN_ASSERT((unsigned char)*p >= 0x20);
}

/* What was accepted holds what the header promises. */
static void check_config(const struct rn_config *c)
{
    RN_ASSERT(c->job.memory >= 256u * 1024 && c->job.name[0] != 0);
    RN_ASSERT(c->store.connections >= 1 && c->store.connections <= 32);
    RN_ASSERT(c->file.level >= 1 && c->file.level <= 9);
    RN_ASSERT(c->source.query[0] != 0 && c->store.url[0] != 0);
    RN_ASSERT(strstr(c->store.path, "{run}") != NULL);
    RN_ASSERT(strlen(c->file.null) < RN_CONFIG_ARENA);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rn_config_input in = { "job.ini", { data, size }, NULL, 0 };
    struct rn_config config;
    struct rn_arena mem;
    struct rn_error error;

    /* Names may be shown, so the fuzzer must not write the canary itself. */
    if (size == 0 || memmem(data, size, CANARY, strlen(CANARY)) != NULL)
        return 0;
    rn_arena_init(&mem, "job", space, sizeof space);
    rn_error_clear(&error);
    if (rn_config_read(&in, &mem, &config, &error) < 0)
        check_text(&error);
    else
        check_config(&config);
    return 0;
}
