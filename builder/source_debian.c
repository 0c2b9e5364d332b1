#include "builder/source_debian.h"

#include "builder/archive.h"
#include "builder/build.h"
#include "builder/debconfigure.h"
#include "builder/debunpack.h"
#include "builder/fetched.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define SPARE_FDS 64

struct made {
	struct job *job;
	const struct debplanner_wish *wish;
	struct debplanner planner;
	int *fd;             /* of each package */
	struct rlimit files; /* as it was */
};

/* ---- fetching */

/* All packages are open at once; what is run later gets the old limit back. */
static int raise_files(struct made *m, char reason[REASON_MAX], struct err *e)
{
	size_t need = m->planner.plan.count + SPARE_FDS;
	struct rlimit now;

	if (getrlimit(RLIMIT_NOFILE, &m->files) < 0)
		return err_sys(e, "cannot read the limit of open files");
	now = m->files;
	if (now.rlim_cur >= need)
		return 0;
	now.rlim_cur = need;
	if (need > now.rlim_max || setrlimit(RLIMIT_NOFILE, &now) < 0) {
		snprintf(reason, REASON_MAX,
			"%zu packages need more open files than %llu",
			m->planner.plan.count, (unsigned long long)now.rlim_max);
		return 1;
	}
	return 0;
}

static const char *url_of(const struct made *m, const struct debplan_package *p)
{
	return arena_printf(
		&m->job->arena, "%s/%s", m->planner.index[p->index].base, p->file);
}

static int fetch_one(struct made *m, size_t i, int64_t *newest_s, struct err *e)
{
	const struct debplan_package *p = &m->planner.plan.package[i];
	auto_fetched struct fetched f = FETCHED_INIT;
	const struct wanted w = { .url = url_of(m, p),
		.sha256 = &p->sha256,
		.by = m->planner.index[p->index].url,
		.max_bytes = p->size };
	struct stat st;
	int64_t time_s;

	if (fetched_get(m->job, &w, &f, e) < 0) {
		if (e->code == ERR_LIMIT)
			e->code = ERR_UNTRUSTED;
		if (e->code != ERR_NOTFOUND)
			return -1;
		e->code = ERR_UPSTREAM;
		return err_wrap(e, "the archive lacks package '%s' %s of its own index",
			p->name, p->version);
	}
	if (fstat(f.fd, &st) < 0)
		return err_sys(e, "cannot look at '%s'", w.url);
	if (st.st_size != p->size)
		return err_set(e, ERR_UNTRUSTED, "'%s' has %lld bytes, '%s' says %lld",
			w.url, (long long)st.st_size, w.by, (long long)p->size);
	if (archive_deb_time(f.fd, w.url, &time_s, e) < 0)
		return -1;
	if (time_s > *newest_s)
		*newest_s = time_s;
	m->fd[i] = STEAL_FD(f.fd);
	return 0;
}

static int fetch_all(struct made *m, struct err *e)
{
	const struct debplan *plan = &m->planner.plan;
	int64_t newest_s = 0, start = job_clock();
	uint64_t bytes = 0;
	char size[32];

	for (size_t i = 0; i < plan->count; i++) {
		out_step(m->job->out, "fetch", i, plan->count, "");
		if (fetch_one(m, i, &newest_s, e) < 0)
			return -1;
		bytes += (uint64_t)plan->package[i].size;
	}
	if (!m->job->epoch_fixed)
		m->job->epoch_s = newest_s;
	job_timed(m->job, "fetch", start, "%zu packages, %s", plan->count,
		out_size(bytes, size, sizeof(size)));
	return 0;
}

/* ---- what mmdebstrap makes before the packages come */

static int make_dirs(const struct job *j, struct err *e)
{
	static const char *const dirs[] = { "etc/apt/apt.conf.d", "etc/apt/preferences.d",
		"etc/apt/sources.list.d", "etc/dpkg/dpkg.cfg.d", "var/cache/apt/archives",
		"var/lib/apt/lists", "var/log/apt" };

	for (size_t i = 0; i < ARRAY_COUNT(dirs); i++)
		if (fs_mkdirs(j->root_dir, dirs[i], 0755, e) < 0)
			return -1;
	return 0;
}

static int write_around(const struct made *m, struct err *e)
{
	static const struct {
		const char *name, *text;
	} files[] = {
		{ "fstab", "# UNCONFIGURED FSTAB FOR BASE SYSTEM\n" },
		{ "hostname", "localhost\n" },
		/* Scripts look for it, and take it over; none of it stays. */
		{ "resolv.conf", "nameserver 127.0.0.1\n" },
	};
	auto_buf struct buf sources = BUF_INIT(65536);
	auto_fd int etc = -1, apt = -1;

	if (make_dirs(m->job, e) < 0)
		return -1;
	etc = fs_open_dir_at(m->job->root_dir, "etc", e);
	apt = etc < 0 ? -1 : fs_open_dir_at(etc, "apt", e);
	if (apt < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(files); i++)
		if (atomic_write_file(
			    etc, files[i].name, bytes_of_str(files[i].text), 0644, e) < 0)
			return -1;
	for (size_t i = 0; i < m->wish->line_count; i++)
		buf_printf(&sources, "%s%s\n", i ? "\n" : "", m->wish->line[i]);
	return atomic_write_file(apt, "sources.list", buf_bytes(&sources), 0644, e);
}

/* What it puts into these, and we do not, is gone in the end: that leaves its time. */
static int touch_dirs(const struct job *j, struct err *e)
{
	static const char *const dirs[] = { "dev", "etc/dpkg/dpkg.cfg.d", "run", "tmp" };

	for (size_t i = 0; i < ARRAY_COUNT(dirs); i++)
		if (utimensat(j->root_dir, dirs[i], NULL, AT_SYMLINK_NOFOLLOW) < 0 &&
			errno != ENOENT)
			return err_sys(e, "cannot set the time of '%s'", dirs[i]);
	return 0;
}

/* ---- what it was made of */

static int by_name(const void *a, const void *b)
{
	const struct job_package *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* The indexes by their URLs, behind each its packages by name. */
static void remember(struct made *m)
{
	const struct debplan *plan = &m->planner.plan;
	struct job *j = m->job;

	j->known = arena_array(&j->arena, plan->count + 1, sizeof(*j->known));
	for (size_t i = 0; i < m->planner.index_count; i++) {
		size_t at = m->planner.order[i], first = j->known_count;
		const struct debindex *x = &m->planner.index[at];
		const char *how = arena_printf(&j->arena, "openpgp:%s", x->fpr);

		job_source(j, "index", x->url, &x->sha256, how);
		for (size_t k = 0; k < plan->count; k++) {
			const struct debplan_package *p = &plan->package[k];

			if (p->index != at)
				continue;
			j->known[j->known_count++] = (struct job_package){
				.name = arena_strdup(&j->arena, p->name),
				.version = arena_strdup(&j->arena, p->version),
				.arch = arena_strdup(&j->arena, p->arch),
			};
		}
		qsort(&j->known[first], j->known_count - first, sizeof(*j->known),
			by_name);
		for (size_t k = first; k < j->known_count; k++) {
			const struct debplan_package *p =
				debplan_find(plan, j->known[k].name);

			job_source(j, "package", url_of(m, p), &p->sha256, how);
		}
	}
}

/* ---- all of it */

static int plan(struct made *m, char reason[REASON_MAX], struct err *e)
{
	int64_t start = job_clock();
	int rc = debplanner_run(m->job, m->wish, &m->planner, reason, e);

	if (rc != 0)
		return rc;
	job_timed(m->job, "plan", start, "%zu packages%s", m->planner.plan.count,
		m->planner.was_kept ? ", as last time" : "");
	m->fd = xcalloc(m->planner.plan.count, sizeof(*m->fd));
	for (size_t i = 0; i < m->planner.plan.count; i++)
		m->fd[i] = -1;
	return 0;
}

static int unpack(
	struct made *m, unsigned int stage, char reason[REASON_MAX], struct err *e)
{
	const struct debunpack u = { .plan = &m->planner.plan,
		.fd = m->fd,
		.stage = stage,
		.arch = m->wish->arch,
		.threads = m->job->threads };
	int64_t start = job_clock();
	int rc = debunpack_run(&u, m->job->root_dir, reason, e);

	if (rc == 0)
		job_timed(m->job, "unpack", start, "stage %u", stage + 1);
	return rc;
}

static int configure(
	struct made *m, unsigned int stage, char reason[REASON_MAX], struct err *e)
{
	int64_t start = job_clock();
	int rc = debconfigure_run(m->job, &m->planner.plan, stage, reason, e);

	if (rc == 0)
		job_timed(m->job, "configure", start, "stage %u", stage + 1);
	return rc;
}

/* The scripts of what is essential run while nothing else is there. */
static int install(struct made *m, char reason[REASON_MAX], struct err *e)
{
	int rc = 0;

	if (write_around(m, e) < 0)
		return -1;
	for (unsigned int stage = 0; rc == 0 && stage < DEBPLAN_STAGES; stage++) {
		if (!debplan_has_stage(&m->planner.plan, stage))
			continue;
		rc = unpack(m, stage, reason, e);
		if (rc == 0 && stage == 0)
			rc = touch_dirs(m->job, e);
		if (rc == 0)
			rc = configure(m, stage, reason, e);
	}
	return rc;
}

static int make(struct made *m, char reason[REASON_MAX], struct err *e)
{
	int rc = plan(m, reason, e);

	if (rc == 0)
		rc = raise_files(m, reason, e);
	if (rc != 0)
		return rc;
	if (fetch_all(m, e) < 0)
		return -1;
	rc = install(m, reason, e);
	if (rc != 0)
		return rc;
	remember(m);
	/* apt in the tree may bring more: it looks into the store that builds share. */
	return build_uses_manager(m->job) ? archive_take_store(m->job, e) : 0;
}

static int empty_tree(const struct job *j, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(j->root_dir, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (fs_remove_tree(j->root_dir, names.name[i], e) < 0)
			return -1;
	return 0;
}

static void forget(struct made *m)
{
	for (size_t i = 0; m->fd && i < m->planner.plan.count; i++)
		if (m->fd[i] >= 0)
			close(m->fd[i]);
	free(m->fd);
	debplanner_release(&m->planner);
	if (m->files.rlim_max)
		setrlimit(RLIMIT_NOFILE, &m->files);
}

int source_debian(struct job *j, const struct debplanner_wish *w, char reason[REASON_MAX],
	struct err *e)
{
	struct made m = { .job = j, .wish = w };
	int rc;

	debplanner_init(&m.planner);
	rc = make(&m, reason, e);
	forget(&m);
	if (rc < 0 && e->code == ERR_PARSE) {
		snprintf(reason, REASON_MAX, "%.500s", e->text);
		rc = 1;
	}
	return rc > 0 && empty_tree(j, e) < 0 ? -1 : rc;
}
