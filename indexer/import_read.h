/* import_read.h -- whatever FILE is, a tree.
 * Errors  as indexer/import.h
 * Owns    the tree is the caller's */
#ifndef INDEXER_IMPORT_READ_H
#define INDEXER_IMPORT_READ_H

#include "indexer/importtree.h"

struct import_read {
	struct importtree *tree; /* finished */
	char kind[48];
	struct digest sha256; /* of the file; zero of a directory */
};

int import_read(int staging_fd, const char *file, const char *arch,
	struct import_read *out, struct err *e) must_check nonnull;

#endif
