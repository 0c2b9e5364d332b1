/* Filter values that can never match: the entry is silently never used. */
#include "builder/recipe_lint.h"

#include "builder/mapping.h"

#include "lib/base/opt.h"

#define NAMES_MAX 256

struct names {
	const char *item[NAMES_MAX];
	size_t count;
};

struct linting {
	const struct recipe *recipe;
	bool closed; /* releases and variants are all of them */
	struct names releases, architectures, variants;
	struct complaints *c;
	struct arena arena;
};

static void add(struct names *n, const char *name)
{
	for (size_t i = 0; i < n->count; i++)
		if (strcmp(n->item[i], name) == 0)
			return;
	if (n->count < NAMES_MAX)
		n->item[n->count++] = name;
}

static bool have(const struct names *n, const char *name)
{
	for (size_t i = 0; i < n->count; i++)
		if (strcmp(n->item[i], name) == 0)
			return true;
	return false;
}

static const char *option(const struct release *r, const char *key)
{
	for (size_t i = 0; i < r->options.count; i++)
		if (strcmp(text_str(&r->options.item[i].key), key) == 0)
			return text_str(&r->options.item[i].value);
	return NULL;
}

/* The name or what an option makes of it. */
static void add_release(struct linting *l, const struct release *r)
{
	const char *set = option(r, "image.release");

	add(&l->releases, set ? set : text_str(&r->name));
	set = option(r, "image.variant");
	if (set)
		add(&l->variants, set);
	for (size_t i = 0; !set && i < r->variants.count; i++)
		add(&l->variants, text_str(&r->variants.item[i]));
}

static void add_architectures(struct linting *l)
{
	const char *name;

	for (size_t i = 0; (name = mapping_name(i, &l->arena)); i++)
		add(&l->architectures,
			mapping_apply(text_str(&l->recipe->mappings.architecture_map),
				&l->recipe->mappings.architectures, name, &l->arena));
}

static void lint_list(const struct linting *l, const struct texts *list,
	const struct names *known, const char *what)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct text *t = &list->item[i];
		const char *hint;

		if (have(known, text_str(t)))
			continue;
		hint = opt_nearest(text_str(t), known->item, known->count);
		if (!hint && mapping_kernel_name(text_str(t)) &&
			known == &l->architectures)
			hint = mapping_apply(
				text_str(&l->recipe->mappings.architecture_map),
				&l->recipe->mappings.architectures, text_str(t),
				/* lives as long as what is said */
				&l->c->arena);
		complain_warn(l->c, t->line, t->column, "no %s is '%s' here%s%s%s", what,
			text_str(t), hint ? ": did you mean '" : "", hint ? hint : "",
			hint ? "'?" : "");
	}
}

static void lint(const struct linting *l, const struct filter *f)
{
	lint_list(l, &f->architectures, &l->architectures, "architecture");
	if (!l->closed || !filter_allows_container(f))
		return;
	lint_list(l, &f->releases, &l->releases, "release");
	lint_list(l, &f->variants, &l->variants, "variant");
}

static void lint_all(const struct linting *l)
{
	const struct recipe *r = l->recipe;

	for (size_t i = 0; i < r->targets.lxc.config.count; i++)
		lint(l, &r->targets.lxc.config.item[i].filter);
	for (size_t i = 0; i < r->files.count; i++)
		lint(l, &r->files.item[i].filter);
	for (size_t i = 0; i < r->packages.sets.count; i++)
		lint(l, &r->packages.sets.item[i].filter);
	for (size_t i = 0; i < r->packages.repositories.count; i++)
		lint(l, &r->packages.repositories.item[i].filter);
	for (size_t i = 0; i < r->actions.count; i++)
		lint(l, &r->actions.item[i].filter);
	for (size_t i = 0; i < r->environment.variables.count; i++)
		lint(l, &r->environment.variables.item[i].filter);
}

void recipe_lint_filters(
	const struct recipe *r, const struct releases *known, struct complaints *c)
{
	struct linting l = { .recipe = r, .closed = known != NULL, .c = c };

	for (size_t i = 0; known && i < known->releases.count; i++)
		add_release(&l, &known->releases.item[i]);
	add_architectures(&l);
	lint_all(&l);
	arena_release(&l.arena);
}
