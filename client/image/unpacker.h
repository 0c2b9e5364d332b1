/* unpacker.h -- unpack.h in a confined child, seen from the parent.
 * Rules   the parent believes the child only what it can check itself: names of metadata
 *         files are from the fixed list, sizes bounded, numbers only shown
 * Errors  the child's, or that it broke down; the tree is the caller's to remove */
#ifndef CLIENT_IMAGE_UNPACKER_H
#define CLIENT_IMAGE_UNPACKER_H

#include "client/image/confine.h"
#include "client/image/unpack.h"

struct unpack_watch {
	void (*progress)(void *ctx, uint64_t bytes);
	int (*metafile)(void *ctx, const char *name, struct bytes content, struct err *e);
	void *ctx;
};

/* Begins, and returns at once: what still arrives is read as job->gate allows. */
int unpacker_start(const struct unpack_job *job, const struct subids *ids,
	struct confined *out, struct err *e) must_check nonnull;

/* Listens to it, and waits. */
int unpacker_end(struct confined *child, const struct unpack_watch *watch,
	struct unpack_done *done, struct err *e) must_check nonnull;

/* Both. */
int unpacker_run(const struct unpack_job *job, const struct subids *ids,
	const struct unpack_watch *watch, struct unpack_done *done,
	struct err *e) must_check nonnull;

/* How a file of this name is packed: .tar, .tar.xz, .tar.zst; ERR_USAGE otherwise. */
int unpack_coding_of(
	const char *name, enum unpack_coding *out, struct err *e) must_check nonnull;

#endif
