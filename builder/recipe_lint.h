/* recipe_lint.h -- what a definition's own tool silently lets through.
 * Shape   warnings only; known may be NULL: then any release and variant may be meant
 * Source  recipes chapter sections 5.2 and 12 */
#ifndef BUILDER_RECIPE_LINT_H
#define BUILDER_RECIPE_LINT_H

#include "builder/recipe.h"
#include "builder/releases.h"

void recipe_lint(const struct recipe *r, const struct releases *known,
	struct complaints *c) nonnull_args(1, 3);

/* Filter values that no image of the recipe has (recipe_filter_lint.c). */
void recipe_lint_filters(const struct recipe *r, const struct releases *known,
	struct complaints *c) nonnull_args(1, 3);

/* Templates that cannot be rendered (recipe_template_lint.c). */
void recipe_lint_templates(const struct recipe *r, struct complaints *c) nonnull;

#endif
