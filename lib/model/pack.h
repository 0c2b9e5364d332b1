/* pack.h -- the entries of a tree become one tar, compressed twice, and its manifest, in
 * one pass.
 * Shape   the tar of lib/model/tarwrite.h in pieces of about 8 to 16 MiB, each one .xz
 *         block and one zstd frame. Pieces end where a run of entries (a package) does:
 *         once 8 MiB are together, or 2 and the next run would not fit; only a run
 *         above 16 MiB is cut inside. So the bytes depend neither on the number of
 *         threads nor, for most pieces, on what changed elsewhere in the tree
 * Cache   what compressing a piece gave may be kept and taken again: its key names the
 *         piece's digest, the level and the library, so the archives are the same bytes
 *         with a cache and without
 * Bounds  memory: two pieces a thread
 * Errors  ERR_FAILED when a content is not as long as its entry says
 * Owns    the manifest filled is the caller's to release; all else is borrowed */
#ifndef LIB_MODEL_PACK_H
#define LIB_MODEL_PACK_H

#include "lib/base/reader.h"
#include "lib/model/manifest.h"

#define PACK_CUT_MIN (8U << 20)
#define PACK_CUT_MAX (16U << 20)

/* Called on any thread. */
struct pack_cache {
	/* Appends what is kept under a key; false, and nothing appended: nothing is. */
	bool (*find)(void *ctx, const struct digest *key, struct buf *out);
	/* Failing to is no error: it is compressed again next time. */
	void (*keep)(void *ctx, const struct digest *key, struct bytes made);
	void *ctx;
};

/* Pieces, and bytes of the tar in them: all, and those that the cache gave. */
struct pack_counts {
	uint64_t pieces, bytes;
	uint64_t reused_pieces, reused_bytes;
};

struct pack_options {
	unsigned int threads; /* 0: as many as processors */
	int xz_level, zst_level;
	const struct pack_cache *cache; /* NULL: none */
};

enum pack_boundary {
	PACK_INSIDE, /* this entry goes on with the run before it */
	PACK_RUN,    /* a new run begins: a new piece may */
	PACK_PART, /* what changes often and what does not meet: a new piece does, unless
	                it would be tiny */
};

/* Entries in tar order; digests of contents are filled in by the packer. */
struct pack_source {
	size_t count;
	const struct manifest_entry *(*entry)(void *ctx, size_t i);
	enum pack_boundary (*boundary)(void *ctx, size_t i);
	/* The content of a file of size above 0, until close. */
	int (*open)(void *ctx, size_t i, struct reader *out, struct err *e);
	void (*close)(void *ctx);
	void *ctx;
};

/* man: initialised and empty; gets entries, tar size and diff id. counts: NULL or zeroed.
 */
int pack_run(const struct pack_source *source, const struct pack_options *options,
	const struct writer *xz, const struct writer *zst, struct manifest *man,
	struct pack_counts *counts, struct err *e) must_check
	nonnull_args(1, 2, 3, 4, 5, 7);

#endif
