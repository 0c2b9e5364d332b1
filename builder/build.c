#include "builder/build.h"

#include "builder/chroot.h"
#include "builder/handover.h"
#include "builder/leftover.h"
#include "builder/manager.h"
#include "builder/policy.h"
#include "builder/scrub.h"
#include "builder/source.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/stat.h>

#define ACTION_MAX (4U << 20)

/* ---- commands inside the tree */

static void make_env(struct job *j)
{
	static const char *const defaults[] = {
		"PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin",
		"SHELL=/bin/sh",
		"TERM=xterm",
		"DEBIAN_FRONTEND=noninteractive",
		"HOME=/root",
		"LC_ALL=C.UTF-8",
	};
	const struct recipe *r = j->recipe;
	size_t room = ARRAY_COUNT(defaults) + r->environment.variables.count + 1,
	       count = 0;
	const char **env = arena_array(&j->arena, room, sizeof(*env));

	for (size_t i = 0; !r->environment.clear_defaults && i < ARRAY_COUNT(defaults);
		i++)
		env[count++] = defaults[i];
	for (size_t i = 0; i < r->environment.variables.count; i++) {
		const struct env_variable *v = &r->environment.variables.item[i];
		size_t len = strlen(text_str(&v->key)), at = count;

		if (!recipe_applies(r, &v->filter))
			continue;
		for (size_t k = 0; k < count; k++)
			if (strncmp(env[k], text_str(&v->key), len) == 0 &&
				env[k][len] == '=')
				at = k;
		env[at] = arena_printf(
			&j->arena, "%s=%s", text_str(&v->key), text_str(&v->value));
		count += at == count;
	}
	env[count] = NULL;
	j->env = env;
	j->net_env = job_with_proxies(j, env);
}

/* A comment behind the "#!" line: distrobuilder, where every action has the network, reads
 * over it. */
static bool asks_for_network(const char *text)
{
	static const char word[] = "# rootyard: network";
	const char *second = strchr(text, '\n');
	size_t len = strlen(word);

	return second && strncmp(second + 1, word, len) == 0 &&
	       (second[1 + len] == '\n' || second[1 + len] == '\0');
}

static int run_action(struct job *j, const struct recipe_action *a, struct err *e)
{
	auto_buf struct buf rendered = BUF_INIT(ACTION_MAX);
	const char *text = text_str(&a->action);
	struct chroot c = { .root = j->root,
		.env = j->env,
		.log_fd = j->log_fd,
		.secrets = &j->secrets };
	unsigned int flags = 0;

	if (a->pongo) {
		if (recipe_render(j->recipe, &a->action, "action", &rendered, e) < 0)
			return -1;
		text = buf_str(&rendered);
	}
	if (asks_for_network(text)) {
		flags = CHROOT_NETWORK;
		c.env = j->net_env;
	}
	job_log(j, "+ action of line %u (%s%s)", a->action.line, text_str(&a->trigger),
		flags ? ", with the network" : "");
	if (chroot_script(&c, text, flags, e) == 0)
		return 0;
	if (e->code == ERR_FAILED)
		e->code = ERR_RECIPE;
	err_wrap(e, "cannot run the action of line %u", a->action.line);
	return job_failed(j, e);
}

static int run_actions(struct job *j, const char *trigger, struct err *e)
{
	const struct recipe *r = j->recipe;

	for (size_t i = 0; i < r->actions.count; i++) {
		const struct recipe_action *a = &r->actions.item[i];

		if (strcmp(text_str(&a->trigger), trigger) == 0 &&
			recipe_applies(r, &a->filter) && run_action(j, a, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- packages */

static bool set_is_due(const struct job *j, const struct package_set *set)
{
	const char *downloader = text_str(&j->recipe->source.downloader);
	bool install = strcmp(text_str(&set->action), "install") == 0;

	return recipe_applies(j->recipe, &set->filter) &&
	       !(set->early && install && source_takes_early(downloader));
}

bool build_uses_manager(const struct job *j)
{
	if (j->recipe->packages.update)
		return true;
	for (size_t i = 0; i < j->recipe->packages.sets.count; i++)
		if (set_is_due(j, &j->recipe->packages.sets.item[i]))
			return true;
	return false;
}

static bool same_texts(const struct texts *a, const struct texts *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(text_str(&a->item[i]), text_str(&b->item[i])) != 0)
			return false;
	return true;
}

static void append_texts(struct texts *to, const struct texts *from, struct arena *arena)
{
	struct text *grown =
		arena_array(arena, to->count + from->count + 1, sizeof(*grown));

	if (to->count)
		memcpy(grown, to->item, to->count * sizeof(*grown));
	if (from->count)
		memcpy(grown + to->count, from->item, from->count * sizeof(*grown));
	to->item = grown;
	to->count += from->count;
}

static int run_set(struct job *j, const struct package_set *set, struct err *e)
{
	bool install = strcmp(text_str(&set->action), "install") == 0;

	if (set->packages.count == 0)
		return 0;
	return manager_run(j, install ? MANAGER_INSTALL : MANAGER_REMOVE, &set->flags,
		&set->packages, e);
}

/* Neighbours with one action and the same flags become one call. */
static int run_sets(struct job *j, struct err *e)
{
	const struct recipe_packages *p = &j->recipe->packages;
	struct package_set merged = { .early = false };
	bool open = false;

	for (size_t i = 0; i < p->sets.count; i++) {
		const struct package_set *set = &p->sets.item[i];

		if (!set_is_due(j, set))
			continue;
		if (open &&
			strcmp(text_str(&merged.action), text_str(&set->action)) == 0 &&
			same_texts(&merged.flags, &set->flags)) {
			append_texts(&merged.packages, &set->packages, &j->arena);
			continue;
		}
		if (open && run_set(j, &merged, e) < 0)
			return -1;
		merged = *set;
		open = true;
	}
	return open ? run_set(j, &merged, e) : 0;
}

static int run_manager(struct job *j, struct err *e)
{
	const struct recipe_packages *p = &j->recipe->packages;

	if (!build_uses_manager(j))
		return 0;
	if (manager_run(j, MANAGER_REFRESH, NULL, NULL, e) < 0)
		return -1;
	if (p->update && (manager_run(j, MANAGER_UPDATE, NULL, NULL, e) < 0 ||
				 run_actions(j, "post-update", e) < 0))
		return -1;
	if (run_sets(j, e) < 0)
		return -1;
	return p->cleanup ? manager_run(j, MANAGER_CLEAN, NULL, NULL, e) : 0;
}

static int run_manager_quietly(struct job *j, struct err *e)
{
	auto_policy struct policy policy = POLICY_INIT;

	return policy_set(&policy, j->root_dir, e) < 0 ? -1 : run_manager(j, e);
}

/* ---- the phases */

static int phase_source(struct job *j, struct err *e)
{
	int64_t start = job_clock();

	if (mkdirat(j->work_dir, "root", 0755) < 0)
		return err_sys(e, "cannot make the tree's directory");
	j->root_dir = fs_open_dir_at(j->work_dir, "root", e);
	if (j->root_dir < 0)
		return -1;
	if (fchmod(j->root_dir, 0755) < 0)
		return err_sys(e, "cannot set the mode of the tree");
	if (source_unpack(j, e) < 0)
		return -1;
	job_timed(j, "source", start, "%s", text_str(&j->recipe->source.downloader));
	return 0;
}

static int phase_packages(struct job *j, struct err *e)
{
	int64_t start = job_clock();

	if (manager_prepare(j, e) < 0 || run_actions(j, "post-unpack", e) < 0 ||
		run_manager_quietly(j, e) < 0 || run_actions(j, "post-packages", e) < 0)
		return -1;
	job_timed(j, "packages", start, "%zu sets", j->recipe->packages.sets.count);
	return 0;
}

static int phase_files(struct job *j, struct err *e)
{
	int64_t start = job_clock();

	if (generators_run(j->recipe, j->recipe_dir, j->root_dir, &j->arena,
		    &j->generated, e) < 0 ||
		run_actions(j, "post-files", e) < 0)
		return -1;
	for (size_t i = 0; i < j->generated.copied_count; i++)
		job_source(j, "file", j->generated.copied[i].url,
			&j->generated.copied[i].sha256, "none");
	job_timed(j, "files", start, "%zu entries", j->recipe->files.count);
	return 0;
}

static int phase_account(struct job *j, struct err *e)
{
	int64_t start = job_clock();

	if (source_account(j, e) < 0 || scrub_tree(j, e) < 0 || leftover_check(j, e) < 0)
		return -1;
	job_timed(j, "scrub", start, "%zu sources accounted for, %zu checks",
		j->source_count, j->scrub_count);
	return 0;
}

int build_run(struct job *j, struct err *e)
{
	make_env(j);
	if (phase_source(j, e) < 0 || phase_packages(j, e) < 0 || phase_files(j, e) < 0 ||
		phase_account(j, e) < 0)
		return -1;
	return handover_complete(j, e);
}
