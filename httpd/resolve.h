/* resolve.h -- one request target into a path of the tree.
 * In      the raw target as it came in the request line, not yet percent-decoded
 * Out     a relative path without leading, trailing or double slashes; "" is the root;
 *         judged after the one decoding, so that what was judged is what will be opened
 * Rules   repeated slashes collapse, ':' may be raw, the query is ignored, an absolute
 *         http(s) target loses its authority
 * Errors  ERR_PARSE: answer 400; ERR_NOTFOUND: answer 404 (dot components, too long)
 * Owns    nothing
 * Source  RFC 9112 3.2, RFC 3986 2.1; protocols section 0; SEC-70 */
#ifndef HTTPD_RESOLVE_H
#define HTTPD_RESOLVE_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#define RESOLVE_MAX 1023

struct resolved {
	char path[RESOLVE_MAX + 1];
	size_t len;
	bool is_dir; /* the target ended in a slash */
};

int resolve_target(
	struct bytes target, struct resolved *out, struct err *e) must_check nonnull;

#endif
