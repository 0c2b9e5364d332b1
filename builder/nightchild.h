/* nightchild.h -- one image of a night, in its own process.
 * Rules   built when it is due; how far it is goes to the night's out; a failure's record
 *         is handed over only when it is not tried again */
#ifndef BUILDER_NIGHTCHILD_H
#define BUILDER_NIGHTCHILD_H

#include "builder/night.h"

void nightchild_run(const struct night *n, const struct cell *cell, int64_t tries,
	struct night_result *out) nonnull;

#endif
