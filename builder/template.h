/* template.h -- the part of the pongo2 template language that recipes use.
 * Shape   {{ path|filter:"argument" }}, {% if EXPR %} {% elif %} {% else %} {% endif %}
 *         with == != and or not in, {# comment #}, {{- and -}} trim; undefined is empty;
 *         an output that still holds a template is rendered again, at most 8 times
 * Errors  ERR_RECIPE with the line inside the text
 * Source  recipes chapter sections 2.3 and 2.4 */
#ifndef BUILDER_TEMPLATE_H
#define BUILDER_TEMPLATE_H

#include "lib/base/buf.h"

struct template_vars {
	/* Appends the value of a dotted path; false: undefined. */
	bool (*find)(const void *ctx, const char *path, struct buf *out);
	const void *ctx;
};

int template_render(const char *text, const struct template_vars *vars, struct buf *out,
	struct err *e) must_check nonnull;

#endif
