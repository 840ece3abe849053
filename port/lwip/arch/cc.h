/* lwip/arch/cc.h: what lwIP wants to know of the compiler; its defaults for
 * C11 and a standard library do.
 */
#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

#include <stdint.h>

typedef uintptr_t sys_prot_t;

#endif
