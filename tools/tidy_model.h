/* tools/tidy_model.h: what clang's analyzer can't see from one file. Put before
 * each file by `make tidy` only.
 *
 * rn_fail() lives elsewhere, so the analyzer follows paths on which it returns
 * success and everything is null after "if (err < 0) return err".
 */
#ifndef RUNNEL_TIDY_MODEL_H
#define RUNNEL_TIDY_MODEL_H

#include "runnel/error.h"

static inline int rn_model_failure(int err)
{
    if (err >= 0)
        __builtin_unreachable();
    return err;
}

#define rn_fail(...) rn_model_failure(rn_fail(__VA_ARGS__))

#endif
