/* member.h -- the processes of a running container, as the host sees them.
 * Rules   a process counts only through a descriptor that was checked against what the
 *         state says: start time of pid 1, inode of the user namespace
 * Errors  ERR_NOTFOUND: the container has ended
 * Source  pid_namespaces(7), namespaces(7), proc(5) */
#ifndef CLIENT_RUN_MEMBER_H
#define CLIENT_RUN_MEMBER_H

#include "client/run/state.h"

/* A pidfd of one whose namespaces can be entered: pid 1 itself, or its command where pid
 * 1 is ours and hides. */
int member_open(const struct run_state *s, struct err *e) must_check nonnull;

/* Sends a signal to pid 1. */
int member_signal(
	const struct run_state *s, int signal_number, struct err *e) must_check nonnull;

/* All of them, with those of pid namespaces nested in it; *out is the caller's to free. */
int member_list(const struct run_state *s, pid_t **out, size_t *count,
	struct err *e) must_check nonnull;

/* Stops or continues all of them: by its cgroup, else one by one. */
int member_freeze(
	const struct run_state *s, bool frozen, struct err *e) must_check nonnull;
bool member_is_frozen(const struct run_state *s) nonnull;

#endif
