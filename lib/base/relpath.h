/* relpath.h -- a path that cannot leave its root.
 * Shape   one or more components joined by single slashes; no empty, "." or ".."
 * component, no leading or trailing slash, no NUL; at most 4095 bytes, 255 each, 256 deep
 * Errors  ERR_PARSE names the offending component, ERR_LIMIT the length
 * Owns    nothing: borrows the text that was parsed
 * Only relpath_parse makes one, so a function that takes one needs no check of its own.
 */
#ifndef LIB_BASE_RELPATH_H
#define LIB_BASE_RELPATH_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#define RELPATH_MAX       4095
#define RELPATH_NAME_MAX  255
#define RELPATH_DEPTH_MAX 256

struct relpath {
	const char *text; /* NUL-terminated */
	size_t len;
};

/* Checks a NUL-terminated path. */
int relpath_parse(
	const char *text, struct relpath *out, struct err *e) must_check nonnull;

/* Is it made only of [A-Za-z0-9._:+~/-] and at most 200 bytes: what signed documents may
 * name. */
bool relpath_is_portable(const struct relpath *p) nonnull;

/* The last component. */
const char *relpath_base(const struct relpath *p) nonnull;

#endif
