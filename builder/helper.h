/* helper.h -- one of our own helpers, run as an ordinary user: what it said is our
 * sentence, and what its exit status means our error.
 * Errors  those of the helper (design section 8): recipe, not found, limit, no space,
 *         network, untrusted, upstream; ERR_FAILED for all else
 * Owns    nothing */
#ifndef BUILDER_HELPER_H
#define BUILDER_HELPER_H

#include "lib/base/err.h"

#define HELPER_USER 65534

struct helper {
	const char *const *argv; /* argv[0] is the program's path */
	const char *const *env;
	int cwd_fd;  /* -1: stay */
	int out_fd;  /* stdout, or -1 */
	int keep_fd; /* one descriptor more, or -1 */
	int log_fd;
};

int helper_run(const struct helper *h, struct err *e) must_check nonnull;

/* For struct spawn: gives up all ids but those of HELPER_USER. */
int helper_become_user(void *ctx);

#endif
