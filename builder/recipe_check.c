/* Meaning behind the shape: what a well-formed definition may still get wrong. */
#include "builder/recipe.h"

#include "builder/generator.h"
#include "builder/manager.h"
#include "builder/source.h"

static void need(const struct text *t, const char *path, struct complaints *c)
{
	if (!text_is_set(t) && !t->bad)
		complain(c, t->line, t->column, "'%s' may not be empty", path);
}

static void check_custom(const struct custom_manager *m, struct complaints *c)
{
	const struct {
		const char *path;
		const struct text *cmd;
	} verb[] = {
		{ "packages.custom_manager.clean.cmd", &m->clean.cmd },
		{ "packages.custom_manager.install.cmd", &m->install.cmd },
		{ "packages.custom_manager.remove.cmd", &m->remove.cmd },
		{ "packages.custom_manager.refresh.cmd", &m->refresh.cmd },
		{ "packages.custom_manager.update.cmd", &m->update.cmd },
	};

	for (size_t i = 0; i < ARRAY_COUNT(verb); i++)
		need(verb[i].cmd, verb[i].path, c);
}

static bool is_custom(const struct custom_manager *m)
{
	return m->clean.cmd.text || m->install.cmd.text || m->remove.cmd.text ||
	       m->refresh.cmd.text || m->update.cmd.text || m->flags.count;
}

static void check_packages(const struct recipe_packages *p, struct complaints *c)
{
	const struct text *name = &p->manager;

	if (is_custom(&p->custom_manager) && text_is_set(name))
		complain(c, name->line, name->column,
			"'packages.manager' and 'packages.custom_manager' exclude each "
			"other");
	else if (is_custom(&p->custom_manager))
		check_custom(&p->custom_manager, c);
	else if (!text_is_set(name) && !name->bad)
		complain(c, 0, 0,
			"'packages.manager' or 'packages.custom_manager' is required");
	else if (text_is_set(name) && !name->bad && !manager_is_supported(name->text))
		complain(c, name->line, name->column,
			"package manager '%s' cannot be driven by this version; apt and "
			"custom_manager can",
			name->text);
	for (size_t i = 0; i < p->sets.count; i++)
		need(&p->sets.item[i].action, "packages.sets.action", c);
}

static void check_mode(const struct text *mode, struct complaints *c)
{
	if (text_is_set(mode) && (strspn(mode->text, "01234567") != strlen(mode->text) ||
					 strlen(mode->text) > 5))
		complain_warn(c, mode->line, mode->column, "mode '%s' is not octal",
			mode->text);
}

static void check_file(const struct recipe_file *f, struct complaints *c)
{
	const struct text *name = &f->generator;

	need(name, "files.generator", c);
	check_mode(&f->mode, c);
	if (text_is_set(name) && !name->bad && filter_allows_container(&f->filter) &&
		!generator_is_supported(name->text))
		complain(c, name->line, name->column,
			"generator '%s' cannot be run for a container by this version",
			name->text);
}

static void check_config(const struct lxc_config *config, struct complaints *c)
{
	const char *type = text_str(&config->type);

	if (strcmp(type, "all") != 0 && strcmp(type, "system") != 0 &&
		strcmp(type, "user") != 0)
		complain_warn(c, config->type.line, config->type.column,
			"config type '%s' is none of all, system, user: the entry is "
			"never used",
			type);
}

static void check_source(const struct recipe_source *s, struct complaints *c)
{
	const struct text *name = &s->downloader;

	need(name, "source.downloader", c);
	if (text_is_set(name) && !name->bad && !source_is_supported(name->text))
		complain(c, name->line, name->column,
			"downloader '%s' is not in this version; debootstrap and "
			"rootfs-http are",
			name->text);
}

void recipe_check(const struct recipe *r, struct complaints *c)
{
	need(&r->image.distribution, "image.distribution", c);
	check_source(&r->source, c);
	check_packages(&r->packages, c);
	for (size_t i = 0; i < r->files.count; i++)
		check_file(&r->files.item[i], c);
	for (size_t i = 0; i < r->targets.lxc.config.count; i++)
		check_config(&r->targets.lxc.config.item[i], c);
	for (size_t i = 0; i < r->actions.count; i++)
		need(&r->actions.item[i].trigger, "actions.trigger", c);
	if (text_is_set(&r->image.expiry) && recipe_expiry_s(r) == 0)
		complain_warn(c, r->image.expiry.line, r->image.expiry.column,
			"expiry '%s' means that the image expires at once",
			r->image.expiry.text);
}
