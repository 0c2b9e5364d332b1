/* listing.h -- a directory as a page, where the operator wants that.
 * Shape   HTML; one row per entry, sorted by bytes: directories and regular files, and
 *         the fixed links of a published tree; names with a leading dot are hidden
 * Errors  ERR_NOTFOUND: no such directory; ERR_LIMIT: more than LISTING_BYTES_MAX
 * Owns    nothing */
#ifndef HTTPD_LISTING_H
#define HTTPD_LISTING_H

#include "httpd/site.h"
#include "lib/base/buf.h"

#define LISTING_BYTES_MAX (8 << 20)

/* path is what was asked for ("" is the top), where it lies. */
int listing_make(const struct site *s, const char *path, const struct site_path *where,
	struct buf *out, struct err *e) must_check nonnull;

#endif
