/* encode/list.h: the formats there are; an image lists its own. */
#ifndef ENCODE_LIST_H
#define ENCODE_LIST_H

#include "runnel/encoder.h"

extern const struct rn_encoder_class rn_encode_csv;
extern const struct rn_encoder_class rn_encode_json;
extern const struct rn_encoder_class rn_encode_parquet;
extern const struct rn_encoder_class rn_encode_avro;

#endif
