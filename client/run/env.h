/* env.h -- the environment of a container's command: ours, not the caller's.
 * Shape   PATH HOME LANG container, TERM with a terminal, then what --env asks for, which
 *         wins over them
 * Owns    nothing; borrows the strings of options and of environ */
#ifndef CLIENT_RUN_ENV_H
#define CLIENT_RUN_ENV_H

#include "lib/base/opt.h"

#define ENV_OWN 8

struct env {
	const char *item[ENV_OWN + 2 * OPT_LIST_MAX + 1]; /* NULL-terminated */
	size_t count;
};

/* asked: "K=V", or "K" for the caller's own value (nothing when he has none); caller: his
 * environment. */
int env_make(const struct opt_list *asked, char *const *caller, bool tty, struct env *out,
	struct err *e) must_check nonnull;

/* Our own arguments and environment as the kernel shows them to others in /proc: one
 * block on the stack. Returns its length. */
size_t env_own_block(char **start) nonnull;

/* What a system looks for: container=lxc, because images made for LXC ask for that name. */
void env_be_system(struct env *env) nonnull;

/* For a command that joins: what the container was started with (base), the home of
 * another user ("HOME=...", or NULL), the caller's terminal, and what --env asks for. */
int env_join(const char *const *base, const char *home, const struct opt_list *asked,
	char *const *caller, bool tty, struct env *out, struct err *e) must_check
	nonnull_args(1, 3, 4, 6, 7);

#endif
