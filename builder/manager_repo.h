/* manager_repo.h -- what package managers need before their first command: repositories,
 * keys, and what else their trees lack.
 * Rules   files are written where the tree's own processes would see them
 * Errors  ERR_RECIPE for names, types and keys; ERR_UPSTREAM for what a command says
 * Source  recipes chapter section 2.6 */
#ifndef BUILDER_MANAGER_REPO_H
#define BUILDER_MANAGER_REPO_H

#include "builder/job.h"

/* url and key are rendered; key is "" when there is none. */
typedef int repo_writer(struct job *j, const struct repository *r, const char *url,
	const char *key, struct err *e);

repo_writer repo_apt, repo_apk, repo_dnf, repo_yum, repo_zypper, repo_equo, repo_anise;

/* Looks at which of two flags this yum takes. */
int prepare_yum(struct job *j, struct err *e) must_check nonnull;

/* A mirror list, and a keyring when there is none. */
int prepare_pacman(struct job *j, struct err *e) must_check nonnull;

int prepare_opkg(struct job *j, struct err *e) must_check nonnull;

#endif
