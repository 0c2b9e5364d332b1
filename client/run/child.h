/* child.h -- what pid 1 of a container does from the clone to its command.
 * Rules   no allocation; a failure is reported on the socket and ends the process
 * Source  runtime order: layers, ids, mounts, root, names, rights, command */
#ifndef CLIENT_RUN_CHILD_H
#define CLIENT_RUN_CHILD_H

#include "client/run/plan.h"
#include "lib/base/err.h"

__attribute__((noreturn)) void child_main(const struct plan *p, int sock_fd) nonnull;

/* Id 0 of the container, hidden from it, and dead when the other end of sock_fd is. */
int child_become_root(unsigned int flags, int sock_fd, struct err *e) must_check nonnull;

#endif
