/* volumes.h -- what a container is given beside its image: directories and files of the
 * host, single devices, file systems in memory.
 * In      what options and config say:
 *           volume  /SOURCE:/TARGET[:ro]    tmpfs  /TARGET[:SIZE]
 *           device  /SOURCE[:/TARGET]
 * Rules   sources are opened while the process still is the caller; targets are looked up
 *         and made inside the root alone, whatever links the image has; everything is
 *         mounted by descriptor, and flags are only added, so that those which the host
 *         locks stay
 * Errors  ERR_USAGE names the option and its text
 * Owns    the texts until volumes_release
 * Source  open_tree(2), mount_setattr(2), openat2(2) */
#ifndef CLIENT_RUN_VOLUMES_H
#define CLIENT_RUN_VOLUMES_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define VOLUMES_MAX 48

enum volume_kind { VOLUME_BIND, VOLUME_DEVICE, VOLUME_TMPFS };

struct volume {
	enum volume_kind kind;
	bool read_only;
	const char *source; /* of a tmpfs: its size */
	const char *target;
	char *text;
};

struct volumes {
	struct volume volume[VOLUMES_MAX];
	size_t count;
	bool root_read_only; /* with /tmp, /run and /var/tmp in memory */
};

/* Adds what a NULL-terminated list says; NULL is fine. */
int volumes_add(struct volumes *v, enum volume_kind kind, const char *const *list,
	struct err *e) must_check nonnull_args(1, 4);
void volumes_release(struct volumes *v) nonnull;

/* "SOURCE:..." with SOURCE made absolute, for being written down; the caller's to free.
 */
char *volume_absolute(const char *text) nonnull;

/* In the new mount namespace, as the caller; fd: VOLUMES_MAX of them. */
int volumes_open(const struct volumes *v, int *fd, struct err *e) must_check nonnull;

/* Beneath root_fd, as root of the container. */
int volumes_mount(const struct volumes *v, const int *fd, int root_fd,
	struct err *e) must_check nonnull;

/* The last step on the root. */
int volumes_seal(const struct volumes *v, int root_fd, struct err *e) must_check nonnull;

#endif
