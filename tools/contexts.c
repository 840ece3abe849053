/* contexts.c: how large the structs are that a run consists of, on the machine
 * that this is compiled for. tools/size-report reads the sizes of these
 * symbols; the file is in no program.
 */
#include "http/parse.h"
#include "job/journal_record.h"
#include "job/plan.h"
#include "lane/columns.h"
#include "lane/part.h"
#include "lane/uploader.h"
#include "runnel/config.h"
#include "runnel/port.h"

#define CONTEXT(name)                                   \
    extern char rn_context_##name[sizeof(struct name)]; \
    char rn_context_##name[sizeof(struct name)]

CONTEXT(rn_config);
CONTEXT(rn_error);
CONTEXT(rn_memory_plan);
CONTEXT(rn_journal_record);
CONTEXT(rn_uploader);
CONTEXT(rn_part);
CONTEXT(rn_columns);
CONTEXT(rn_http_parse);
CONTEXT(rn_net);
