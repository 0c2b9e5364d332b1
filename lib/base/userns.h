/* userns.h -- subordinate ids and user namespaces of an ordinary user.
 * Shape   the one map is "0 SUB 65536": the first 65,536 ids of the first range of at
 * least that length; shorter ranges count as none (single id)
 * Source  subuid(5), newuidmap(1), user_namespaces(7) */
#ifndef LIB_BASE_USERNS_H
#define LIB_BASE_USERNS_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#include <sys/types.h>

#define USERNS_IDS 65536U

struct subids {
	uid_t uid_start; /* first subordinate uid */
	gid_t gid_start; /* first subordinate gid */
	bool full;       /* 65,536 of each, and newuidmap/newgidmap to use them */
	char why[200];   /* when not full: what is missing and how to mend it */
};

/* What the caller (by uid and login name, /etc/subuid and /etc/subgid, or what
 * nsswitch.conf names as `subid`) may map. Never fails: what cannot be read counts as
 * absent and is said in `why`. Parses the files itself and asks the name services through
 * nss.h where these have no answer, so that a static program can use it. */
void subids_find(uid_t uid, struct subids *out) nonnull;

/* The pure part, for tests: the first long enough range of `name` or decimal uid in a
 * file's text. */
bool subids_parse(
	struct bytes text, const char *name, uid_t uid, unsigned int *start) nonnull;

/* Is this the machine's own user namespace, where ids are what they seem? */
bool userns_is_initial(void);

enum userns_kind {
	USERNS_CONTAINER, /* 0 SUB 65536: what a container sees */
	USERNS_STORE, /* 0 SUB 65536, and 65536 UID 1: root of it may write the user's own
			 directories too: unpacking, removing */
	USERNS_HOLDER, /* 0 UID 1, and SUB SUB 65536: the caller stays himself, sees the
			  ids as the host does, and can write maps of children with no
			  helper */
};

/* Writes the maps of `pid` (a dumpable child of ours that just made its user namespace)
 * through newuidmap and newgidmap, or single-id maps when !ids->full. */
int userns_write_maps(pid_t pid, enum userns_kind kind, const struct subids *ids,
	struct err *e) must_check nonnull;

/* Forks; the child enters a new user namespace (and `extra_flags`: CLONE_NEWNS...), is
 * mapped, becomes id 0 in it, runs fn and ends by _exit with its value (what fn printed
 * through stdio is its own to flush). Returns the child's pid, or -1. The child dies with
 * us. */
pid_t userns_fork(enum userns_kind kind, int extra_flags, const struct subids *ids,
	int (*fn)(void *ctx), void *ctx, struct err *e) must_check nonnull_args(3, 4, 6);

#endif
