/* mirrors.h -- what was last found out about the site's mirrors.
 * In      mirrors.json in the operator's directory: what `rootyard verify-mirror --json` printed, put
 *         there by rename; it is looked at again with each publication, and makes none
 * Out     for each mirror of site.yaml its state, or that nobody looked
 * Errors  none: a file that is missing, or cut, or something else says nothing of any mirror
 * Owns    the site's arena owns every string */
#ifndef INDEXER_MIRRORS_H
#define INDEXER_MIRRORS_H

#include "lib/base/arena.h"

#define MIRRORS_NAME "mirrors.json"
#define MIRRORS_MAX  (8U << 20)

struct mirror_check {
	const char *state; /* good lagging damaged untrusted unreachable, "": not known */
	int64_t checked_s, lag_s;
};

/* check: count of them, one for each URL. */
void mirrors_read(int yard_fd, const char *const *url, size_t count, struct arena *arena,
	struct mirror_check *check) nonnull_args(2, 4, 5);

#endif
