/* limits.h -- how much of the machine a container may take: options into files of its
 * cgroup.
 * Shape   memory SIZE (512m), pids N, cpus N[.N], cpu_weight and io_weight 1..10000,
 *         io_max DEVICE:KEY=N,... (KEY: rbps wbps riops wiops); NULL: no limit
 * Rules   a limit that cannot be enforced is refused, by its option's name; pids alone
 *         has something to fall back on (RLIMIT_NPROC)
 * Errors  ERR_USAGE: the option is malformed, or nothing here can enforce it
 * Owns    nothing; borrows the texts
 * Source  Documentation/admin-guide/cgroup-v2.rst */
#ifndef CLIENT_RUN_LIMITS_H
#define CLIENT_RUN_LIMITS_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct limits {
	const char *memory, *pids, *cpus, *cpu_weight, *io_weight, *io_max;
};

/* Are they well-formed. */
int limits_check(const struct limits *l, struct err *e) must_check nonnull;

bool limits_any(const struct limits *l) nonnull;

/* Only what RLIMIT_NPROC can stand in for; *count receives it. */
bool limits_only_pids(const struct limits *l, unsigned int *count) nonnull;

/* Writes them into the files of the cgroup, whose parent hands down the controllers. */
int limits_apply(const struct limits *l, int cgroup_fd, struct err *e) must_check nonnull;

/* The error of a limit when there is no cgroup, because of `why`. */
int limits_refuse(const struct limits *l, const char *why, struct err *e) nonnull;

#endif
