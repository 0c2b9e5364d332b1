/* layer.h -- what one layer of an image hides of those below it.
 * Life    layer_begin; layer_entry for each entry, in any order; layer_hide once all its
 *         entries are written; layer_release
 * Owns    copies of the paths
 * Source  OCI image-spec 1.1, layer.md: whiteouts are about lower layers only */
#ifndef BUILDER_LAYER_H
#define BUILDER_LAYER_H

#include "lib/base/arena.h"
#include "lib/base/relpath.h"

struct layer {
	struct arena arena;
	char **path; /* what it brings */
	size_t count, room;
	struct hidden *hidden;
	size_t hidden_count, hidden_room;
};

void layer_release(struct layer *l) nonnull;
#define auto_layer with_cleanup(layer_release)

/* 1 it is a whiteout and noted as one; 0 it is an entry like others; -1. */
int layer_entry(
	struct layer *l, const struct relpath *p, struct err *e) must_check nonnull;

/* Removes beneath root_dir what is hidden; times of directories stay. */
int layer_hide(struct layer *l, int root_dir, struct err *e) must_check nonnull;

#endif
