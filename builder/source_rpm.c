/* An rpm-based tree made by this host's dnf or yum, which resolves, verifies and installs
 * into an empty directory; of this host it sees what hostview.h shows. */
#include "builder/archive.h"
#include "builder/evidence.h"
#include "builder/hostview.h"
#include "builder/source.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <sys/stat.h>

#define ARGS_MAX 256
#define REPO_MAX (256U << 10)
#define KEYS_MAX (1U << 20)
#define REPOS    "repos"
#define KEY_FILE "rpm-keys.asc"
#define DNF      "/usr/bin/dnf"
#define YUM      "/usr/bin/yum"

struct args {
	const char *word[ARGS_MAX + 1];
	size_t count;
};

static void add(struct args *a, const char *word)
{
	if (a->count < ARGS_MAX)
		a->word[a->count++] = word;
}

static const char *manager(void)
{
	static const char *const known[] = { DNF, YUM };

	for (size_t i = 0; i < ARRAY_COUNT(known); i++)
		if (access(known[i], X_OK) == 0)
			return known[i];
	return NULL;
}

/* ---- what it reads */

/* source.url is the content of a repository file. */
static int write_repository(
	struct job *j, struct chroot *c, struct digest *sha256, struct err *e)
{
	auto_free char *name =
		xasprintf("%s.repo", text_str(&j->recipe->image.distribution));
	auto_buf struct buf text = BUF_INIT(REPO_MAX);
	auto_fd int dir = -1;

	if (recipe_render(j->recipe, &j->recipe->source.url, "source.url", &text, e) < 0)
		return -1;
	if (text.len == 0 || strchr(name, '/'))
		return err_set(e, ERR_RECIPE,
			"'source.url' must be the content of a repository file for '%s'",
			name);
	buf_add_byte(&text, '\n');
	*sha256 = digest_of(buf_bytes(&text));
	if (hostview_add_repositories(j, buf_str(&text), c, e) < 0 ||
		fs_mkdirs(j->work_dir, REPOS, 0755, e) < 0)
		return -1;
	dir = fs_open_dir_at(j->work_dir, REPOS, e);
	return dir < 0 ? -1 : atomic_write_file(dir, name, buf_bytes(&text), 0644, e);
}

static bool has_keys(const struct job *j)
{
	return j->recipe->source.keys.count > 0 && !j->recipe->source.skip_verification;
}

static int write_keys(struct job *j, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(KEYS_MAX);
	const struct texts *keys = &j->recipe->source.keys;

	for (size_t i = 0; i < keys->count; i++) {
		buf_add_str(&text, text_str(&keys->item[i]));
		buf_add_byte(&text, '\n');
	}
	return atomic_write_file(j->work_dir, KEY_FILE, buf_bytes(&text), 0644, e);
}

/* ---- what it is told */

static void add_early(
	struct job *j, const char *action, const char *prefix, struct args *a)
{
	const struct recipe_packages *p = &j->recipe->packages;

	for (size_t i = 0; i < p->sets.count; i++) {
		const struct package_set *set = &p->sets.item[i];

		if (!set->early || !recipe_applies(j->recipe, &set->filter) ||
			strcmp(text_str(&set->action), action) != 0)
			continue;
		for (size_t k = 0; k < set->packages.count; k++)
			add(a, arena_printf(&j->arena, "%s%s", prefix,
				       text_str(&set->packages.item[k])));
	}
}

static int add_components(struct job *j, struct args *a, struct err *e)
{
	const struct texts *list = &j->recipe->source.components;

	for (size_t i = 0; i < list->count; i++) {
		auto_buf struct buf name = BUF_INIT(4096);

		if (recipe_render(
			    j->recipe, &list->item[i], "source.components", &name, e) < 0)
			return -1;
		add(a, arena_strdup(&j->arena, buf_str(&name)));
	}
	return 0;
}

static int make_args(struct job *j, const char *program, struct args *a, struct err *e)
{
	add(a, program);
	add(a, "--installroot=/" HOSTVIEW_BUILD "/root");
	add(a, arena_printf(&j->arena, "--releasever=%s",
		       text_str(&j->recipe->image.release)));
	add(a, arena_printf(&j->arena, "--forcearch=%s",
		       text_str(&j->recipe->image.architecture_kernel)));
	add(a, "--setopt=reposdir=/" HOSTVIEW_BUILD "/" REPOS);
	add(a, "--setopt=cachedir=/" HOSTVIEW_BUILD "/rpm-cache");
	add(a, "--setopt=keepcache=False");
	if (has_keys(j)) {
		add(a, "--setopt=*.gpgcheck=1");
		add(a, "--setopt=*.gpgkey=file:///" HOSTVIEW_BUILD "/" KEY_FILE);
	}
	add(a, "install");
	add(a, "-y");
	add_early(j, "remove", "--exclude=", a);
	add(a, "yum");
	add(a, "dnf");
	if (add_components(j, a, e) < 0)
		return -1;
	add_early(j, "install", "", a);
	if (a->count == ARGS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d early packages", ARGS_MAX);
	a->word[a->count] = NULL;
	return 0;
}

/* ---- the run */

static int run(struct job *j, const struct args *a, struct chroot *c, struct err *e)
{
	static const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"LC_ALL=C.UTF-8", "HOME=/root", NULL };
	int64_t from;

	for (size_t i = 0; i < a->count; i++)
		job_log(j, "%s %s", i ? " " : "+", a->word[i]);
	from = job_log_end(j);
	c->env = job_with_proxies(j, env);
	c->log_fd = j->log_fd;
	if (chroot_run(c, a->word, -1, CHROOT_NETWORK, e) == 0)
		return 0;
	if (e->code == ERR_FAILED)
		e->code = ERR_UPSTREAM;
	job_cause(j, from, e);
	return job_failed(j, e);
}

int source_rpmbootstrap(struct job *j, struct err *e)
{
	const char *program = manager();
	struct chroot c = { .root = NULL };
	struct args a = { .count = 0 };
	struct digest sha256;

	if (!program)
		return err_set(e, ERR_NOTFOUND,
			"rpmbootstrap needs dnf or yum on this host: install dnf");
	if (!has_keys(j) && evidence_missing(j, "source.url", e) < 0)
		return err_wrap(e, "'source.keys' is empty");
	if (hostview_make(j, &c, e) < 0 || write_repository(j, &c, &sha256, e) < 0 ||
		(has_keys(j) && write_keys(j, e) < 0) || make_args(j, program, &a, e) < 0)
		return -1;
	if (run(j, &a, &c, e) < 0)
		return err_wrap(e, "cannot bootstrap with '%s'", program);
	job_source(j, "index", "source.url", &sha256, has_keys(j) ? "openpgp" : "none");
	return 0;
}
