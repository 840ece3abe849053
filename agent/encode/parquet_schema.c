/* encode/parquet_schema.c: see rn_pq_put_schema() in encode/parquet_footer.h.
 *
 * Every column has both annotations: LogicalType, and for readers that do not
 * know it ConvertedType. Local times and timestamps have the latter too, which
 * LogicalTypes.md asks for although it cannot say that they are local.
 */
#include "encode/parquet_footer.h"

/* parquet.thrift, enum ConvertedType */
enum converted {
    NONE = -1,
    UTF8 = 0,
    DECIMAL = 5,
    DATE = 6,
    TIME_MILLIS = 7,
    TIME_MICROS = 8,
    TIMESTAMP_MILLIS = 9,
    TIMESTAMP_MICROS = 10,
    INT_8 = 15,
    INT_16 = 16,
    INT_32 = 17,
    JSON = 19
};

/* parquet.thrift, union LogicalType */
enum logical {
    AS_STRING = 1,
    AS_DECIMAL = 5,
    AS_DATE = 6,
    AS_TIME = 7,
    AS_TIMESTAMP = 8,
    AS_INTEGER = 10,
    AS_JSON = 12,
    AS_UUID = 14
};

static bool is_small(const struct rn_col *col)
{
    return col->bits == 8 || col->bits == 16 || col->bits == 32;
}

static enum converted converted_of(const struct rn_col *col)
{
    switch (col->type) {
    case RN_I64:
        return col->bits == 8    ? INT_8
               : col->bits == 16 ? INT_16
               : col->bits == 32 ? INT_32
                                 : NONE;
    case RN_DECIMAL:
        return DECIMAL;
    case RN_DATE:
        return DATE;
    case RN_TIME:
        return col->millis ? TIME_MILLIS : TIME_MICROS;
    case RN_TIMESTAMP:
        return col->millis ? TIMESTAMP_MILLIS : TIMESTAMP_MICROS;
    case RN_TEXT:
        return col->json ? JSON : UTF8;
    default:
        return NONE;
    }
}

/* TIME and TIMESTAMP */
static void put_clock(struct rn_thrift *t, enum logical id, bool utc,
                      bool millis)
{
    rn_thrift_struct(t, (int)id);
    rn_thrift_bool(t, 1, utc);
    rn_thrift_struct(t, 2);
    rn_thrift_empty(t, millis ? 1 : 2);
    rn_thrift_end(t);
    rn_thrift_end(t);
}

static void put_integer(struct rn_thrift *t, uint8_t bits)
{
    rn_thrift_struct(t, AS_INTEGER);
    rn_thrift_i8(t, 1, (int8_t)bits);
    rn_thrift_bool(t, 2, true);
    rn_thrift_end(t);
}

static void put_decimal(struct rn_thrift *t, const struct rn_col *col)
{
    rn_thrift_struct(t, AS_DECIMAL);
    rn_thrift_i32(t, 1, col->scale);
    rn_thrift_i32(t, 2, col->precision);
    rn_thrift_end(t);
}

static void put_logical(struct rn_thrift *t, const struct rn_col *col)
{
    if (col->type == RN_BOOL || col->type == RN_F64 || col->type == RN_BLOB)
        return;
    if (col->type == RN_I64 && !is_small(col))
        return;
    rn_thrift_struct(t, 10);
    if (col->type == RN_I64)
        put_integer(t, col->bits);
    else if (col->type == RN_DECIMAL)
        put_decimal(t, col);
    else if (col->type == RN_DATE)
        rn_thrift_empty(t, AS_DATE);
    else if (col->type == RN_TIME)
        put_clock(t, AS_TIME, false, col->millis);
    else if (col->type == RN_TIMESTAMP)
        put_clock(t, AS_TIMESTAMP, col->utc, col->millis);
    else if (col->type == RN_UUID)
        rn_thrift_empty(t, AS_UUID);
    else
        rn_thrift_empty(t, col->json ? AS_JSON : AS_STRING);
    rn_thrift_end(t);
}

static void put_element(struct rn_thrift *t, const struct rn_col *col)
{
    enum converted converted = converted_of(col);
    struct rn_pq_type type;

    rn_pq_type_of(col, &type);
    rn_thrift_item_struct(t);
    rn_thrift_i32(t, 1, (int32_t)type.physical);
    if (type.physical == RN_PQ_FIXED)
        rn_thrift_i32(t, 2, (int32_t)type.length);
    rn_thrift_i32(t, 3, col->nullable ? 1 : 0); /* OPTIONAL, REQUIRED */
    rn_thrift_binary(t, 4, col->name);
    if (converted != NONE)
        rn_thrift_i32(t, 6, (int32_t)converted);
    if (col->type == RN_DECIMAL) {
        rn_thrift_i32(t, 7, col->scale);
        rn_thrift_i32(t, 8, col->precision);
    }
    put_logical(t, col);
    rn_thrift_end(t);
}

void rn_pq_put_schema(struct rn_thrift *t, int id,
                      const struct rn_schema *schema)
{
    rn_thrift_list(t, id, RN_THRIFT_STRUCT, schema->n + 1);
    rn_thrift_item_struct(t);
    rn_thrift_binary(t, 4, RN_STR("schema"));
    rn_thrift_i32(t, 5, (int32_t)schema->n);
    rn_thrift_end(t);
    for (size_t i = 0; i < schema->n; i++)
        put_element(t, &schema->col[i]);
}
