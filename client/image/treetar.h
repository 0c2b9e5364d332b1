/* treetar.h -- a stored tree as the one tar that its manifest stands for. Runs in the confined
 * child only.
 * In      the tree's root and its manifest
 * Out     the tar of lib/model/tarwrite.h, byte for byte; its digest
 * Rules   contents come from the tree and are hashed on the way, all else from the manifest
 * Errors  ERR_DAMAGED names the file that is not what was stored */
#ifndef CLIENT_IMAGE_TREETAR_H
#define CLIENT_IMAGE_TREETAR_H

#include "lib/base/reader.h"
#include "lib/model/manifest.h"

struct treetar_watch {
	int (*moved)(void *ctx, uint64_t bytes, struct err *e);
	void *ctx;
};

/* out NULL: only the digest is wanted. */
int treetar_write(int root_fd, const struct manifest *m, const struct writer *out,
	const struct treetar_watch *watch, struct digest *diff_id, uint64_t *tar_size,
	struct err *e) must_check nonnull_args(2, 4, 5, 6, 7);

#endif
