/* packagediff.h -- what changed between two lists of packages.
 * Shape   both sorted by name, arch, version; a name may stand in a list several times
 *         (kernels): equal versions are taken out first, the rest is paired in order
 * Rules   pure */
#ifndef INDEXER_PACKAGEDIFF_H
#define INDEXER_PACKAGEDIFF_H

#include "lib/base/err.h"
#include "lib/model/packagelist.h"

enum packagediff_kind {
	PACKAGE_ADDED,
	PACKAGE_REMOVED,
	PACKAGE_UPGRADED,
	PACKAGE_DOWNGRADED,
};
extern const char *const packagediff_words[];

struct packagediff {
	enum packagediff_kind kind;
	const struct package *old, *new; /* NULL where there is none */
};

/* Called for each change, in the order of names; stops at the first -1. */
typedef int packagediff_each(const struct packagediff *d, void *ctx, struct err *e);

int packagediff_walk(const struct package *old, size_t old_count,
	const struct package *new, size_t new_count, packagediff_each *each, void *ctx,
	struct err *e) must_check nonnull_args(5, 7);

#endif
