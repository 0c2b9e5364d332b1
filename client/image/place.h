/* place.h -- a judged entry as the tree's writer takes it. */
#ifndef CLIENT_IMAGE_PLACE_H
#define CLIENT_IMAGE_PLACE_H

#include "lib/base/tree.h"
#include "lib/model/manifest.h"
#include "lib/model/unpackpolicy.h"

/* Borrows from the entry; xattrs has room for TAR_XATTR_MAX. */
struct tree_meta place_meta(
	const struct unpack_entry *entry, struct tree_xattr *xattrs) nonnull;

/* A manifest's entry as its tar would have said it, for the policy that judges tars.
 * Borrows from m. */
void place_as_tar(const struct manifest_entry *m, struct tar_entry *out) nonnull;

/* Anything but a regular file. */
int place_entry(struct tree *tree, const struct unpack_entry *entry,
	const struct tree_meta *meta, struct err *e) must_check nonnull;

#endif
