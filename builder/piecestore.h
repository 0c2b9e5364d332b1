/* piecestore.h -- what compressing the pieces of a tar gave, kept from night to night.
 * Shape   one file a piece and codec, named by its key: sha256 of the rest, then the rest
 * Rules   a file that is not what its digest says is removed and counts as absent; kill -9
 *         at any instant leaves whole files and temporary ones, which store_trim removes.
 *         Builds share the directory without a lock: equal keys have equal content
 * Owns    a directory descriptor */
#ifndef BUILDER_PIECESTORE_H
#define BUILDER_PIECESTORE_H

#include "builder/fetchedstore.h"

#include "lib/model/pack.h"

struct piecestore {
	struct store store;
};

#define PIECESTORE_INIT                                                                  \
	{                                                                                \
		.store = STORE_INIT                                                      \
	}

int piecestore_open(struct piecestore *s, const char *path, int log_fd,
	struct err *e) must_check nonnull;
void piecestore_close(struct piecestore *s) nonnull;
#define auto_piecestore with_cleanup(piecestore_close)

/* For the packer; borrows the store. */
struct pack_cache piecestore_cache(struct piecestore *s) must_check nonnull;

#endif
