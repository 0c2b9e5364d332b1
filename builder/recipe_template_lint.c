/* Templates that cannot be rendered, or that name what never has a value. */
#include "builder/recipe_lint.h"

struct linting {
	const struct recipe *recipe;
	struct complaints *c;
	const struct text *text; /* under the eyes now */
};

static void say(void *ctx, unsigned int line, const char *sentence)
{
	const struct linting *l = ctx;
	unsigned int below = line - 1 + (l->text->block ? 1 : 0);

	complain_warn(l->c, l->text->line + below, below ? 1 : l->text->column,
		"template: %s", sentence);
}

static void lint(struct linting *l, const struct text *text)
{
	const struct template_vars vars = recipe_vars(l->recipe);
	const struct template_judge judge = { .say = say, .ctx = l };

	l->text = text;
	if (text->line && text_is_set(text))
		template_check(text->text, &vars, &judge);
}

static void lint_file(struct linting *l, const struct recipe_file *f)
{
	if (!f->pongo)
		return;
	lint(l, &f->path);
	lint(l, &f->source);
	lint(l, &f->content);
}

void recipe_lint_templates(const struct recipe *r, struct complaints *c)
{
	struct linting l = { .recipe = r, .c = c };

	lint(&l, &r->image.name);
	lint(&l, &r->image.description);
	lint(&l, &r->source.url);
	for (size_t i = 0; i < r->source.components.count; i++)
		if (strcmp(text_str(&r->source.downloader), "rpmbootstrap") == 0)
			lint(&l, &r->source.components.item[i]);
	lint(&l, &r->targets.lxc.create_message);
	for (size_t i = 0; i < r->targets.lxc.config.count; i++)
		lint(&l, &r->targets.lxc.config.item[i].content);
	for (size_t i = 0; i < r->packages.repositories.count; i++) {
		lint(&l, &r->packages.repositories.item[i].url);
		lint(&l, &r->packages.repositories.item[i].key);
	}
	for (size_t i = 0; i < r->files.count; i++)
		lint_file(&l, &r->files.item[i]);
	for (size_t i = 0; i < r->actions.count; i++)
		if (r->actions.item[i].pongo)
			lint(&l, &r->actions.item[i].action);
}
