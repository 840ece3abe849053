/* fuzz_journal.c: whatever is in a state file: what the journal takes for a
 * record it would write the same again, and it never takes a changed one.
 */
#include <string.h>

#include "core/crc64.h"
#include "job/journal_record.h"
#include "runnel/port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Magic, version, length, generation; the checksum at the end. */
#define HEAD 24u
#define TAIL 8u

static void put(uint8_t *to, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(v >> 8 * i);
}

/* The input as the body of a record whose checksum holds. */
static size_t frame(const uint8_t *data, size_t size, unsigned version,
                    uint8_t *to)
{
    memcpy(to, "RNJOURNL", 8);
    put(to + 8, version, 4);
    put(to + 12, size, 4);
    put(to + 16, size * 77, 8);
    memcpy(to + HEAD, data, size);
    put(to + HEAD + size, rn_crc64(0, to, HEAD + size), TAIL);
    return HEAD + size + TAIL;
}

/* A record that was taken: what it says is said again, in the same bytes when
 * it is of the version that is written now.
 */
static void check_record(const uint8_t *p, size_t n,
                         const struct rn_journal_record *r)
{
    static uint8_t again[RN_STATE_MAX];
    static struct rn_journal_record second;
    size_t m = rn_journal_encode(r, again);

    RN_ASSERT(m <= RN_STATE_MAX);
    if (again[8] == p[8])
        RN_ASSERT(m == n && memcmp(again, p, n) == 0);
    RN_ASSERT(rn_journal_decode(again, m, &second) == RN_OK);
    RN_ASSERT(memcmp(&second, r, sizeof(second)) == 0);
    RN_ASSERT(strlen(r->job) < sizeof(r->job) && r->pasts <= RN_HISTORY);
}

static unsigned version_now(void)
{
    static const struct rn_journal_record none;
    static uint8_t record[RN_STATE_MAX];

    rn_journal_encode(&none, record);
    return record[8];
}

/* The first byte chooses the version, the next two what is damaged. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t record[RN_STATE_MAX];
    static struct rn_journal_record r;
    unsigned now = version_now(), version;
    size_t n, at;
    int err;

    if (size < 4 || size > RN_STATE_MAX - HEAD - TAIL)
        return 0;
    err = rn_journal_decode(data, size, &r);
    if (err == RN_OK)
        check_record(data, size, &r);
    version = data[0] % (now + 2);
    n = frame(data + 3, size - 3, version, record);
    err = rn_journal_decode(record, n, &r);
    RN_ASSERT(err == RN_OK || err == RN_E_TORN || err == RN_E_DENIED);
    RN_ASSERT((err == RN_E_DENIED) == (version == 0 || version > now));
    if (err == RN_OK)
        check_record(record, n, &r);
    at = (data[1] | (size_t)data[2] << 8) % (n * 8);
    record[at / 8] ^= (uint8_t)(1u << at % 8);
    RN_ASSERT(rn_journal_decode(record, n, &r) == RN_E_TORN);
    record[at / 8] ^= (uint8_t)(1u << at % 8);
    RN_ASSERT(rn_journal_decode(record, at % n, &r) == RN_E_TORN);
    return 0;
}
