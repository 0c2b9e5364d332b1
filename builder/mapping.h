/* mapping.h -- what a distribution calls an architecture.
 * Source  recipes chapter section 1.1 */
#ifndef BUILDER_MAPPING_H
#define BUILDER_MAPPING_H

#include "builder/fields.h"

/* The canonical kernel name of any name or alias (amd64 -> x86_64); NULL if unknown. */
const char *mapping_kernel_name(const char *arch) nonnull;

/* Every name and alias by number; NULL behind the last. */
const char *mapping_name(size_t number, struct arena *arena) nonnull;

/* "linux64" or "linux32". */
const char *mapping_personality(const char *kernel_name) nonnull;

/* image.architecture_mapped: by the table of this name, else by the recipe's own pairs.
 * What comes back borrows from the arguments or lives in the arena. */
const char *mapping_apply(const char *table, const struct text_map *own, const char *arch,
	struct arena *arena) nonnull;

#endif
