/* session.h -- a child that can be ended whole: whatever it started and mounted goes
 * with it.
 * Rules   own mount, pid, ipc and uts namespace, first process of its pid namespace,
 *         dies with us (SIGKILL included); INT, TERM and HUP reach us, who end it
 * Errors  the child's own; ERR_INTERRUPTED for a signal; ERR_FAILED for the time limit */
#ifndef BUILDER_SESSION_H
#define BUILDER_SESSION_H

#include "lib/base/userns.h"

#include <stdint.h>

struct session {
	int (*run)(void *ctx, struct err *e);
	void *ctx;
	const char *cover; /* this path is seen by ordinary users inside, though 0700
			      outside; NULL: none */
	int64_t timeout_s; /* 0: none */
	const struct subids *ids; /* as root of a user namespace of these; NULL: as we
				     are */
};

int session_run(const struct session *s, struct err *e) must_check nonnull;

#endif
