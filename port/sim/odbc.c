/* sim/odbc.c: no ODBC in this world; see runnel/odbc.h. */
#include "runnel/odbc.h"

bool rn_odbc_built(void)
{
    return false;
}

size_t rn_odbc_need(size_t statement)
{
    (void)statement;
    return 0;
}

int rn_odbc_open(size_t statement, struct rn_arena *mem, struct rn_error *error,
                 struct rn_odbc **odbc)
{
    (void)statement;
    (void)mem;
    *odbc = NULL;
    return rn_fail(error, RN_E_ABSENT, RN_AT_CONFIG,
                   "synapse.connection: this runnel was built without ODBC; "
                   "use synapse.load = pipeline, or build it with ODBC=yes");
}

int rn_odbc_connect(struct rn_odbc *odbc, const char *connection,
                    int64_t deadline_ms, struct rn_odbc_fault *fault)
{
    (void)odbc;
    (void)connection;
    (void)deadline_ms;
    (void)fault;
    return RN_E_ABSENT;
}

int rn_odbc_execute(struct rn_odbc *odbc, struct rn_odbc_query *query,
                    struct rn_odbc_fault *fault)
{
    (void)odbc;
    (void)query;
    (void)fault;
    return RN_E_ABSENT;
}

void rn_odbc_disconnect(struct rn_odbc *odbc)
{
    (void)odbc;
}

void rn_odbc_close(struct rn_odbc *odbc)
{
    (void)odbc;
}
