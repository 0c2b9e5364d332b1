/* manager_table.h -- package managers as data.
 * Shape   one entry a manager: its command lines, and how it is told of repositories
 * Owns    nothing; all is static
 * Source  recipes chapter section 2.6; distrobuilder 3.4.0 as recorded by
 *         tests/peers/distrobuilder-managers.sh */
#ifndef BUILDER_MANAGER_TABLE_H
#define BUILDER_MANAGER_TABLE_H

#include "builder/job.h"

enum manager_verb {
	MANAGER_REFRESH,
	MANAGER_UPDATE,
	MANAGER_INSTALL,
	MANAGER_REMOVE,
	MANAGER_CLEAN,
	MANAGER_VERBS,
};

struct manager_line {
	const char *cmd;   /* NULL: nothing is run */
	const char *flags; /* blank separated */
	int again;         /* how often more it is run */
};

struct manager {
	const char *name;
	const char *global;                      /* blank separated, behind the command */
	struct manager_line verb[MANAGER_VERBS]; /* by enum manager_verb */

	/* Before anything else; may be NULL, as the next two. */
	int (*prepare)(struct job *j, struct err *e);
	int (*repository)(struct job *j, const struct repository *r, const char *url,
		const char *key, struct err *e);
	const char *emptied; /* a directory that clean empties on top */
};

/* NULL when there is none of this name. */
const struct manager *manager_find(const char *name) nonnull;

#endif
