/* fuzz_parquet_reader.c: whatever is called a Parquet file, the tests' reader
 * ends: it is the oracle of others, so it must not be led astray itself.
 */
#include <stdlib.h>
#include <string.h>

#include "parquet_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pq_reader *r = pq_open((struct rn_bytes){ data, size });
    const struct rn_schema *s = pq_schema(r);
    struct rn_cell *cell = calloc(s->n + 1, sizeof(*cell));
    uint64_t n = 0, sum = 0;

    RN_ASSERT(cell != NULL);
    while (pq_next(r, cell) > 0) {
        n++;
        for (size_t c = 0; c < s->n; c++) {
            bool bytes = cell[c].type == RN_TEXT || cell[c].type == RN_BLOB;

            for (size_t i = 0; bytes && i < cell[c].as.bytes.n; i++)
                sum += cell[c].as.bytes.p[i];
        }
    }
    RN_ASSERT(pq_error(r) != NULL || n == pq_about(r)->rows);
    RN_ASSERT(sum <= n * size * 255);
    free(cell);
    pq_close(r);
    return 0;
}
