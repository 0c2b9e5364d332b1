/* probe.h -- try something in a child process and hear how it went.
 * Errors  what fn filled in, as if it had been called here
 * Owns    nothing; the child is reaped */
#ifndef CLIENT_RUN_PROBE_H
#define CLIENT_RUN_PROBE_H

#include "lib/base/err.h"

int probe_in_child(int (*fn)(void *ctx, struct err *e), void *ctx,
	struct err *e) must_check nonnull_args(1, 3);

#endif
