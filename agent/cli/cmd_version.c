/* cli/cmd_version.c: runnel version. */
#include "cli/cli.h"
#include "core/version.h"
#include "runnel/encoder.h"
#include "runnel/http.h"
#include "runnel/source.h"

int cli_version(const struct cli_options *o)
{
    (void)o;
    rn_print(&cli_out, "runnel %s\n  sources  ", RN_VERSION);
    for (size_t i = 0; i < rn_sources_n; i++)
        rn_print(&cli_out, "%s%s", i > 0 ? ", " : "", rn_sources[i]->name);
    rn_print(&cli_out, "\n  formats  ");
    for (size_t i = 0; i < rn_encoders_n; i++)
        rn_print(&cli_out, "%s%s", i > 0 ? ", " : "", rn_encoders[i]->name);
    rn_print(&cli_out, "\n  http     %s\n", rn_http_version());
    return CLI_DONE;
}
