/* store.h -- images on disk: how one appears, what refers to it, what is left over.
 * Shape   lib/model/places.h; being made: tmp/pull.<name>/ under the lock
 *         tmp/pull.<name>.lock (name: the id, or <id>.1id without subordinate ids)
 * Rules   an image appears by one rename, after everything in it was verified and one
 *         syncfs; a ref or alias file is replaced whole; what lies in tmp/ without a
 *         lock is removed at the next start
 * Errors  ERR_BUSY when another process has made the same image for too long
 * Owns    the descriptors */
#ifndef CLIENT_IMAGE_STORE_H
#define CLIENT_IMAGE_STORE_H

#include "lib/base/userns.h"
#include "lib/model/catdoc.h"
#include "lib/model/places.h"

#define STORE_NAME_MAX 72
#define LOCAL_REMOTE   "local" /* what no remote gave */

struct store {
	int data_fd, images_fd, tmp_fd;
	struct subids ids;
};

#define STORE_INIT                                                                       \
	{                                                                                \
		.data_fd = -1, .images_fd = -1, .tmp_fd = -1                             \
	}

/* Opens it (making what is missing) and removes leftovers. */
int store_open(struct store *out, struct err *e) must_check nonnull;
void store_release(struct store *s) nonnull;
#define auto_store with_cleanup(store_release)

/* What an image of this id is called here. */
void store_name(
	const struct store *s, const struct digest *id, char out[STORE_NAME_MAX]) nonnull;
bool store_has(const struct store *s, const char *name) nonnull;

/* Opens an image under flock's `how`. ERR_NOTFOUND when it is not, or no longer, there; ERR_BUSY
 * when LOCK_NB would wait: a container runs from it. */
int store_hold(const struct store *s, const char *name, int how,
	struct err *e) must_check nonnull;

/* An image being made: the lock is held from store_stage to store_stage_release. */
struct stage {
	const struct store *store;
	char name[STORE_NAME_MAX];
	char dir[96], lock[104]; /* in tmp/ */
	int lock_fd;
	int dir_fd;  /* -1 when the image turned out to be stored already */
	int root_fd; /* its rootfs/ */
};

#define STAGE_INIT                                                                       \
	{                                                                                \
		.lock_fd = -1, .dir_fd = -1, .root_fd = -1                               \
	}

/* Takes the lock; `waiting` is called once if another process holds it. */
int store_stage(const struct store *s, const char *name, void (*waiting)(void *ctx),
	void *ctx, struct stage *out, struct err *e) must_check nonnull_args(1, 2, 5, 6);

/* Begins it anew, still under the lock. */
int store_restage(struct stage *g, struct err *e) must_check nonnull;

/* syncfs, rename, fsync. */
int store_publish(struct stage *g, struct err *e) must_check nonnull;

/* Removes what was not published and gives the lock up. */
void store_stage_release(struct stage *g) nonnull;
#define auto_stage with_cleanup(store_stage_release)

/* An image that shall go: takes its lock (the caller holds one on its directory). 1 taken, 0 a pull
 * is making it just now. */
int store_doom(const struct store *s, const char *name, struct stage *out,
	struct err *e) must_check nonnull;

/* Takes it out of images/ in one step; store_stage_release removes it. */
int store_unpublish(struct stage *g, struct err *e) must_check nonnull;

/* Puts the stage in the place of an image that is damaged; store_stage_release removes that. */
int store_exchange(struct stage *g, struct err *e) must_check nonnull;

/* refs/<remote>/<image> and refs/<remote>/aliases. */
int store_set_ref(const struct store *s, const char *remote, const struct image *image,
	const char *serial, const char *name, struct err *e) must_check nonnull;
/* Removes the ref if it still names this image. */
int store_drop_ref(const struct store *s, const char *remote, const struct image *image,
	const char *name, struct err *e) must_check nonnull;
int store_set_aliases(const struct store *s, const char *remote,
	const struct catdoc *catalog, struct err *e) must_check nonnull;

#endif
