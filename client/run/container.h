/* container.h -- containers on disk: containers/<name>/{config,upper,work}.
 * Shape   one of this once whose layer is in memory has its config in the run place, and
 *         nothing else
 * Rules   a container is made and taken away under a lock on the run place, so that a
 *         sweep never sees half of one; removing is one rename to .trash-*, then
 *         deleting, so that a kill leaves only what the next sweep finds
 * Errors  ERR_CONFLICT: the name is taken; ERR_BUSY: it runs; ERR_NOTFOUND
 * Owns    run_dir and lock_fd until container_release */
#ifndef CLIENT_RUN_CONTAINER_H
#define CLIENT_RUN_CONTAINER_H

#include "client/run/config.h"
#include "client/run/holder.h"
#include "client/run/state.h"

struct container {
	char name[NAME_MAX_LEN + 1];
	int run_dir; /* <run place>/<name> */
	int lock_fd;
	int dir_fd; /* containers/<name> */
	bool ephemeral;
	bool fleeting;        /* nothing of it is on disk: dir_fd is the run place's */
	struct cgroup cgroup; /* of its own, while it runs */
};

#define CONTAINER_INIT                                                                   \
	{                                                                                \
		.run_dir = -1, .lock_fd = -1, .dir_fd = -1, .cgroup = CGROUP_INIT        \
	}

/* [a-z0-9A-Z][a-zA-Z0-9._-]{0,62} */
bool container_name_is_valid(const char *name) nonnull;

/* Makes it and locks it; name "" makes one up from the stem. */
int container_create(const struct store *s, const char *name, const char *stem,
	const struct container_config *config, struct container *out,
	struct err *e) must_check nonnull;

/* Locks one that exists, for a start: ERR_CONFLICT when it runs. */
int container_open(const struct store *s, const char *name, struct container *out,
	struct err *e) must_check nonnull;

/* Gives upper and work the owner and mode of the image's root. */
int container_give(
	const struct container *c, int rootfs_fd, struct err *e) must_check nonnull;

/* Gives it a cgroup of its own, a fresh one when it has one; ERR_NOTFOUND: nobody
 * delegated any. The caller stands in the holder namespace; uid and gid are its root's. */
int container_make_cgroup(
	struct container *c, uid_t uid, gid_t gid, struct err *e) must_check nonnull;

/* The end of a run: removes it when it is ephemeral, and its state. The caller stands in
 * the holder namespace. */
int container_end(
	const struct store *s, struct container *c, struct err *e) must_check nonnull;
void container_release(struct container *c) nonnull;
#define auto_container with_cleanup(container_release)

/* c, open, gets the name `to`; ERR_CONFLICT: that is taken. */
int container_rename(const struct store *s, struct container *c, const char *to,
	struct err *e) must_check nonnull;

/* Removes a stopped container. The caller stands in the holder namespace. */
int container_remove(
	const struct store *s, const char *name, struct err *e) must_check nonnull;

/* What killed supervisors left: `quick` looks at the run place only (cost: what runs),
 * else containers/ too. Enters the holder namespace only when there is something to
 * remove. */
int containers_sweep(const struct store *s, struct holder *h, bool quick,
	struct err *e) must_check nonnull;

int container_read(const struct store *s, const char *name, struct arena *a,
	struct container_config *out, struct err *e) must_check nonnull;

#endif
