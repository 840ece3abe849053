/* sim/read_avro.c: Avro files by the unit tests' reader; see sim/read_kit.h. */
#include "sim/read_kit.h"

#include <stdlib.h>
#include <string.h>

#include "avro_reader.h"
#include "sim/table.h"

#define SCRATCH ((size_t)4 << 20)

const char *read_avro(struct rn_bytes file, uint64_t *next)
{
    static struct table_row row;
    static uint8_t *copy, *scratch; /* static: the reader leaves by longjmp */
    struct rn_col col[TABLE_COLUMNS];
    size_t n = table_schema(col);
    struct avro_reader r;

    free(copy);
    copy = malloc(file.n + 1);
    if (!scratch)
        scratch = malloc(SCRATCH);
    RN_ASSERT(copy && scratch);
    memcpy(copy, file.p, file.n);
    avro_reader_open(&r, copy, file.n, scratch, SCRATCH);
    while (avro_reader_row(&r)) {
        table_row(*next, &row);
        for (size_t i = 0; i < n; i++)
            avro_reader_expect(&r, &col[i], &row.cell[i]);
        ++*next;
    }
    return NULL;
}
