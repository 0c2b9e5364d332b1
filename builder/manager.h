/* manager.h -- package managers as data: their command lines, in the tree.
 * Shape   command = cmd, global flags, verb flags, the set's flags, packages; a verb that
 *         has no flags at all is skipped
 * Errors  ERR_UPSTREAM for what the manager says
 * Source  recipes chapter section 2.6 */
#ifndef BUILDER_MANAGER_H
#define BUILDER_MANAGER_H

#include "builder/job.h"

bool manager_is_supported(const char *name) nonnull;
bool manager_takes_repositories(const char *name) nonnull;

/* Writes the recipe's repositories into the tree. */
int manager_repositories(struct job *j, struct err *e) must_check nonnull;

enum manager_verb {
	MANAGER_REFRESH,
	MANAGER_UPDATE,
	MANAGER_INSTALL,
	MANAGER_REMOVE,
	MANAGER_CLEAN,
};

/* flags and packages may be NULL. */
int manager_run(struct job *j, enum manager_verb verb, const struct texts *flags,
	const struct texts *packages, struct err *e) must_check nonnull_args(1, 5);

#endif
