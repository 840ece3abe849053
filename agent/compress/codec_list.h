/* compress/codec_list.h: the codecs there are, of which an image has some. */
#ifndef COMPRESS_CODEC_LIST_H
#define COMPRESS_CODEC_LIST_H

#include "compress/codec.h"

extern const struct rn_codec_class rn_codec_gzip;
extern const struct rn_codec_class rn_codec_deflate;
extern const struct rn_codec_class rn_codec_snappy;
extern const struct rn_codec_class rn_codec_zstd;

#endif
