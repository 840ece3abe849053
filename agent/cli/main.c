/* cli/main.c: where the process begins. */
#include "cli/cli.h"
#include "runnel/host.h"

int main(int argc, char **argv)
{
    rn_linux_start();
    return cli_main(argc, argv);
}
