/* patch.h -- a tree out of a stored one and a delta. Runs in the confined child only.
 * In      the stored tree with its manifest, and the delta (docs/FORMAT.md section 10), verified
 * Out     the new manifest, written to manifest_fd, and its tree beneath root_fd
 * Rules   the policy of unpack.h judges every entry; a file whose whole entry is as before is
 *         linked, one that only has its content from before is copied; every base is hashed
 *         before it is used and every result before it is kept
 * Bounds  memory as of deltapiece.h: one piece and its base
 * Errors  ERR_DAMAGED when the stored tree is not what its manifest says: the caller downloads the
 *         whole image instead; ERR_UNTRUSTED when the delta makes something else than was signed
 *         for */
#ifndef CLIENT_IMAGE_PATCH_H
#define CLIENT_IMAGE_PATCH_H

#include "lib/base/tree.h"
#include "lib/model/delta.h"
#include "lib/model/unpackpolicy.h"

struct patch_job {
	int delta_fd, root_fd;
	int base_fd, base_manifest_fd; /* the stored tree's rootfs/ and rootfs.man */
	int manifest_fd;               /* empty, for reading and writing */
	struct digest id;              /* what the new manifest must be */
	unsigned int tree_flags;
};

/* `state` has the limits and is accounted on; `moved` is called now and then. */
int patch_run(const struct patch_job *job, struct unpack_state *state,
	int (*moved)(void *ctx, struct err *e), void *ctx, struct err *e) must_check
	nonnull_args(1, 2, 3, 5);

#endif
