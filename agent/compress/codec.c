/* compress/codec.c: see compress/codec.h. */
#include "compress/codec.h"

const struct rn_codec_class *rn_codec_for(enum rn_compression kind)
{
    for (size_t i = 0; i < rn_codecs_n; i++)
        if (rn_codecs[i]->kind == kind)
            return rn_codecs[i];
    return NULL;
}
