/* launch.h -- one process becomes pid 1 of a new container.
 * In      a plan
 * Rules   the caller stands in the holder namespace, has one thread, has all signals that
 *         it handles blocked, and its working directory is the data place
 * Errors  what fails in the new process comes back as its sentence; `status` of struct
 *         launch_result is the exit status to use: 125 ours, 126/127 the command's
 * Source  user_namespaces(7), clone(2), pivot_root(2) */
#ifndef CLIENT_RUN_LAUNCH_H
#define CLIENT_RUN_LAUNCH_H

#include "client/run/plan.h"
#include "lib/base/err.h"

#include <stdint.h>
#include <sys/types.h>

struct launched {
	pid_t pid;
	int pid_fd;
	int sock_fd;            /* where the new process reports */
	uint64_t userns, pidns; /* inodes of its namespaces */
};

#define LAUNCHED_INIT                                                                    \
	{                                                                                \
		.pid = -1, .pid_fd = -1, .sock_fd = -1                                   \
	}

struct launch_result {
	int status;    /* 0: the command runs */
	int master_fd; /* of its terminal, or -1; the caller's */
};

/* Clones, maps, lets it go. */
int launch_start(
	const struct plan *p, struct launched *out, struct err *e) must_check nonnull;

/* Waits until the command runs or cannot: 0 and *out, where out->status above 0 comes
 * with e filled. */
int launch_wait(const struct launched *c, struct launch_result *out,
	struct err *e) must_check nonnull;

#endif
