/* tls/platform.c: see tls/platform.h. The functions without rn_ are those that
 * mbedTLS's configuration leaves to us.
 */
#include "tls/platform.h"

#include <mbedtls/platform.h>
#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <string.h>
#include <time.h>

#include "runnel/port.h"
#include "tls/versions.h"

/* mbedTLS's MBEDTLS_ERR_ENTROPY_SOURCE_FAILED; the module is not built. */
#define NO_ENTROPY (-0x003C)

static struct rn_heap *heap;
static bool no_random; /* since rn_tls_no_random() was last asked */

static void *tls_calloc(size_t n, size_t size)
{
    return heap != NULL ? rn_heap_calloc(heap, n, size) : NULL;
}

static void tls_free(void *p)
{
    if (p == NULL)
        return;
    RN_ASSERT(heap != NULL);
    rn_heap_free(heap, p);
}

static mbedtls_time_t tls_time(mbedtls_time_t *t)
{
    mbedtls_time_t now = (mbedtls_time_t)(rn_clock_wall() / 1000000);
    if (t != NULL)
        *t = now;
    return now;
}

mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return rn_clock_mono();
}

/* Civil date from days, counted from a first of March so that the leap day is
 * a year's last. Times before 1970 read as 1970: such a clock was never set.
 */
struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *t, struct tm *to)
{
    int64_t s = *t > 0 ? (int64_t)*t : 0;
    int64_t days = s / 86400 + 719468;
    int64_t era = days / 146097;
    int64_t of_era = days % 146097;
    int64_t year =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;

    memset(to, 0, sizeof *to);
    to->tm_mday = (int)(of_year - (153 * month + 2) / 5 + 1);
    to->tm_mon = (int)(month < 10 ? month + 2 : month - 10);
    to->tm_year = (int)(year + era * 400 + (month >= 10) - 1900);
    to->tm_hour = (int)(s % 86400 / 3600);
    to->tm_min = (int)(s % 3600 / 60);
    to->tm_sec = (int)(s % 60);
    return to;
}

static bool entropy(unsigned char *to, size_t len)
{
    bool got = rn_entropy(to, len) == RN_OK;
    no_random = no_random || !got;
    return got;
}

bool rn_tls_no_random(void)
{
    bool was = no_random;
    no_random = false;
    return was;
}

int rn_tls_random(void *ctx, unsigned char *to, size_t len)
{
    (void)ctx;
    return entropy(to, len) ? 0 : NO_ENTROPY;
}

int rn_tls_platform_start(void *slice, size_t cap)
{
    uint8_t probe[16];
    RN_ASSERT(heap == NULL);
    if (rn_entropy(probe, sizeof probe) != RN_OK)
        return RN_E_STATE;
    heap = rn_heap_init(slice, cap);
    (void)mbedtls_platform_set_calloc_free(tls_calloc, tls_free);
    (void)mbedtls_platform_set_time(tls_time);
    int err = rn_tls_crypto_start();
    if (err < 0)
        rn_tls_platform_stop();
    return err;
}

void rn_tls_platform_stop(void)
{
    if (heap == NULL)
        return;
    rn_tls_crypto_stop();
    heap = NULL;
}

void rn_tls_platform_stats(struct rn_heap_stats *s)
{
    memset(s, 0, sizeof *s);
    if (heap != NULL)
        rn_heap_stats(heap, s);
}

static void put_number(char *to, int value, int digits)
{
    while (digits-- > 0) {
        to[digits] = (char)('0' + value % 10);
        value /= 10;
    }
}

void rn_tls_today(char day[11])
{
    struct tm tm;
    mbedtls_time_t now = tls_time(NULL);
    mbedtls_platform_gmtime_r(&now, &tm);
    memcpy(day, "0000-00-00", 11);
    put_number(day, tm.tm_year + 1900, 4);
    put_number(day + 5, tm.tm_mon + 1, 2);
    put_number(day + 8, tm.tm_mday, 2);
}
