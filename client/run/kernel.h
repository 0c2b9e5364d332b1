/* kernel.h -- which kernel is this?
 * Rules   asked only where trying is not possible or costs more; 5.12 is needed anyway
 * Source  uname(2) */
#ifndef CLIENT_RUN_KERNEL_H
#define CLIENT_RUN_KERNEL_H

#include "lib/base/auto.h"

#include <stdbool.h>

/* Is the running one at least major.minor? */
bool kernel_has(unsigned int major, unsigned int minor);

/* The pure part, for tests: "6.1.0-26-amd64" at least major.minor? */
bool kernel_is_at_least(
	const char *release, unsigned int major, unsigned int minor) nonnull;

#endif
