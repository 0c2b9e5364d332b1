/* atomic.h -- a file that appears whole or not at all.
 * Life    atomic_begin makes NAME.tmp-XXXXXX beside it; writes go there and the first
 *         error sticks; atomic_commit is fsync, rename, fsync of the directory;
 *         atomic_cancel removes it
 * Owns    the temporary file and its descriptor; borrows dir_fd until commit or cancel */
#ifndef LIB_BASE_ATOMIC_H
#define LIB_BASE_ATOMIC_H

#include "lib/base/buf.h"

#include <sys/types.h>

struct atomic {
	int fd;
	int dir_fd;
	char name[256];
	char temp[280];
	struct err first; /* code 0 while all is well */
};

#define ATOMIC_INIT                                                                      \
	{                                                                                \
		.fd = -1, .dir_fd = -1                                                   \
	}

/* name is one component beneath dir_fd; mode is exact. */
int atomic_begin(struct atomic *a, int dir_fd, const char *name, mode_t mode,
	struct err *e) must_check nonnull;
void atomic_write(struct atomic *a, const void *p, size_t len) nonnull_args(1);
void atomic_printf(struct atomic *a, const char *fmt, ...) nonnull printf_like(2, 3);
int atomic_commit(struct atomic *a, struct err *e) must_check nonnull;
void atomic_cancel(struct atomic *a) nonnull;
#define auto_atomic with_cleanup(atomic_cancel)

/* The whole of it in one call. */
int atomic_write_file(int dir_fd, const char *name, struct bytes content, mode_t mode,
	struct err *e) must_check nonnull;

/* Replaces or makes the symbolic link NAME -> target by rename, and syncs the directory.
 */
int atomic_symlink(int dir_fd, const char *name, const char *target,
	struct err *e) must_check nonnull;

#endif
