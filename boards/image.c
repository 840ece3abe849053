/* boards/image.c: see boards/image.h. */
#include "boards/image.h"

#include <string.h>

#include "core/heap.h"
#include "lwip/board.h"
#include "runnel/port.h"
#include "tls/platform.h"

/* An address, and the time. */
#define NET_MS 15000

/* The last goodbyes; a board that sleeps next would not wait. */
#define DRAIN_MS 300

static size_t tls_peak;

void image_say(const char *text)
{
    rn_board_log(text, strlen(text));
}

void image_say_number(const char *name, uint64_t value)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = 0;
    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    image_say(name);
    image_say(digits + at);
}

uint32_t image_number(const char *name, uint32_t otherwise)
{
    char text[12];
    uint32_t value = 0;
    if (!image_argument(name, text, sizeof text))
        return otherwise;
    for (const char *p = text; *p >= '0' && *p <= '9'; p++)
        value = value * 10 + (uint32_t)(*p - '0');
    return value;
}

static int name_host(void)
{
    char text[200];
    if (!image_argument("host", text, sizeof text))
        return RN_OK;
    char *comma = strchr(text, ',');
    if (comma == NULL)
        return RN_E_CONFIG;
    *comma = 0;
    return rn_lwip_host(text, comma + 1);
}

int image_start(struct rn_error *error)
{
    static char time_server[64], dns[20];
    struct rn_lwip_setup setup = { .until_ms = rn_clock_mono() + NET_MS };
    if (image_argument("time", time_server, sizeof time_server))
        setup.time = time_server;
    setup.dns = image_argument("dns", dns, sizeof dns) ? dns : "";
    int err = rn_lwip_start(&setup);
    if (err == RN_E_AGAIN)
        return rn_fail(error, err, RN_AT_STORE,
                       "no time server answered; without the time no "
                       "certificate can be checked");
    if (err < 0)
        return rn_fail(error, err, RN_AT_STORE, "no network");
    err = name_host();
    if (err < 0)
        return rn_fail(error, err, RN_AT_CONFIG, "host=NAME,ADDRESS");
    return RN_OK;
}

void image_look(void)
{
    struct rn_heap_stats s;
    rn_tls_platform_stats(&s);
    if (s.peak > tls_peak)
        tls_peak = s.peak;
}

int image_end(const struct image_report *r)
{
    size_t lwip, cap;
    unsigned spent;
    rn_lwip_drain(rn_clock_mono() + DRAIN_MS);
    rn_lwip_memory(&lwip, &cap, &spent);
    image_say_number(r->err < 0 ? "result: err=-" : "result: err=",
                     (uint64_t)(r->err < 0 ? -r->err : r->err));
    image_say_number(" rows=", r->rows);
    image_say_number(" files=", r->files);
    image_say(" run=");
    image_say(r->run);
    if (r->error->code != RN_OK) {
        image_say("\nerror: ");
        image_say(r->error->text);
    }
    image_say_number("\npeak: stack=", image_stack_peak());
    image_say_number(" tls=", tls_peak);
    image_say_number(" lwip=", lwip);
    image_say_number(" sqlite=", r->sqlite);
    image_say_number(" arena=", r->arena);
    image_say_number(" spent=", spent);
    image_say_number(" ms=", (uint64_t)rn_clock_mono());
    image_say("\n");
    return r->error->code != RN_OK ? rn_error_exit(r->error) : r->err < 0;
}
