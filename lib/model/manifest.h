/* manifest.h -- rootfs.man: the tree of one image, entry by entry in tar order.
 * Shape   formats chapter section 7 (magic RYMANIF1, little endian); the image id is the
 *         sha256 of the whole document
 * Order   directories first (sorted by path), then everything else grouped by owning
 *         package (packages sorted, paths sorted inside), unowned entries last; of a
 *         hard-link set the first in tar order is the file. Order alone carries the
 *         packages
 * Bounds  64 MiB, 500,000 entries; SEC-35 for names and xattrs; a path is a relpath (or
 *         empty: the root)
 * Owns    the manifest's arena owns every string */
#ifndef LIB_MODEL_MANIFEST_H
#define LIB_MODEL_MANIFEST_H

#include "lib/adapt/tar.h"
#include "lib/base/buf.h"
#include "lib/model/manifest_entry.h"

void manifest_init(struct manifest *m) nonnull;
void manifest_release(struct manifest *m) nonnull;
#define auto_manifest with_cleanup(manifest_release)

/* Appends a deep copy. ERR_LIMIT beyond the bounds; ERR_PARSE for a path that is none,
 * for duplicate-free order the caller answers. */
int manifest_add(struct manifest *m, const struct manifest_entry *entry,
	struct err *e) must_check nonnull;

/* Appends what a tar entry says (the reverse of tarwrite): used where a manifest is
 * derived from a tar. The content digest is the caller's to fill in the entry returned by
 * *slot. */
int manifest_add_tar(struct manifest *m, const struct tar_entry *t,
	struct manifest_entry **slot, struct err *e) must_check nonnull;

int manifest_format(
	const struct manifest *m, struct buf *out, struct err *e) must_check nonnull;

/* Hostile input. Refuses what manifest_format would not have written. */
int manifest_parse(
	struct bytes in, struct manifest *out, struct err *e) must_check nonnull;

/* sha256 of the formatted manifest. */
int manifest_id(
	const struct manifest *m, struct digest *out, struct err *e) must_check nonnull;

/* Sum of the sizes of type '0'. */
uint64_t manifest_unpacked_size(const struct manifest *m) nonnull;
void manifest_max_ids(const struct manifest *m, uint32_t *uid, uint32_t *gid) nonnull;

#endif
