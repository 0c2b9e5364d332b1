/* pack.h -- a tree becomes rootfs.tar.xz, rootfs.tar.zst and rootfs.man in one pass.
 * Shape   the tar of lib/model/tarwrite.h, cut at package boundaries once 4 MiB are
 *         together, and inside a file at 8 MiB; each piece is one .xz block and one zstd
 *         frame, so that bytes do not depend on the number of threads
 * Bounds  memory: two pieces a thread
 * Errors  ERR_FAILED when a file changes while it is read
 * Owns    nothing; borrows root_dir and stage_dir */
#ifndef BUILDER_PACK_H
#define BUILDER_PACK_H

#include "builder/rootfs.h"

#include "lib/model/build.h"

#define PACK_CUT_MIN (4U << 20)
#define PACK_CUT_MAX (8U << 20)

struct pack_options {
	unsigned int threads; /* 0: as many as processors */
	int xz_level, zst_level;
};

struct pack_result {
	struct digest id, diff_id;
	uint64_t entries, unpacked_size;
	struct artifact tar_xz, tar_zst, manifest;
};

int pack_tree(int root_dir, const struct rootfs *tree, int stage_dir,
	const struct pack_options *options, struct pack_result *out,
	struct err *e) must_check nonnull;

/* Writes a finished document into the hand-over directory, and its size and digest. */
int pack_document(int stage_dir, const char *name, struct bytes content,
	struct artifact *out, struct err *e) must_check nonnull;

#endif
