/* manager_exec.h -- one command of a package manager, in the tree and with the network.
 * Errors  ERR_UPSTREAM for what the command says */
#ifndef BUILDER_MANAGER_EXEC_H
#define BUILDER_MANAGER_EXEC_H

#include "builder/job.h"

/* out_fd gets what it says. */
int manager_command(struct job *j, const char *const *argv, int out_fd,
	struct err *e) must_check nonnull;

/* The same, into the log, with apt's store of packages and indexes when it has one. */
int manager_command_with_store(
	struct job *j, const char *const *argv, struct err *e) must_check nonnull;

#endif
