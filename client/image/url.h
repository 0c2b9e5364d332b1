/* url.h -- where a tree may be.
 * Shape   https://HOST[:PORT][/PATH], or http:// where that was allowed; no credentials,
 *         query or fragment, since paths are appended to it
 * Errors  ERR_USAGE in a sentence that says what is expected */
#ifndef CLIENT_IMAGE_URL_H
#define CLIENT_IMAGE_URL_H

#include "lib/base/err.h"

#include <stdbool.h>

int url_check(
	const char *text, bool insecure_transport, struct err *e) must_check nonnull;

#endif
