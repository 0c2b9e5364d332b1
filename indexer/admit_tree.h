/* admit_tree.h -- is the root file system what its manifest says, and would a client
 * take it?
 * Rules   the tar inside rootfs.tar.zst is judged entry by entry with the client's
 *         policy, strictly; the manifest derived from it must equal rootfs.man byte for
 *         byte; the tar must be the one that tarwrite makes of it; rootfs.tar.xz must
 *         hold the same
 * Errors  ERR_UNTRUSTED where bytes are not what was claimed; the policy's own otherwise
 * Source  SEC-30 to SEC-41, SEC-52; formats chapter section 7 */
#ifndef INDEXER_ADMIT_TREE_H
#define INDEXER_ADMIT_TREE_H

#include "lib/model/build.h"

struct tree_facts {
	uint32_t max_uid, max_gid;
	bool has_systemd, has_init;
	uint64_t inodes; /* entries that are no second name of another */
	uint64_t tar_size;
};

/* What rootfs.man, which must be the one that build.json names, says of the tree. */
int tree_facts_read(int dir_fd, const struct build *build, struct tree_facts *out,
	struct err *e) must_check nonnull;

/* dir_fd: where rootfs.man, rootfs.tar.zst and rootfs.tar.xz lie; tar_size: as the
 * manifest has it. */
int admit_tree(int dir_fd, const struct build *build, uint64_t tar_size,
	struct err *e) must_check nonnull;

/* rootfs.squashfs beside them: a header that every kernel takes, and as many inodes as the
 * tree has. Its content is vouched for by its digest alone. */
int admit_squashfs(
	int dir_fd, const struct tree_facts *tree, struct err *e) must_check nonnull;

/* The part without files, for tests: every entry has its directory before it, no path
 * comes twice, a hard link names an earlier file. */
struct manifest;
int admit_shape(const struct manifest *m, struct err *e) must_check nonnull;

#endif
