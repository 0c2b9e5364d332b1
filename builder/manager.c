#include "builder/manager.h"

#include "builder/inroot.h"
#include "builder/manager_exec.h"

#include "lib/base/fs.h"

#include <fcntl.h>

#define ARGV_MAX     4096
#define VALUE_MAX    (1U << 20)
#define NAME_MAX_LEN 100

bool manager_is_supported(const char *name)
{
	return manager_find(name) != NULL;
}

bool manager_takes_repositories(const char *name)
{
	const struct manager *m = manager_find(name);

	return m && m->repository;
}

static const struct manager *manager_of(const struct job *j)
{
	return manager_find(text_str(&j->recipe->packages.manager));
}

/* ---- one command line */

struct argv {
	const char *word[ARGV_MAX + 1];
	size_t count;
	bool over;
};

static void add_word(struct argv *a, const char *word)
{
	if (a->count == ARGV_MAX)
		a->over = true;
	else
		a->word[a->count++] = word;
}

static void add_words(struct argv *a, const char *words, struct arena *arena)
{
	while (words && *words) {
		size_t len = strcspn(words, " ");

		if (len)
			add_word(a, arena_strndup(arena, words, len));
		words += len + (words[len] == ' ');
	}
}

static void add_texts(struct argv *a, const struct texts *list)
{
	for (size_t i = 0; list && i < list->count; i++)
		add_word(a, text_str(&list->item[i]));
}

static const struct custom_verb *custom_verb(
	const struct custom_manager *m, enum manager_verb verb)
{
	const struct custom_verb *const by_verb[MANAGER_VERBS] = { &m->refresh,
		&m->update, &m->install, &m->remove, &m->clean };

	return by_verb[verb];
}

static bool make_custom(const struct job *j, enum manager_verb verb, struct argv *a)
{
	const struct custom_manager *m = &j->recipe->packages.custom_manager;
	const struct custom_verb *custom = custom_verb(m, verb);

	if (custom->flags.count == 0)
		return false;
	add_word(a, text_str(&custom->cmd));
	add_texts(a, &m->flags);
	add_texts(a, &custom->flags);
	return true;
}

/* False: nothing is to be run for this verb. */
static bool make_argv(struct job *j, enum manager_verb verb, struct argv *a)
{
	const struct manager *m = manager_of(j);

	if (!m)
		return make_custom(j, verb, a);
	if (!m->verb[verb].cmd)
		return false;
	add_word(a, m->verb[verb].cmd);
	add_words(a, m->global, &j->arena);
	add_words(a, j->manager_global, &j->arena);
	add_words(a, m->verb[verb].flags, &j->arena);
	if (verb == MANAGER_UPDATE)
		add_words(a, j->manager_update, &j->arena);
	return true;
}

/* What the manager's own command leaves in the tree. */
static int empty_rest(struct job *j, struct err *e)
{
	const struct manager *m = manager_of(j);
	auto_fd int dir = -1;
	struct fs_names names = { 0 };
	int rc = 0;

	if (!m || !m->emptied || !inroot_exists(j->root_dir, m->emptied))
		return 0;
	dir = inroot_open(j->root_dir, m->emptied, O_RDONLY | O_DIRECTORY, 0, e);
	if (dir < 0 || fs_list_dir(dir, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < names.count; i++)
		rc = fs_remove_tree(dir, names.name[i], e);
	fs_names_release(&names);
	return rc;
}

/* `clean` empties the tree's own directory, never the store shared by builds. */
static int run(
	struct job *j, const char *const *argv, enum manager_verb verb, struct err *e)
{
	if (verb == MANAGER_CLEAN)
		return manager_command(j, argv, j->log_fd, e);
	return manager_command_with_store(j, argv, e);
}

int manager_run(struct job *j, enum manager_verb verb, const struct texts *flags,
	const struct texts *packages, struct err *e)
{
	auto_free struct argv *a = xcalloc(1, sizeof(*a));
	const struct manager *m = manager_of(j);
	int times = 1 + (m ? m->verb[verb].again : 0);

	if (make_argv(j, verb, a)) {
		add_texts(a, flags);
		add_texts(a, packages);
		if (a->over)
			return err_set(e, ERR_LIMIT, "more than %d words for '%s'",
				ARGV_MAX, a->word[0]);
		for (int i = 0; i < times; i++)
			if (run(j, a->word, verb, e) < 0)
				return -1;
	}
	return verb == MANAGER_CLEAN ? empty_rest(j, e) : 0;
}

/* ---- repositories */

static bool is_good_name(const char *name)
{
	return name[0] && !strchr("-.", name[0]) && !strchr(name, '/') &&
	       strlen(name) <= NAME_MAX_LEN;
}

static int add_repository(
	struct job *j, const struct manager *m, const struct repository *r, struct err *e)
{
	auto_buf struct buf url = BUF_INIT(VALUE_MAX), key = BUF_INIT(VALUE_MAX);

	if (!is_good_name(text_str(&r->name)))
		return err_set(e, ERR_RECIPE, "its name must be a plain file name");
	if (recipe_render(j->recipe, &r->url, "repositories.url", &url, e) < 0 ||
		recipe_render(j->recipe, &r->key, "repositories.key", &key, e) < 0)
		return -1;
	return m->repository(j, r, buf_str(&url), buf_str(&key), e);
}

static int add_repositories(struct job *j, const struct manager *m, struct err *e)
{
	const struct recipe_packages *p = &j->recipe->packages;

	for (size_t i = 0; i < p->repositories.count; i++) {
		const struct repository *r = &p->repositories.item[i];

		if (recipe_applies(j->recipe, &r->filter) &&
			add_repository(j, m, r, e) < 0)
			return err_wrap(e, "cannot set up repository '%s' (line %u)",
				text_str(&r->name), r->name.line);
	}
	return 0;
}

int manager_prepare(struct job *j, struct err *e)
{
	const struct manager *m = manager_of(j);

	if (!m)
		return 0;
	if (m->prepare && m->prepare(j, e) < 0)
		return err_wrap(e, "cannot ready '%s'", m->name);
	return m->repository ? add_repositories(j, m, e) : 0;
}
