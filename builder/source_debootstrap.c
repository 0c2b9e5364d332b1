/* A Debian tree: made by ourselves, or, where that meets what it does not model, by
 * mmdebstrap, which verifies the archive, downloads with apt, and configures everything
 * in a chroot of its own; of this host it sees what hostview.h shows. */
#include "builder/archive.h"
#include "builder/hostview.h"
#include "builder/keyring.h"
#include "builder/mirror.h"
#include "builder/source.h"
#include "builder/source_debian.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/stat.h>

#define MMDEBSTRAP   "/usr/bin/mmdebstrap"
#define ARGS_MAX     32
#define ARCHIVES_DIR "var/cache/apt/archives"
#define LISTS_DIR    "var/lib/apt/lists"
#define TREE         HOSTVIEW_BUILD "/root"
/* We check, keep and clean up ourselves. */
#define SKIP                                                                             \
	"--skip=check/empty,check/qemu,download/empty,essential/unlink,cleanup/apt,"     \
	"cleanup/reproducible,cleanup/tmp"

struct args {
	const char *word[ARGS_MAX + 1];
	size_t count;
};

static void add(struct args *a, const char *word)
{
	if (a->count < ARGS_MAX)
		a->word[a->count++] = word;
}

/* ---- what is asked for */

static const char *variant_of(const struct recipe *r)
{
	const char *variant = text_str(&r->source.variant);

	return variant[0] ? variant : "important";
}

static const char *joined(struct job *j, const struct texts *list, const char *separator,
	const char *otherwise)
{
	auto_buf struct buf out = BUF_INIT(65536);

	if (list->count == 0)
		return otherwise;
	for (size_t i = 0; i < list->count; i++)
		buf_printf(&out, "%s%s", i ? separator : "", text_str(&list->item[i]));
	return arena_strdup(&j->arena, buf_str(&out));
}

/* What the early sets that apply install, NULL-terminated. */
static const char *const *early_of(struct job *j)
{
	const struct recipe_packages *p = &j->recipe->packages;
	size_t count = 0, room = 1;
	const char **out;

	for (size_t i = 0; i < p->sets.count; i++)
		room += p->sets.item[i].packages.count;
	out = arena_array(&j->arena, room, sizeof(*out));
	for (size_t i = 0; i < p->sets.count; i++) {
		const struct package_set *set = &p->sets.item[i];

		if (!set->early || !recipe_applies(j->recipe, &set->filter) ||
			strcmp(text_str(&set->action), "install") != 0)
			continue;
		for (size_t k = 0; k < set->packages.count; k++)
			out[count++] = text_str(&set->packages.item[k]);
	}
	return out;
}

/* "--include=a,b", or NULL. */
static const char *include_of(struct job *j)
{
	const char *const *early = early_of(j);
	auto_buf struct buf out = BUF_INIT(65536);

	for (size_t i = 0; early[i]; i++)
		buf_printf(&out, "%s%s", i ? "," : "--include=", early[i]);
	return out.len ? arena_strdup(&j->arena, buf_str(&out)) : NULL;
}

static const char *suite_of(const struct recipe *r)
{
	return text_is_set(&r->source.suite) ? r->source.suite.text
					     : text_str(&r->image.release);
}

/* The lines for apt: those of the release's mirror, else the recipe's own URL. */
static int find_lines(struct job *j, struct mirror *out, struct err *e)
{
	auto_buf struct buf url = BUF_INIT(4096);
	const char *components = joined(j, &j->recipe->source.components, " ", "main");
	const char *suite = suite_of(j->recipe);

	if (text_is_set(&j->release->mirror))
		return mirror_resolve(
			j, j->release->mirror.text, suite, components, out, e);
	if (recipe_render(j->recipe, &j->recipe->source.url, "source.url", &url, e) < 0)
		return -1;
	if (url.len == 0)
		return err_set(e, ERR_RECIPE,
			"neither 'mirror' in releases.yaml nor 'source.url' says where "
			"to fetch");
	out->line[0] =
		arena_printf(&j->arena, "deb %s %s %s", buf_str(&url), suite, components);
	out->count = 1;
	return 0;
}

static void make_args(struct job *j, const struct mirror *mirror, struct args *a)
{
	const char *include = include_of(j);

	add(a, MMDEBSTRAP);
	/* For root it means mounts and processes of its own, and no device nodes: the
	 * same in a user namespace and outside. */
	add(a, "--mode=unshare");
	add(a, "--format=directory");
	add(a, SKIP);
	add(a, "--dpkgopt=force-unsafe-io");
	add(a, arena_printf(&j->arena, "--variant=%s", variant_of(j->recipe)));
	add(a, arena_printf(&j->arena, "--architectures=%s",
		       text_str(&j->recipe->image.architecture_mapped)));
	add(a, "--keyring=/" HOSTVIEW_BUILD "/" ARCHIVE_KEYS);
	if (j->release->accept_expired_release_days > 0)
		add(a, "--aptopt=Acquire::Check-Valid-Until \"false\"");
	if (include)
		add(a, include);
	add(a, suite_of(j->recipe));
	add(a, "/" TREE);
	for (size_t i = 0; i < mirror->count; i++)
		add(a, mirror->line[i]);
	a->word[a->count] = NULL;
}

/* ---- the store shared by builds, over the tree's own directories */

static int bind_over(struct job *j, const char *source, const char *target,
	struct chroot *c, struct err *e)
{
	c->bind[c->bind_count++] = (struct chroot_bind){
		.source = source,
		.target = arena_printf(&j->arena, "%s/%s", TREE, target),
	};
	return fs_mkdirs(j->root_dir, target, 0755, e);
}

static int run(struct job *j, const struct args *a, struct chroot *c, struct err *e)
{
	static const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"LC_ALL=C.UTF-8", "HOME=/root", "DEBIAN_FRONTEND=noninteractive",
		"TMPDIR=/" HOSTVIEW_BUILD "/tmp", NULL };
	int64_t from;

	if (mkdirat(j->work_dir, "tmp", 0755) < 0 && errno != EEXIST)
		return err_sys(e, "cannot make a directory for temporary files");
	for (size_t i = 0; i < a->count; i++)
		job_log(j, "%s %s", i ? " " : "+", a->word[i]);
	from = job_log_end(j);
	c->env = job_with_proxies(j, env);
	c->log_fd = j->log_fd;
	if (chroot_run(c, a->word, -1, CHROOT_NETWORK | CHROOT_MOUNTS, e) == 0)
		return 0;
	if (e->code == ERR_FAILED)
		e->code = ERR_UPSTREAM;
	job_cause(j, from, e);
	return job_failed(j, e);
}

static int forget_resolver(int etc, struct err *e)
{
	struct stat st;

	if (fstatat(etc, "resolv.conf", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISREG(st.st_mode) && unlinkat(etc, "resolv.conf", 0) < 0)
		return err_sys(e, "cannot remove 'etc/resolv.conf'");
	return 0;
}

/* mmdebstrap copies this host's name and resolver, with the modes of their files. */
static int forget_host(const struct job *j, struct err *e)
{
	auto_fd int etc = fs_open_dir_at(j->root_dir, "etc", e);

	if (etc < 0 || forget_resolver(etc, e) < 0)
		return -1;
	return atomic_write_file(etc, "hostname", bytes_of_str("localhost\n"), 0644, e);
}

static int with_mmdebstrap(struct job *j, const struct mirror *mirror, struct err *e)
{
	struct args a = { .count = 0 };
	struct chroot c = { .root = NULL };

	make_args(j, mirror, &a);
	if (archive_take_store(j, e) < 0 || hostview_make(j, &c, e) < 0)
		return -1;
	if (bind_over(j, j->archives, ARCHIVES_DIR, &c, e) < 0 ||
		bind_over(j, j->lists, LISTS_DIR, &c, e) < 0)
		return -1;
	return run(j, &a, &c, e);
}

/* 1: mmdebstrap is to make it. */
static int by_ourselves(struct job *j, const struct mirror *mirror, struct err *e)
{
	const struct debplanner_wish w = { .line = mirror->line,
		.inrelease = mirror->inrelease,
		.line_count = mirror->count,
		.suite = suite_of(j->recipe),
		.arch = text_str(&j->recipe->image.architecture_mapped),
		.variant = variant_of(j->recipe),
		.wanted = early_of(j) };
	char reason[REASON_MAX] = "";
	int rc;

	if (j->use_mmdebstrap)
		return 1;
	rc = source_debian(j, &w, reason, e);
	if (rc > 0) {
		out_note(j->out, "mmdebstrap makes the tree: %s", reason);
		job_log(j, "mmdebstrap makes the tree: %s", reason);
	}
	return rc;
}

int source_debootstrap(struct job *j, struct err *e)
{
	struct mirror mirror = { .count = 0 };
	int rc;

	if (keyring_write(j, e) < 0 || find_lines(j, &mirror, e) < 0)
		return -1;
	rc = by_ourselves(j, &mirror, e);
	if (rc > 0)
		rc = with_mmdebstrap(j, &mirror, e);
	j->has_lists = true;
	if (rc < 0 || forget_host(j, e) < 0)
		return err_wrap(e, "cannot bootstrap '%s'", suite_of(j->recipe));
	return 0;
}
