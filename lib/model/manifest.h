/* manifest.h -- rootfs.man: the tree of one image, entry by entry in tar order.
 * Shape   formats chapter section 7 (magic RYMANIF1, little endian); the image id is the
 * sha256 of the whole document Order   directories first (sorted by path), then
 * everything else grouped by owning package (packages sorted, paths sorted inside),
 * unowned entries last; of a hard-link set the first in tar order is the file. Order
 * alone carries the packages Bounds  64 MiB, 500,000 entries; SEC-35 for names and
 * xattrs; a path is a relpath (or empty: the root) Owns    the manifest's arena owns
 * every string */
#ifndef LIB_MODEL_MANIFEST_H
#define LIB_MODEL_MANIFEST_H

#include "lib/adapt/digest.h"
#include "lib/adapt/tar.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"

#define MANIFEST_BYTES_MAX   (64U << 20)
#define MANIFEST_ENTRIES_MAX 500000U
#define MANIFEST_HEADER_SIZE 64U

struct manifest_xattr {
	const char *name;
	const unsigned char *value;
	uint16_t len;
};

struct manifest_entry {
	char type; /* '0' file '1' hard link '2' symlink '3' char '4' block '5' dir '6'
		      fifo */
	uint8_t xattr_count;
	uint16_t mode; /* 07777 */
	uint32_t uid, gid;
	int64_t mtime_s;
	uint64_t size;    /* files: bytes; devices: major << 32 | minor; else 0 */
	const char *path; /* no leading ./; "" for the root, which comes first */
	const char *link; /* hard link: path in the tree; symlink: target; else "" */
	const struct manifest_xattr *xattr; /* sorted by name */
	struct digest sha256;               /* files of size > 0 */
};

struct manifest {
	struct arena arena;
	struct manifest_entry *entry;
	size_t count, room;
	uint64_t tar_size;     /* of the raw tar */
	struct digest diff_id; /* sha256 of the raw tar */
};

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
