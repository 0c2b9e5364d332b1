/* uri.h -- a path of the tree as it may stand in a URL.
 * Rules   what is not printable ASCII, and what means something to URLs, headers or HTML,
 *         is percent-encoded; slashes and colons stay
 * Out     NUL-terminated, cut before an escape that does not fit; returns its length
 * Owns    nothing
 * Source  RFC 3986 2.1, 3.3 */
#ifndef HTTPD_URI_H
#define HTTPD_URI_H

#include "lib/base/bytes.h"

#include "lib/base/auto.h"

size_t uri_escape(struct bytes path, char *out, size_t size) nonnull;

/* The same for a raw target: escapes that stand there already are kept. */
size_t uri_escape_target(struct bytes target, char *out, size_t size) nonnull;

#endif
