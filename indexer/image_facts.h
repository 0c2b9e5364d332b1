/* image_facts.h -- the newest builds of one image with their files, as emitters see them.
 * Owns    the arena owns every string and array; image_facts_release empties it for the
 *         next image */
#ifndef INDEXER_IMAGE_FACTS_H
#define INDEXER_IMAGE_FACTS_H

#include "indexer/emit.h"

struct image_facts {
	struct catalog *catalog;
	struct arena arena;
	struct emit_build build[EMIT_BUILDS];
	size_t build_count;
	struct catalog_file *file; /* of the build being read */
	size_t file_count;
};

int image_facts_read(
	struct image_facts *f, int64_t image, struct err *e) must_check nonnull;
void image_facts_release(struct image_facts *f) nonnull;

#endif
