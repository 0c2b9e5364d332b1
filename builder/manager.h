/* manager.h -- what is asked of a package manager, in the tree.
 * Shape   command = cmd, global flags, verb flags, the set's flags, packages; a verb that
 *         has no flags at all is skipped
 * Errors  ERR_UPSTREAM for what the manager says
 * Source  recipes chapter section 2.6 */
#ifndef BUILDER_MANAGER_H
#define BUILDER_MANAGER_H

#include "builder/manager_table.h"

bool manager_is_supported(const char *name) nonnull;
bool manager_takes_repositories(const char *name) nonnull;

/* Readies the manager, and writes the recipe's repositories into the tree. */
int manager_prepare(struct job *j, struct err *e) must_check nonnull;

/* flags and packages may be NULL. */
int manager_run(struct job *j, enum manager_verb verb, const struct texts *flags,
	const struct texts *packages, struct err *e) must_check nonnull_args(1, 5);

#endif
