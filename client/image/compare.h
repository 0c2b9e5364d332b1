/* compare.h -- is this entry of an archive the one that the manifest announces?
 * Errors  ERR_UNTRUSTED names the entry, the fact, and both values */
#ifndef CLIENT_IMAGE_COMPARE_H
#define CLIENT_IMAGE_COMPARE_H

#include "lib/model/manifest.h"

/* All but the content. */
int compare_entry(const struct manifest_entry *want, const struct tar_entry *got,
	struct err *e) must_check nonnull;

/* The content of a regular file. */
int compare_content(const struct manifest_entry *want, const struct digest *got,
	struct err *e) must_check nonnull;

#endif
