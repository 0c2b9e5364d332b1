/* pieces.h -- the digests of a long file piece by piece: its beginning may be used, or kept
 * for another day, while the rest is on its way.
 * Shape   pieces of one size, the smallest power of two from 1 MiB that needs at most
 *         PIECES_MAX of them; the last one is what remains
 * Source  docs/FORMAT.md section 5 */
#ifndef LIB_MODEL_PIECES_H
#define LIB_MODEL_PIECES_H

#include "lib/adapt/digest.h"

#define PIECES_MAX 16

struct pieces {
	size_t count;
	struct digest sha256[PIECES_MAX];
};

/* Of one piece of a file of this size; and how many it has, 0 for an empty one. */
uint64_t pieces_size(uint64_t file_size);
size_t pieces_count(uint64_t file_size);

/* Of a file that is read to its end, which must be file_size bytes. */
int pieces_read(const struct reader *in, uint64_t file_size, struct pieces *out,
	struct err *e) must_check nonnull;

/* ---- while it arrives: every byte once, in order */

struct piecewise {
	const struct pieces *told;
	uint64_t file_size;
	uint64_t at;   /* next byte that is expected */
	uint64_t good; /* bytes of whole pieces that are what was told */
	struct hasher hash;
};

void piecewise_init(struct piecewise *p, const struct pieces *told, uint64_t file_size)
	nonnull_args(1);
void piecewise_release(struct piecewise *p) nonnull;

/* Goes back to the end of the last good piece. */
void piecewise_rewind(struct piecewise *p) nonnull;

/* ERR_UNTRUSTED when a piece that ends in it is another one than was told. */
int piecewise_add(struct piecewise *p, const void *data, size_t len,
	struct err *e) must_check nonnull;

#endif
