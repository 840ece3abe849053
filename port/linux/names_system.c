/* linux/names_system.c: host names as the system is set up to look them up. */
#include "linux.h"

void rn_linux_names(void)
{
}
