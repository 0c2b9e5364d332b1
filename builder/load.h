/* load.h -- a recipe directory becomes recipe and releases, ready for one image.
 * Shape   DIR/image.yaml, DIR/releases.yaml, DIR/keys/ as releases.yaml names them; or a
 *         definition alone, a file or "-"
 * Errors  ERR_RECIPE after complaints; ERR_USAGE for the target and -o */
#ifndef BUILDER_LOAD_H
#define BUILDER_LOAD_H

#include "builder/recipe.h"
#include "builder/releases.h"

struct loaded {
	struct recipe recipe;
	struct releases releases;
	struct complaints recipe_complaints, releases_complaints;
	char *recipe_path, *releases_path;
	bool alone; /* a definition without releases */
};

/* Reads both files; faults are complaints. */
int load_open(const char *dir, struct loaded *out, struct err *e) must_check nonnull;

/* The same, or a definition alone. */
int load_open_any(const char *path, struct loaded *out, struct err *e) must_check nonnull;
void load_close(struct loaded *l) nonnull;
#define auto_loaded with_cleanup(load_close)

/* ERR_RECIPE when there was any fault. Prints all complaints. */
int load_judge(struct loaded *l, struct out *o, struct err *e) must_check nonnull;

/* Also what this version cannot build is a fault. */
int load_judge_buildable(
	struct loaded *l, struct out *o, struct err *e) must_check nonnull;

/* The first key file of a release that is not there, or NULL. */
const struct text *load_missing_key(
	const char *dir, const struct release *release) must_check nonnull;

/* Adds everything that is odd to the complaints; dir is where keys lie. */
void load_lint(struct loaded *l, const char *dir, int64_t now_s) nonnull;

/* Fits the recipe to one image: release, architecture, variant, options (release's, then
 * the caller's), keys of the release. Call before load_judge. */
int load_choose(struct loaded *l, const char *dir, const char *target,
	const char *const *options, size_t option_count, struct image *image,
	const struct release **release, struct err *e) must_check nonnull;

#endif
