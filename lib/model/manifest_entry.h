/* manifest_entry.h -- one entry of a tree, and the tree as a list of them.
 * Shape   as in lib/model/manifest.h
 * Owns    the manifest's arena owns every string */
#ifndef LIB_MODEL_MANIFEST_ENTRY_H
#define LIB_MODEL_MANIFEST_ENTRY_H

#include "lib/adapt/digest.h"
#include "lib/base/arena.h"

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

#endif
