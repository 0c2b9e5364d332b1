/* pack.h -- the entries of a tree become one tar, compressed twice, and its manifest, in
 * one pass.
 * Shape   the tar of lib/model/tarwrite.h, cut at boundaries once 4 MiB are together, and
 *         inside a file at 8 MiB; each piece is one .xz block and one zstd frame, so that
 *         bytes do not depend on the number of threads
 * Bounds  memory: two pieces a thread
 * Errors  ERR_FAILED when a content is not as long as its entry says
 * Owns    the manifest filled is the caller's to release; all else is borrowed */
#ifndef LIB_MODEL_PACK_H
#define LIB_MODEL_PACK_H

#include "lib/base/reader.h"
#include "lib/model/manifest.h"

#define PACK_CUT_MIN (4U << 20)
#define PACK_CUT_MAX (8U << 20)

struct pack_options {
	unsigned int threads; /* 0: as many as processors */
	int xz_level, zst_level;
};

/* Entries in tar order; digests of contents are filled in by the packer. */
struct pack_source {
	size_t count;
	const struct manifest_entry *(*entry)(void *ctx, size_t i);
	/* May a new piece begin with this entry? */
	bool (*is_boundary)(void *ctx, size_t i);
	/* The content of a file of size above 0, until close. */
	int (*open)(void *ctx, size_t i, struct reader *out, struct err *e);
	void (*close)(void *ctx);
	void *ctx;
};

/* man: initialised and empty; gets entries, tar size and diff id. */
int pack_run(const struct pack_source *source, const struct pack_options *options,
	const struct writer *xz, const struct writer *zst, struct manifest *man,
	struct err *e) must_check nonnull;

#endif
