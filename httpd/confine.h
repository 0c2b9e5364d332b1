/* confine.h -- the rights this program keeps while it serves: reading one directory.
 * Order   what needs more is opened before (sockets, certificate, key, log)
 * Out     no root, no new privileges, no core file; Landlock: only beneath the
 *         directories served, only to read; seccomp: the calls of httpd.seccomp and no others
 * Source  SEC-78; lib/model/rights.h */
#ifndef HTTPD_CONFINE_H
#define HTTPD_CONFINE_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CONFINE_DIRS_MAX 4

struct confine_user {
	uid_t uid;
	gid_t gid;
	bool change; /* this process is another user now */
};

/* Who serves: NAME or numeric id; NULL: the caller, or www-data when that is root.
 * ERR_USAGE when it would be root, ERR_NOTFOUND when there is no such user. */
int confine_user_find(const char *name, struct confine_user *out,
	struct err *e) must_check nonnull_args(2, 3);

/* dirs: what is served, at most CONFINE_DIRS_MAX. For good, and for every thread started from here on. Returns 1 where the kernel has no
 * Landlock (before 5.13) and everything else was done. */
int confine(const int *dirs, size_t count, const struct confine_user *user,
	struct err *e) must_check nonnull;

#endif
