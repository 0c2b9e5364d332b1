/* banned.h -- calls that have no safe use here become compile errors.
 * Instead  snprintf or struct buf; spawn.h; fs.h and atomic.h */
#ifndef LIB_BASE_BANNED_H
#define LIB_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang sees it as a macro under _FORTIFY_SOURCE. */
#undef sprintf

#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets system popen mktemp tmpnam \
	tempnam

#endif
