/* job/run_resume_none.c: in place of run_resume.c in an image whose source can
 * not be asked for the rows after a key: a run that was cut off begins anew.
 */
#include "job/run_parts.h"

/* 0: the plan takes none. */
size_t rn_resume_need(size_t columns)
{
    (void)columns;
    return 0;
}

int rn_resume_open(struct run *r, struct rn_arena *mem)
{
    (void)mem;
    r->keeper.bytes = NULL;
    return RN_OK;
}

void rn_resume_forget(struct run *r)
{
    r->keeper.going_on = false;
    r->keeper.went_on = false;
    r->result->resumed = 0;
    r->source->before = 0;
}

int rn_resume_step(struct run *r)
{
    (void)r;
    return RN_OK;
}

int rn_resume_closing(struct run *r)
{
    (void)r;
    return RN_OK;
}

int rn_resume_ending(struct run *r)
{
    (void)r;
    return RN_OK;
}

bool rn_resume_keeps(struct run *r)
{
    (void)r;
    return false;
}

int rn_resume_try(struct run *r, const char **why)
{
    *why = r->config->source.key[0] != '\0' ? r->plan.resume
                                            : "the job has no source.key";
    return 0;
}

/* Nothing goes on here. */
int rn_resume_begin(struct run *r)
{
    (void)r;
    return RN_E_STATE;
}
