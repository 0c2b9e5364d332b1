/* token.h -- a registry's permission to read, for who is nobody in particular.
 * Rules   the realm is asked by the scheme of the registry or a better one; no password
 *         is known and none is sent
 * Errors  ERR_UPSTREAM when none is given; ERR_AGAIN when asking again may help
 * Owns    *out is the caller's to free
 * Source  Docker Registry v2 token authentication; RFC 6750 */
#ifndef BUILDER_FETCH_TOKEN_H
#define BUILDER_FETCH_TOKEN_H

#include "builder/fetch/answer.h"

#include "lib/base/err.h"

int token_fetch(const char *url, const struct answer *challenge, long stall_s, char **out,
	struct err *e) must_check nonnull;

#endif
