/* confine.h -- the one process that interprets an archive, and what it may still do.
 * Rules   SEC-30: a child in its own user namespace (id 0 of it is the first mapped id),
 *         without network, ipc or mounts of ours; its root is the directory it fills;
 *         five capabilities over mapped ids, no way to gain others, a list of system
 *         calls, limits of memory, files and time; no descriptor but the named ones; it
 *         dies with us
 * Errors  the child's own error comes back as ours
 * Owns    confined_start gives a pid and a pipe, confined_end takes both */
#ifndef CLIENT_IMAGE_CONFINE_H
#define CLIENT_IMAGE_CONFINE_H

#include "lib/base/userns.h"

#define CONFINE_FDS 6

struct confine {
	int root_fd;         /* becomes the root; stays open */
	int fd[CONFINE_FDS]; /* stay open, -1 for none */
	uint64_t file_max;   /* bytes of the largest file it may write */
	uint64_t memory_max; /* bytes on top of what it has */
};

/* In the child: gives all else up, for good. */
int confine_enter(const struct confine *c, struct err *e) must_check nonnull;

struct confined {
	pid_t pid;
	int report_fd;
};

/* fn runs in the child and reports to report_fd; its error is reported for it. */
int confined_start(const struct subids *ids,
	int (*fn)(void *ctx, int report_fd, struct err *e), void *ctx,
	struct confined *out, struct err *e) must_check nonnull;

/* Waits; ERR_FAILED unless it ended well. */
int confined_end(struct confined *c, struct err *e) must_check nonnull;

/* Removes NAME beneath dir_fd, whoever of the mapped ids owns what is in it. */
int confined_remove(int dir_fd, const char *name, const struct subids *ids,
	struct err *e) must_check nonnull;

/* A directory that a child shall fill gets the caller's group, the one that is mapped: it
 * may have another one from a setgid directory above it. */
int confined_adopt(int fd, struct err *e) must_check nonnull;

/* Renames FROM to TO (nothing, or an empty directory) beneath dir_fd, although FROM
 * belongs to a mapped id and dir_fd may be sticky. */
int confined_rename(int dir_fd, const char *from, const char *to,
	const struct subids *ids, struct err *e) must_check nonnull;

#endif
