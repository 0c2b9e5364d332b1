/* hashfile.h -- a file that appears whole or not at all, and its digest with it.
 * Life    hashfile_begin, writes through hashfile_writer, then hashfile_commit or
 *         hashfile_cancel
 * Owns    the temporary file and the hash state; borrows dir_fd and name */
#ifndef LIB_ADAPT_HASHFILE_H
#define LIB_ADAPT_HASHFILE_H

#include "lib/adapt/digest.h"
#include "lib/base/atomic.h"

struct hashfile {
	struct atomic file;
	struct hasher hash;
	const char *name;
};

#define HASHFILE_INIT                                                                    \
	{                                                                                \
		.file = ATOMIC_INIT                                                      \
	}

int hashfile_begin(struct hashfile *h, int dir_fd, const char *name, mode_t mode,
	struct err *e) must_check nonnull;
struct writer hashfile_writer(struct hashfile *h) nonnull;
int hashfile_commit(struct hashfile *h, uint64_t *size, struct digest *sha256,
	struct err *e) must_check nonnull;
void hashfile_cancel(struct hashfile *h) nonnull;
#define auto_hashfile with_cleanup(hashfile_cancel)

#endif
