/* stored.h -- one image of the store, opened, and what a confined child can do with it.
 * Rules   a shared lock on the image's directory keeps `prune` away until stored_release; the
 *         manifest's digest is the image's name, or the image is damaged
 * Errors  ERR_NOTFOUND when there is no such image; ERR_BUSY while it is being removed;
 *         ERR_DAMAGED names what is not as it was stored
 * Owns    the descriptors; borrows the store */
#ifndef CLIENT_IMAGE_STORED_H
#define CLIENT_IMAGE_STORED_H

#include "client/image/confine.h"
#include "client/image/store.h"
#include "client/image/usage.h"

struct stored {
	const struct store *store;
	char name[STORE_NAME_MAX];
	int dir_fd, root_fd, man_fd;
	bool single_id;
};

#define STORED_INIT                                                                      \
	{                                                                                \
		.dir_fd = -1, .root_fd = -1, .man_fd = -1                                \
	}

int stored_open(const struct store *s, const char *name, struct stored *out,
	struct err *e) must_check nonnull;
void stored_release(struct stored *s) nonnull;
#define auto_stored with_cleanup(stored_release)

struct stored_watch {
	void (*progress)(void *ctx, uint64_t bytes);
	void (*damage)(void *ctx, const char *sentence); /* not for stored_tar */
	void *ctx;
};

/* Compares the tree with its manifest, and tells what differs. */
int stored_audit(const struct stored *s, const struct stored_watch *watch,
	struct err *e) must_check nonnull;

/* Writes the tar that the image's diff id is of. diff_id as the manifest states it, and proven.
 */
int stored_tar(const struct stored *s, int out_fd, const struct stored_watch *watch,
	struct digest *diff_id, struct err *e) must_check nonnull;

/* The same begun, to be read from a pipe while it is written: nothing is heard of it until
 * stored_tar_end, which waits. ERR_INTERRUPTED: nobody reads any more. */
int stored_tar_begin(const struct stored *s, int out_fd, struct confined *out,
	struct err *e) must_check nonnull;
int stored_tar_end(struct confined *child, struct err *e) must_check nonnull;

/* usage_count over the whole store. */
int stored_usage(const struct store *s, const struct usage_image *images, size_t count,
	struct usage_row *rows, struct err *e) must_check nonnull;

#endif
