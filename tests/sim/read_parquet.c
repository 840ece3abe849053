/* sim/read_parquet.c: Parquet files by the tests' own reader; see
 * sim/read_kit.h.
 */
#include "sim/read_kit.h"

#include <stdio.h>

#include "parquet_reader.h"
#include "same_cell.h"
#include "sim/table.h"

const char *read_parquet(struct rn_bytes file, uint64_t *next)
{
    static struct table_row row;
    static char wrong[200];
    struct rn_cell cell[TABLE_COLUMNS];
    struct rn_col col[TABLE_COLUMNS];
    size_t n = table_schema(col);
    struct pq_reader *r = pq_open(file);
    const char *err = NULL;
    int got = 0;

    wrong[0] = 0;
    if (!pq_error(r) && pq_schema(r)->n != n)
        err = "parquet: other columns";
    while (!err && !pq_error(r) && (got = pq_next(r, cell)) == 1) {
        table_row(*next, &row);
        for (size_t i = 0; i < n && !err; i++) {
            if (!same_cell(&cell[i], &row.cell[i]))
                err = wrong;
        }
        if (err)
            (void)snprintf(wrong, sizeof wrong, "parquet: row %llu is another",
                           (unsigned long long)*next);
        ++*next;
    }
    if (!err && (got < 0 || pq_error(r))) {
        (void)snprintf(wrong, sizeof wrong, "parquet: %s", pq_error(r));
        err = wrong;
    }
    pq_close(r);
    return err;
}
