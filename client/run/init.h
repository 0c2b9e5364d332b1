/* init.h -- pid 1 of a container: starts the command, hands signals on, reaps, ends with
 * the command's status. Of a system it is the command.
 * Rules   it stays undumpable, so that nothing in the container can read its memory, its
 *         descriptors or our executable through /proc/1
 * Source  pid_namespaces(7) */
#ifndef CLIENT_RUN_INIT_H
#define CLIENT_RUN_INIT_H

#include "client/run/plan.h"

__attribute__((noreturn)) void init_main(
	const struct plan *p, int sock_fd, int tty_fd) nonnull;

/* The last steps of a command's own process: session, descriptors, filter, exec. */
__attribute__((noreturn)) void init_command(
	const struct plan *p, int sock_fd, int tty_fd) nonnull;

#endif
