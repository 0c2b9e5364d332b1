/* template.h -- the part of the pongo2 template language that recipes and Incus images use.
 * Shape   {{ EXPR|filter:ARG }}; {% if %} {% elif %} {% else %} {% endif %}, {% for X in
 *         LIST %} {% empty %} {% endfor %}, {% set X = EXPR %}, {% with X=EXPR %}
 *         {% endwith %}; NAME("KEY", DEFAULT) is what NAME.KEY names, else DEFAULT; == != < > <= >= and or not in, + - * / %; {# comment #}; {{- and
 *         -}} trim; undefined is empty; an output that still holds a template is rendered
 *         again, at most 8 times; a rendering does at most 10,000 steps
 * Errors  ERR_RECIPE with the line inside the text
 * Source  recipes chapter sections 2.3 and 2.4 */
#ifndef LIB_MODEL_TEMPLATE_H
#define LIB_MODEL_TEMPLATE_H

#include "lib/model/template_vars.h"

int template_render(const char *text, const struct template_vars *vars, struct buf *out,
	struct err *e) must_check nonnull;

/* Without the rounds: what the values hold is no template. */
int template_render_once(const char *text, const struct template_vars *vars,
	struct buf *out, struct err *e) must_check nonnull;

/* Says what would go wrong: all names that can never be defined, and the first mistake of
 * syntax. Evaluates nothing. */
void template_check(const char *text, const struct template_vars *vars,
	const struct template_judge *judge) nonnull;

#endif
