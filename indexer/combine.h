/* combine.h -- the digest by which Incus and LXD know an image: its two files, one behind
 * the other.
 * Source  protocols chapter section 2.4 */
#ifndef INDEXER_COMBINE_H
#define INDEXER_COMBINE_H

#include "indexer/catalog.h"

/* Fills `combined` of every root file among these, which lie in dir_fd beside the
 * metadata. */
int combine_files(int dir_fd, struct catalog_file *file, size_t count,
	struct err *e) must_check nonnull;

#endif
