/* plan.h -- everything about a container that is decided before it is cloned.
 * Rules   behind the clone there is no allocation and no decision about names: pid 1 does
 *         what stands here
 * Owns    nothing; borrows until the command runs */
#ifndef CLIENT_RUN_PLAN_H
#define CLIENT_RUN_PLAN_H

#include "client/run/net.h"
#include "client/run/passwd.h"
#include "client/run/volumes.h"

#include <sys/ioctl.h>

enum plan_flags {
	PLAN_FULL_MAP = 1, /* 65,536 ids, else one */
	PLAN_VOLATILE = 2, /* the upper layer is thrown away: no sync at the end */
	PLAN_MEMORY = 16,  /* it is in memory: upper and work are not used */
	PLAN_HOST_NET = 4,
	PLAN_TTY = 8,      /* a terminal of its own; its master comes back */
	PLAN_SYSTEM = 256, /* the command is pid 1, with the rights of an init */
};

struct plan {
	unsigned int flags;
	unsigned int uid_start, gid_start; /* what becomes id 0 */
	const char *rootfs, *upper, *work; /* relative to the working directory */
	const char *layer_size;            /* of one in memory, as tmpfs(5) takes it */
	const char *hostname;
	const char *files;     /* records of templates_place, or NULL */
	const char *templates; /* the image's list, a path a line; NULL: none */
	const char *workdir;
	char *const *argv;
	const char *const *env;
	const char *user_name; /* to be looked up in the container; NULL: user says */
	const struct passwd_user *user; /* NULL: root */
	struct winsize window;          /* of a terminal; all zero: unknown */
	const struct volumes *volumes;
	struct net *net;         /* NULL: none to be connected */
	const char *resolv_conf; /* NULL: the image's */
	unsigned int map_me;     /* the id that is the caller inside; 0: none */
	unsigned int nproc;      /* processes a user of it may have; 0: any number */
	int cgroup_fd;           /* of its own; 0 or -1: none */
	const char *uuid;        /* of a system, as its machine id */
	int stdio[3];            /* becomes 0, 1, 2; -1: the terminal */
	char *scrub;             /* our own arguments and environment, wiped in pid 1 */
	size_t scrub_len;
};

/* Else it is the host's, or made by the clone, to be connected before pid 1 goes on. */
static inline bool plan_makes_network_inside(const struct plan *p)
{
	return !p->net && !(p->flags & PLAN_HOST_NET);
}

#endif
