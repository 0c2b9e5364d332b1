/* recorded.h -- a finished build as the recipe directory that would make it again.
 * Shape   image.yaml is the build's recipe.yaml; releases.yaml names its one image, its
 *         mirror, and pins the digest of every archive that was fetched as a whole
 * Errors  ERR_DAMAGED when recipe.yaml is not the one that build.json names; ERR_NOTFOUND
 *         for a build without recipe or provenance
 * Owns    the strings live in the arena */
#ifndef BUILDER_RECORDED_H
#define BUILDER_RECORDED_H

#include "builder/provenance.h"

struct recorded {
	struct build build;
	struct provenance_settings settings;
};

void recorded_init(struct recorded *r) nonnull;
void recorded_release(struct recorded *r) nonnull;
#define auto_recorded with_cleanup(recorded_release)

/* Reads a build's directory. */
int recorded_read(struct recorded *r, int build_dir, struct err *e) must_check nonnull;

/* Writes the recipe directory. */
int recorded_write_recipe(const struct recorded *r, int build_dir, int recipe_dir,
	struct err *e) must_check nonnull;

#endif
