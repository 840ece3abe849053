/* encode/list.c: the formats there are. */
#include "encode/list.h"

const struct rn_encoder_class *const rn_encoders[] = {
    &rn_encode_csv,
    &rn_encode_json,
    &rn_encode_parquet,
    &rn_encode_avro,
};
const size_t rn_encoders_n = RN_COUNTOF(rn_encoders);
