/* core/version.h: which runnel this is. */
#ifndef CORE_VERSION_H
#define CORE_VERSION_H

#define RN_VERSION "0.1.0"

#endif
