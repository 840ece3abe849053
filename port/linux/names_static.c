/* linux/names_static.c: host names in a program linked statically to glibc.
 *
 * The modules "files" and "dns" are part of its libc.a since 2.34. Any other
 * that nsswitch.conf names would be loaded, with a second C library behind it.
 */
#include <nss.h>

#include "linux.h"

void rn_linux_names(void)
{
    /* Fails only without memory; then the lookup does as well. */
    (void)__nss_configure_lookup("hosts", "files dns");
}
