/* rootfile.h -- files of a container's root, seen from before it is entered.
 * Rules   resolved inside that root; a directory is reached without any link, and what is
 *         read or replaced is the name itself, never what it leads to
 * Errors  say the name as the container knows it
 * Owns    nothing and allocates nothing: used behind the clone
 * Source  openat2(2) */
#ifndef CLIENT_RUN_ROOTFILE_H
#define CLIENT_RUN_ROOTFILE_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <sys/stat.h>

/* A directory of it ("etc/apt"); -1 where there is none that is plain. */
int rootfile_dir(int root_fd, const char *path) must_check nonnull;

/* Is it a file with something in it, wherever its links lead inside the root? */
bool rootfile_has_content(int root_fd, const char *path) nonnull;

/* What is there under this name, a link too, is replaced as a whole; like: whose owner and
 * mode it gets, NULL for root's 0644. A directory of that name stays. */
int rootfile_put(int dir_fd, const char *name, const char *text, size_t len,
	const struct stat *like, struct err *e) must_check nonnull_args(2, 3, 6);

#endif
