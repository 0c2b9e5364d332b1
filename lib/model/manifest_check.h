/* manifest_check.h -- what makes an entry, and a whole tree, a manifest. Reading and
 * writing refuse the same things, so that what was written can be read.
 * Errors  ERR_PARSE or ERR_LIMIT; the sentence names the entry */
#ifndef LIB_MODEL_MANIFEST_CHECK_H
#define LIB_MODEL_MANIFEST_CHECK_H

#include "lib/model/manifest_entry.h"

/* One entry on its own. */
int manifest_check_entry(
	const struct manifest_entry *m, struct err *e) must_check nonnull;

/* All of them, and among each other: the root first, no path twice, parents before
 * children, hard links behind their file. */
int manifest_check(const struct manifest *m, struct err *e) must_check nonnull;

#endif
