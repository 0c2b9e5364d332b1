/* secret.h -- what actions need and nobody may find in the result: a token, a password.
 * Shape   NAME=FD on the command line; read once, at most 64 KiB, a final newline is not
 *         part of it; actions, and nothing else, find it as /run/secrets/NAME (0400)
 * Rules   at least 8 bytes: something shorter cannot be proven absent
 * Errors  ERR_USAGE
 * Owns    the bytes, wiped on release */
#ifndef BUILDER_SECRET_H
#define BUILDER_SECRET_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#define SECRETS_MAX 16

struct secret {
	const char *name; /* borrows the option's text */
	size_t name_len;
	unsigned char *data;
	size_t len;
};

struct secrets {
	struct secret item[SECRETS_MAX];
	size_t count;
};

int secrets_take(struct secrets *s, const char *const *options, size_t count,
	struct err *e) must_check nonnull_args(1, 4);
void secrets_release(struct secrets *s) nonnull;

/* Writes them beneath dir (the action's own /run): an errno. */
int secrets_write(const struct secrets *s, int dir) must_check nonnull;

/* Overwrites each of them in a file with '*'; returns how often. */
int secrets_redact(
	const struct secrets *s, int fd, size_t *hits, struct err *e) must_check nonnull;

#endif
