/* cli/cmd_version.c: runnel version. */
#include "cli/cli.h"
#include "compress/codec.h"
#include "core/version.h"
#include "runnel/encoder.h"
#include "runnel/http.h"
#include "runnel/source.h"

/* The codecs, then the libraries that they come from, each once. */
static void print_codecs(void)
{
    const char *last = "";

    rn_print(&cli_out, "\n  codecs   ");
    for (size_t i = 0; i < rn_codecs_n; i++)
        rn_print(&cli_out, "%s%s", i > 0 ? ", " : "", rn_codecs[i]->name);
    rn_print(&cli_out, "\n           ");
    for (size_t i = 0; i < rn_codecs_n; i++) {
        if (strcmp(rn_codecs[i]->library, last) != 0)
            rn_print(&cli_out, "%s%s", i > 0 ? ", " : "",
                     rn_codecs[i]->library);
        last = rn_codecs[i]->library;
    }
}

int cli_version(const struct cli_options *o)
{
    (void)o;
    rn_print(&cli_out, "runnel %s\n  sources  ", RN_VERSION);
    for (size_t i = 0; i < rn_sources_n; i++)
        rn_print(&cli_out, "%s%s", i > 0 ? ", " : "", rn_sources[i]->name);
    rn_print(&cli_out, "\n  formats  ");
    for (size_t i = 0; i < rn_encoders_n; i++)
        rn_print(&cli_out, "%s%s", i > 0 ? ", " : "", rn_encoders[i]->name);
    print_codecs();
    rn_print(&cli_out, "\n  http     %s\n", rn_http_version());
    return CLI_DONE;
}
