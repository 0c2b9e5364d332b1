/* join.h -- a command of the caller's in a container that runs, under the same walls as
 * what was started with it.
 * Life    join_open, join_enter, join_start; then as launch.h says
 * Rules   the process has one thread; from join_enter on it sees the container's files,
 *         is invisible in there, and opens nothing by a name that the container could
 *         bend
 * Source  setns(2), pid_namespaces(7) */
#ifndef CLIENT_RUN_JOIN_H
#define CLIENT_RUN_JOIN_H

#include "client/run/launch.h"
#include "client/run/state.h"

struct join {
	int target_fd; /* pidfd of a process in there */
	bool host_net; /* it has no network namespace of its own */
};

/* The descriptor is the caller's to close. */
int join_open(const struct run_state *s, bool host_net, struct join *out,
	struct err *e) must_check nonnull;

int join_enter(const struct join *j, struct err *e) must_check nonnull;

/* Of the plan counts what is about the command. */
int join_start(const struct join *j, const struct plan *p, struct launched *out,
	struct err *e) must_check nonnull;

#endif
