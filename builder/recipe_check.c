/* Meaning behind the shape: what a well-formed definition may still get wrong. */
#include "builder/recipe.h"

#include "builder/generator.h"
#include "builder/manager.h"
#include "builder/source.h"

#include <ctype.h>

static bool is_blank(const struct text *t)
{
	const char *p = text_str(t);

	while (isspace((unsigned char)*p))
		p++;
	return *p == '\0';
}

static void need(const struct text *t, const char *path, struct complaints *c)
{
	if (is_blank(t) && !t->bad)
		complain(c, t->line, t->column, "'%s' may not be empty", path);
}

static void check_custom(const struct custom_manager *m, struct complaints *c)
{
	const struct {
		const char *verb;
		const struct text *cmd;
	} verb[] = {
		{ "clean", &m->clean.cmd },
		{ "install", &m->install.cmd },
		{ "remove", &m->remove.cmd },
		{ "refresh", &m->refresh.cmd },
		{ "update", &m->update.cmd },
	};

	for (size_t i = 0; i < ARRAY_COUNT(verb); i++)
		if (!text_is_set(verb[i].cmd) && !verb[i].cmd->bad)
			complain(c, verb[i].cmd->line ? verb[i].cmd->line : m->mark.line,
				verb[i].cmd->line ? verb[i].cmd->column : m->mark.column,
				"'packages.custom_manager' needs '%s: {cmd: ...}'",
				verb[i].verb);
}

static void check_packages(const struct recipe_packages *p, struct complaints *c)
{
	const struct text *name = &p->manager;

	if (p->custom_manager.mark.line && name->text)
		complain(c, name->line, name->column,
			"'packages.manager' and 'packages.custom_manager' exclude each "
			"other");
	else if (p->custom_manager.mark.line)
		check_custom(&p->custom_manager, c);
	else if (!text_is_set(name) && !name->bad)
		complain(c, name->line, name->column,
			"'packages.manager' or 'packages.custom_manager' is required");
	for (size_t i = 0; i < p->sets.count; i++)
		need(&p->sets.item[i].action, "packages.sets.action", c);
}

void recipe_check(const struct recipe *r, struct complaints *c)
{
	need(&r->image.distribution, "image.distribution", c);
	need(&r->source.downloader, "source.downloader", c);
	check_packages(&r->packages, c);
	for (size_t i = 0; i < r->files.count; i++)
		need(&r->files.item[i].generator, "files.generator", c);
	for (size_t i = 0; i < r->actions.count; i++)
		need(&r->actions.item[i].trigger, "actions.trigger", c);
}

/* ---- what this version can build */

static void printf_like(4, 5)
	say(struct complaints *c, bool warn, const struct text *at, const char *fmt, ...)
{
	char sentence[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	if (warn)
		complain_warn(c, at->line, at->column, "%s", sentence);
	else
		complain(c, at->line, at->column, "%s", sentence);
}

void recipe_check_buildable(const struct recipe *r, bool warn, struct complaints *c)
{
	const struct text *downloader = &r->source.downloader;
	const struct text *manager = &r->packages.manager;

	if (text_is_set(downloader) && !downloader->bad &&
		!source_is_supported(downloader->text))
		say(c, warn, downloader, "downloader '%s' is not in this version",
			downloader->text);
	if (text_is_set(manager) && !manager->bad && !manager_is_supported(manager->text))
		say(c, warn, manager, "package manager '%s' is not in this version",
			manager->text);
	for (size_t i = 0; i < r->files.count; i++) {
		const struct recipe_file *f = &r->files.item[i];

		if (text_is_set(&f->generator) && !f->generator.bad &&
			filter_allows_container(&f->filter) &&
			!generator_is_supported(f->generator.text))
			say(c, warn, &f->generator,
				"generator '%s' is for virtual machines: it fails when a "
				"container is built; add 'types: [vm]'",
				f->generator.text);
	}
}
