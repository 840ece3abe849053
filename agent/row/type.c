/* row/type.c: what types are called in messages and manifests. */
#include "runnel/row.h"

const char *rn_type_name(enum rn_type t)
{
    static const char *const name[] = {
        [RN_NULL] = "null",       [RN_BOOL] = "boolean",
        [RN_I64] = "integer",     [RN_F64] = "double",
        [RN_DECIMAL] = "decimal", [RN_DATE] = "date",
        [RN_TIME] = "time",       [RN_TIMESTAMP] = "timestamp",
        [RN_TEXT] = "text",       [RN_BLOB] = "binary",
    };

    return (unsigned)t < RN_COUNTOF(name) ? name[t] : "unknown";
}
