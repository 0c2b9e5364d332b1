/* newdir.h -- a directory that a command makes for its caller: it appears whole or not at all.
 * Life    newdir_open makes it beside its place under another name (temp, 0700), the caller
 *         fills it, newdir_commit renames it; newdir_release removes what was not renamed
 * Errors  ERR_USAGE: the path names no directory; ERR_CONFLICT: something is there
 * Owns    the descriptor and the temporary directory, whoever of ids owns what is in it */
#ifndef CLIENT_IMAGE_NEWDIR_H
#define CLIENT_IMAGE_NEWDIR_H

#include "lib/base/userns.h"

struct newdir {
	int parent_fd;
	char *base;
	char temp[64]; /* "" when there is none to remove */
	struct subids ids;
};

#define NEWDIR_INIT                                                                      \
	{                                                                                \
		.parent_fd = -1                                                          \
	}

int newdir_open(const char *path, struct newdir *out, struct err *e) must_check nonnull;

/* Everything in it reaches the disk first. */
int newdir_commit(struct newdir *d, struct err *e) must_check nonnull;
void newdir_release(struct newdir *d) nonnull;
#define auto_newdir with_cleanup(newdir_release)

#endif
