/* generator.h -- `files:` of a recipe: what is written into the tree or the metadata.
 * Rules   one tree serves LXC, Incus and ourselves: hostname and hosts put LXC_NAME into
 *         the tree and a template into the Incus metadata; template and cloud-init only
 *         the latter (a cloud-init that finds no seed switches itself off)
 * Errors  ERR_RECIPE names the entry's line
 * Owns    what was generated lives in the arena given
 * Source  recipes chapter section 2.5 */
#ifndef BUILDER_GENERATOR_H
#define BUILDER_GENERATOR_H

#include "builder/recipe.h"

#include "lib/adapt/digest.h"

struct incus_template {
	const char *path; /* inside the container */
	const char *file; /* NAME.tpl */
	const char *content;
	const struct texts *when;          /* NULL: create and copy */
	const struct text_map *properties; /* NULL: none */
};

/* What came from beside the recipe: "file:///PATH", or "recipe:PATH" relative to it. */
struct copied {
	const char *url;
	struct digest sha256;
};

/* What the generators leave for the metadata archives, and for the record. */
struct generated {
	const char **lxc_template; /* paths, in order */
	size_t lxc_count;
	struct incus_template *incus;
	size_t incus_count;
	struct copied *copied;
	size_t copied_count;
};

bool generator_is_supported(const char *name) nonnull;

/* Is this a file of cloud-init's seed ("user-data")? */
bool generator_is_seed(const char *name) nonnull;

/* Runs all entries that apply, in order; recipe_dir is where their sources lie. */
int generators_run(const struct recipe *r, const char *recipe_dir, int root_dir,
	struct arena *arena, struct generated *out, struct err *e) must_check nonnull;

#endif
