/* cgroup.h -- a container's own place in the cgroup v2 tree, where the caller may make one.
 * Shape   rootyard-<name> beside the caller's own cgroup where that place is his, else
 *         below it; `path` is as /proc/self/cgroup shows it
 * Rules   a place is the caller's when he may write the directory, cgroup.procs,
 *         cgroup.subtree_control and cgroup.threads; a container's root owns these three
 *         of its own and never the files that limit it
 * Errors  ERR_NOTFOUND: nothing is delegated to the caller
 * Source  cgroups(7); Documentation/admin-guide/cgroup-v2.rst "Delegation" */
#ifndef CLIENT_RUN_CGROUP_H
#define CLIENT_RUN_CGROUP_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#include <sys/types.h>

#define CGROUP_PATH_MAX 512

struct cgroup {
	int fd; /* the directory; -1: none */
	char path[CGROUP_PATH_MAX];
};

#define CGROUP_INIT                                                                      \
	{                                                                                \
		.fd = -1                                                                 \
	}

/* Where the one of `name` belongs; to be written down before it is made. */
int cgroup_place(
	const char *name, char path[CGROUP_PATH_MAX], struct err *e) must_check nonnull;

/* Moves this process into a leaf of its own cgroup, so that others can stand beside it.
 * ERR_NOTFOUND: its cgroup is not delegated. */
int cgroup_step_aside(const char *leaf, struct err *e) must_check nonnull;

/* Makes it there; what a killed supervisor left goes first. */
int cgroup_make(const char *path, struct cgroup *out, struct err *e) must_check nonnull;

/* Delegates it to the container's root. The caller stands in the holder namespace. */
int cgroup_give(
	const struct cgroup *c, uid_t uid, gid_t gid, struct err *e) must_check nonnull;

/* One that was written down; -1: it is gone, or no cgroup2 is mounted. */
int cgroup_open(const char *path);

/* Writes to one of its files; freezing is "cgroup.freeze". */
int cgroup_set(int cgroup_fd, const char *file, const char *value,
	struct err *e) must_check nonnull;

/* Can it limit by this controller, handed down from above where it must be? */
bool cgroup_can(int cgroup_fd, const char *controller) nonnull;

/* Number in one of its files; -1 when it has none. */
int64_t cgroup_number(int cgroup_fd, const char *file) nonnull;

/* The number behind `key ` in one of its files ("frozen" of cgroup.events); -1: none. */
int64_t cgroup_event(int cgroup_fd, const char *file, const char *key) nonnull;

/* Kills what is left in it and takes it away, with all below. "" is fine. */
void cgroup_remove(const char *path) nonnull;

/* The pure parts, for tests. */

/* Path of our cgroup in cgroup2, from /proc/self/cgroup ("0::/path"). */
bool cgroup_own_path(struct bytes text, char *out, size_t out_size) nonnull;

/* The number in the line "key number", -1 when there is none. */
int64_t cgroup_parse_key(struct bytes text, const char *key) nonnull;

#endif
