/* piecefile.h -- the digests piece by piece of what our own client unpacks while it arrives.
 * In      the directory of a build, its files
 * Out     pieces of rootfs.tar.zst; of no other file
 * Errors  ERR_DAMAGED for a file that is shorter than its row */
#ifndef INDEXER_PIECEFILE_H
#define INDEXER_PIECEFILE_H

#include "indexer/catalog.h"

int piecefile_read(int dir_fd, struct catalog_file *file, size_t count,
	struct err *e) must_check nonnull;

#endif
