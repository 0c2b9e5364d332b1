/* mapping.h -- what a distribution calls an architecture.
 * Source  recipes chapter section 1.1 */
#ifndef BUILDER_MAPPING_H
#define BUILDER_MAPPING_H

#include "builder/recipe.h"

/* The canonical kernel name of any name or alias (amd64 -> x86_64); NULL if unknown. */
const char *mapping_kernel_name(const char *arch) nonnull;

/* "linux64" or "linux32". */
const char *mapping_personality(const char *kernel_name) nonnull;

/* image.architecture_mapped for this recipe. */
const char *mapping_apply(const struct recipe *r, const char *arch) nonnull;

#endif
