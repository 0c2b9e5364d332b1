/* deltafile.h -- one delta between two admitted builds, made from their rootfs.tar.zst.
 * Shape   docs/FORMAT.md section 10
 * Rules   contents lie in a private scratch directory while it is made; each is checked against
 *         its manifest, and each piece is applied again before it is kept
 * Bounds  by thread one piece and its base (2 x 16 MiB) and what compressing them takes; stops as
 *         soon as the payloads exceed `max_size`
 * Errors  ERR_DAMAGED when a published file is no longer what was admitted */
#ifndef INDEXER_DELTAFILE_H
#define INDEXER_DELTAFILE_H

#include "lib/base/buf.h"

struct deltafile {
	int old_fd, new_fd; /* directories of both builds in public/ */
	int scratch_fd;     /* an empty directory */
	uint64_t max_size;
	unsigned int threads; /* 0: as many as there are processors */
};

/* Makes NAME in scratch_fd, synced: 1 made, 0 it would be larger than max_size, -1. */
int deltafile_make(
	const struct deltafile *d, const char *name, struct err *e) must_check nonnull;

#endif
