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

#endif
