/* tokens.h -- who may read a private tree: one line per token, which is known by its
 * hash alone.
 * In      lines "LABEL HEX", HEX being the SHA-256 of the token; '#' begins a comment
 * Rules   a token comes as "Bearer TOKEN" or as the password of "Basic"; every line is
 *         compared whole, whatever it is, so that time tells nothing about them
 * Errors  ERR_PARSE names the line
 * Owns    its memory; may be replaced while others ask; safe for any number of threads
 * Source  RFC 6750 2.1; RFC 7617 */
#ifndef HTTPD_TOKENS_H
#define HTTPD_TOKENS_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#define TOKENS_LABEL_MAX 32 /* with its NUL */

struct tokens;

int tokens_new(struct bytes text, struct tokens **out, struct err *e) must_check nonnull;
void tokens_free(struct tokens **t) nonnull;

/* On failure the old ones stay. */
int tokens_replace(struct tokens *t, struct bytes text, struct err *e) must_check nonnull;
size_t tokens_count(struct tokens *t) nonnull;

/* Does this Authorization carry one of them, and whose? */
bool tokens_allow(struct tokens *t, struct bytes authorization,
	char label[TOKENS_LABEL_MAX]) nonnull;

#endif
