#include "builder/recipe_lint.h"

#include "builder/generator.h"
#include "builder/manager.h"

#include <ctype.h>

#define PGP_BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----"

static void warn(struct complaints *c, const struct text *at, const char *sentence)
{
	complain_warn(c, at->line, at->column, "%s", sentence);
}

static bool is(const struct text *t, const char *word)
{
	return strcmp(text_str(t), word) == 0;
}

/* ---- image, targets, mappings */

static void lint_image(const struct recipe *r, struct complaints *c)
{
	const struct text *expiry = &r->image.expiry;
	const struct text *computed[] = { &r->image.architecture_mapped,
		&r->image.architecture_kernel, &r->image.architecture_personality };

	if (text_is_set(expiry) && recipe_expiry_s(r) == 0)
		complain_warn(c, expiry->line, expiry->column,
			"expiry '%s' means that the image expires at once", expiry->text);
	else if (text_is_set(expiry) && !recipe_expiry_is_clean(r))
		complain_warn(c, expiry->line, expiry->column,
			"in expiry '%s' only numbers with s, m, h, d or w count",
			expiry->text);
	for (size_t i = 0; i < ARRAY_COUNT(computed); i++)
		if (computed[i]->text && computed[i]->line)
			warn(c, computed[i],
				"this is computed from 'image.architecture': what is "
				"given here is not used");
}

static void lint_config(const struct lxc_config *config, struct complaints *c)
{
	const char *type = text_str(&config->type);

	if (!is(&config->type, "all") && !is(&config->type, "system") &&
		!is(&config->type, "user"))
		complain_warn(c, config->type.line, config->type.column,
			"config type '%s' is none of all, system, user: the entry is "
			"never used",
			type);
	if (config->before && config->after >= config->before)
		complain_warn(c, config->type.line, config->type.column,
			"'after: %llu' is not below 'before: %llu': the entry goes to "
			"every level outside of them",
			(unsigned long long)config->after,
			(unsigned long long)config->before);
	if (!text_is_set(&config->content))
		warn(c, &config->content, "a config entry without 'content'");
}

static void lint_targets(const struct recipe *r, struct complaints *c)
{
	const struct recipe_targets *t = &r->targets;

	for (size_t i = 0; i < t->lxc.config.count; i++)
		lint_config(&t->lxc.config.item[i], c);
	if (text_is_set(&t->incus.vm.filesystem) &&
		!is(&t->incus.vm.filesystem, "ext4") &&
		!is(&t->incus.vm.filesystem, "btrfs"))
		complain_warn(c, t->incus.vm.filesystem.line,
			t->incus.vm.filesystem.column,
			"filesystem '%s' is neither ext4 nor btrfs: a virtual machine "
			"cannot be made",
			t->incus.vm.filesystem.text);
	if (text_is_set(&r->mappings.architecture_map) && r->mappings.architectures.count)
		warn(c, &r->mappings.architectures.item[0].key,
			"'architectures' is not used beside 'architecture_map'");
}

/* ---- source */

static void lint_key(const struct text *key, struct complaints *c)
{
	const char *p = text_str(key);

	while (isspace((unsigned char)*p))
		p++;
	if (strncmp(p, PGP_BEGIN, strlen(PGP_BEGIN)) != 0)
		complain_warn(c, key->line, key->column,
			"key '%.60s' is none itself: put the armoured block in its "
			"place, no key server is asked",
			p);
}

/* Whose archive a signature stands beside, so that keys verify it. */
static bool takes_keys(const struct text *downloader)
{
	return !is(downloader, "rootfs-http") && !is(downloader, "docker-http") &&
	       !is(downloader, "fedora-http") && !is(downloader, "rpmbootstrap") &&
	       !is(downloader, "rootyard");
}

static bool has_keys(const struct recipe *r, const struct releases *known)
{
	bool all = known != NULL;

	for (size_t i = 0; known && i < known->releases.count; i++)
		all = all && known->releases.item[i].keys.count > 0;
	return r->source.keys.count > 0 || all;
}

static bool has_digests(const struct releases *known)
{
	bool all = known != NULL;

	for (size_t i = 0; known && i < known->releases.count; i++)
		all = all && known->releases.item[i].sha256.count > 0;
	return all;
}

static void lint_source(
	const struct recipe *r, const struct releases *known, struct complaints *c)
{
	const struct recipe_source *s = &r->source;
	bool debootstrap = is(&s->downloader, "debootstrap");

	for (size_t i = 0; i < s->keys.count; i++)
		lint_key(&s->keys.item[i], c);
	if (s->skip_verification)
		warn(c, &s->downloader,
			"'skip_verification: true': nothing verifies what is fetched");
	else if (text_is_set(&s->downloader) && !is(&s->downloader, "rootyard") &&
		 !has_digests(known) &&
		 (!takes_keys(&s->downloader) || !has_keys(r, known)))
		complain_warn(c, s->downloader.line, s->downloader.column,
			"nothing verifies what '%s' fetches: give '%s'",
			s->downloader.text,
			takes_keys(&s->downloader) ? "source.keys"
						   : "sha256' in 'releases.yaml");
	if (is(&s->downloader, "sabayon-http"))
		warn(c, &s->downloader, "'sabayon-http' always fails");
	if (text_is_set(&s->suite) && !debootstrap)
		warn(c, &s->suite, "only debootstrap looks at 'suite'");
	if (s->components.count && !debootstrap && !is(&s->downloader, "rpmbootstrap"))
		warn(c, &s->components.item[0],
			"only debootstrap and rpmbootstrap look at 'components'");
}

/* ---- files */

static void lint_mode(const struct recipe_file *f, struct complaints *c)
{
	const struct text *const ids[] = { &f->uid, &f->gid };
	const struct text *mode = &f->mode;

	if (text_is_set(mode) &&
		(strspn(mode->text, "01234567") != strlen(mode->text) ||
			strlen(mode->text) > 5 || strtoul(mode->text, NULL, 8) > 07777))
		complain_warn(c, mode->line, mode->column, "mode '%s' is not octal",
			mode->text);
	for (size_t i = 0; i < ARRAY_COUNT(ids); i++)
		if (text_is_set(ids[i]) &&
			strspn(ids[i]->text, "0123456789") != strlen(ids[i]->text))
			complain_warn(c, ids[i]->line, ids[i]->column,
				"'%s' is no number: distrobuilder fails; here the tree "
				"must know the name",
				ids[i]->text);
}

static void lint_when(const struct recipe_file *f, struct complaints *c)
{
	static const char *const words[] = { "create", "copy", "start", "rename" };

	for (size_t i = 0; i < f->template.when.count; i++) {
		const struct text *when = &f->template.when.item[i];
		bool known = false;

		for (size_t k = 0; k < ARRAY_COUNT(words); k++)
			known = known || is(when, words[k]);
		if (!known)
			complain_warn(c, when->line, when->column,
				"'when: %s' never comes: create, copy, start, rename",
				text_str(when));
	}
}

static void lint_needs(const struct recipe_file *f, struct complaints *c)
{
	bool names = is(&f->generator, "template");

	if (is(&f->generator, "copy") && !text_is_set(&f->source))
		warn(c, &f->source, "'copy' needs 'source'");
	else if (!text_is_set(&f->path) && !is(&f->generator, "copy") &&
		 !is(&f->generator, "cloud-init") && !is(&f->generator, "fstab") &&
		 !is(&f->generator, "incus-agent"))
		complain_warn(c, f->path.line, f->path.column, "'%s' needs 'path'",
			text_str(&f->generator));
	if (is(&f->generator, "cloud-init") && !generator_is_seed(text_str(&f->name)))
		complain_warn(c, f->name.line, f->name.column,
			"cloud-init knows user-data, meta-data, vendor-data and "
			"network-config, not '%s'",
			text_str(&f->name));
	if (names && (!text_is_set(&f->name) || strchr(f->name.text, '/')))
		complain_warn(c, f->name.line, f->name.column,
			"a template's 'name' must be a file name, not '%s'",
			text_str(&f->name));
}

static void lint_unrendered(const struct text *text, bool pongo, struct complaints *c)
{
	if (!pongo && strstr(text_str(text), "{{ image."))
		warn(c, text,
			"'{{ image...' stays as it stands: 'pongo: true' renders it");
}

static void lint_file(const struct recipe_file *f, struct complaints *c)
{
	if (!text_is_set(&f->generator) || f->generator.bad)
		return;
	lint_mode(f, c);
	lint_when(f, c);
	lint_needs(f, c);
	lint_unrendered(&f->content, f->pongo, c);
}

/* ---- packages */

static void lint_custom(const struct custom_manager *m, struct complaints *c)
{
	const struct custom_verb *const verbs[] = { &m->clean, &m->install, &m->remove,
		&m->refresh, &m->update };

	if (m->mark.line == 0)
		return;
	for (size_t i = 0; i < ARRAY_COUNT(verbs); i++)
		if (text_is_set(&verbs[i]->cmd) && verbs[i]->flags.count == 0 &&
			!is(&verbs[i]->cmd, "true"))
			complain_warn(c, verbs[i]->cmd.line, verbs[i]->cmd.column,
				"'%s' has no 'flags': it is never run",
				verbs[i]->cmd.text);
}

static void lint_repository(
	const struct recipe_packages *p, const struct repository *r, struct complaints *c)
{
	const struct text *at = r->name.text ? &r->name : &r->url;

	if (text_is_set(&p->manager) && !p->manager.bad &&
		manager_is_supported(p->manager.text) &&
		!manager_takes_repositories(p->manager.text))
		complain_warn(c, at->line, at->column,
			"package manager '%s' takes no repositories: this one is not "
			"used",
			p->manager.text);
	if (p->custom_manager.mark.line)
		warn(c, at, "a custom manager takes no repositories");
}

static void lint_packages(const struct recipe_packages *p, struct complaints *c)
{
	lint_custom(&p->custom_manager, c);
	for (size_t i = 0; i < p->sets.count; i++)
		if (p->sets.item[i].packages.count == 0)
			warn(c, &p->sets.item[i].action, "a set without 'packages'");
	for (size_t i = 0; i < p->repositories.count; i++)
		lint_repository(p, &p->repositories.item[i], c);
}

/* ---- actions, environment */

static void lint_action(
	const struct recipe *r, const struct recipe_action *a, struct complaints *c)
{
	const char *text = text_str(&a->action);
	size_t first = strcspn(text, "\n");

	if (!text_is_set(&a->action))
		warn(c, &a->action, "an action without 'action'");
	else if (strncmp(text, "#!", 2) != 0)
		warn(c, &a->action,
			"the first line is no '#!' and an interpreter: the action cannot "
			"be executed");
	else if (first > 0 && text[first - 1] == '\r')
		warn(c, &a->action, "the '#!' line ends in a carriage return");
	if (is(&a->trigger, "post-update") && !r->packages.update)
		warn(c, &a->trigger,
			"post-update actions run only with 'packages.update: true'");
	lint_unrendered(&a->action, a->pongo, c);
}

static void lint_variable(const struct env_variable *v, struct complaints *c)
{
	if (!text_is_set(&v->key) || strchr(v->key.text, '='))
		complain_warn(c, v->key.line, v->key.column,
			"'%s' is no name of a variable", text_str(&v->key));
}

void recipe_lint(
	const struct recipe *r, const struct releases *known, struct complaints *c)
{
	lint_image(r, c);
	lint_targets(r, c);
	lint_source(r, known, c);
	for (size_t i = 0; i < r->files.count; i++)
		lint_file(&r->files.item[i], c);
	lint_packages(&r->packages, c);
	for (size_t i = 0; i < r->actions.count; i++)
		lint_action(r, &r->actions.item[i], c);
	for (size_t i = 0; i < r->environment.variables.count; i++)
		lint_variable(&r->environment.variables.item[i], c);
	recipe_lint_filters(r, known, c);
	recipe_lint_templates(r, c);
}
