#include "builder/debunpack.h"

#include "builder/confined.h"
#include "builder/debdatabase.h"
#include "builder/packagedb.h"

#include "lib/base/fs.h"
#include "lib/base/pool.h"

#include <fcntl.h>
#include <sys/stat.h>

#define FIRST "base-files"

struct unpacking {
	const struct debunpack *asked;
	int root_dir;
	struct debpackage *package; /* of this stage, in the plan's order */
	size_t count;
	unsigned int merged;
};

/* What the child says, byte by byte. */
struct told {
	bool not_modelled;
	char reason[REASON_MAX];
};

/* ---- one after another, or at once */

static int work(void *job, void *ctx, struct err *e)
{
	struct unpacking *u = ctx;

	return debpackage_unpack(job, u->root_dir, u->merged, e);
}

static int done(void *job, void *ctx, struct err *e)
{
	(void)job;
	(void)ctx;
	(void)e;
	return 0;
}

static void discard(void *job, void *ctx)
{
	(void)job;
	(void)ctx;
}

static const struct pool_ops ops = { .work = work, .done = done, .discard = discard };

static int largest_first(const void *a, const void *b)
{
	const struct debpackage *const *x = a, *const *y = b;

	if ((*x)->plan->size != (*y)->plan->size)
		return (*x)->plan->size > (*y)->plan->size ? -1 : 1;
	return strcmp((*x)->plan->name, (*y)->plan->name);
}

static int unpack_rest(struct unpacking *u, const struct debpackage *first, struct err *e)
{
	auto_free struct debpackage **order =
		xcalloc(u->count + 1, sizeof(struct debpackage *));
	auto_pool struct pool *pool = NULL;
	size_t left = 0;

	for (size_t i = 0; i < u->count; i++)
		if (&u->package[i] != first)
			order[left++] = &u->package[i];
	qsort(order, left, sizeof(order[0]), largest_first);
	if (pool_open(u->asked->threads, &ops, u, &pool, e) < 0)
		return -1;
	for (size_t i = 0; i < left; i++)
		if (pool_submit(pool, order[i], e) < 0)
			return -1;
	return pool_finish(pool, e);
}

static int unpack_all(struct unpacking *u, struct err *e)
{
	struct debpackage *first = NULL;

	for (size_t i = 0; i < u->asked->plan->count; i++) {
		struct debpackage *p = &u->package[u->count];

		if (u->asked->plan->package[i].stage != u->asked->stage)
			continue;
		p->plan = &u->asked->plan->package[i];
		p->fd = u->asked->fd[i];
		if (strcmp(p->plan->name, FIRST) == 0)
			first = p;
		u->count++;
	}
	u->merged = packagedb_merged(u->root_dir);
	if (first && debpackage_unpack(first, u->root_dir, u->merged, e) < 0)
		return -1;
	u->merged = packagedb_merged(u->root_dir);
	return unpack_rest(u, first, e);
}

/* ---- together they must be a tree */

struct place {
	const struct debpath *path;
	size_t package;
	size_t number; /* in the order of the plan */
};

struct places {
	struct place *item; /* by path, then number */
	size_t count;
};

static int by_path(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int rc = strcmp(x->path->real, y->path->real);

	if (rc)
		return rc;
	return x->number < y->number ? -1 : x->number > y->number;
}

static struct places collect(const struct unpacking *u)
{
	struct places p = { 0 };
	size_t total = 0;

	for (size_t i = 0; i < u->count; i++)
		total += u->package[i].path_count;
	p.item = xcalloc(total + 1, sizeof(*p.item));
	for (size_t i = 0; i < u->count; i++)
		for (size_t k = 0; k < u->package[i].path_count; k++) {
			p.item[p.count] = (struct place){
				.path = &u->package[i].path[k],
				.package = i,
				.number = p.count,
			};
			p.count++;
		}
	qsort(p.item, p.count, sizeof(*p.item), by_path);
	return p;
}

static int compare_text(const void *key, const void *item)
{
	return strcmp(key, ((const struct place *)item)->path->real);
}

static const struct place *find(const struct places *p, const char *path)
{
	return bsearch(path, p->item, p->count, sizeof(*p->item), compare_text);
}

/* Is there a directory of this name that some package has an entry for? */
static bool has_parent(const struct places *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	auto_free char *parent = NULL;
	const struct place *at;

	if (!slash)
		return true;
	parent = xasprintf("%.*s", (int)(slash - path), path);
	at = find(p, parent);
	return at && at->path->is_dir;
}

static int check_places(const struct unpacking *u, const struct places *p, struct err *e)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct debpath *x = p->item[i].path;
		const struct debpath *before = i ? p->item[i - 1].path : NULL;

		if (before && strcmp(before->real, x->real) == 0 &&
			!(before->is_dir && x->is_dir))
			return err_set(e, ERR_PARSE, "'%s' and '%s' both bring '/%s'",
				u->package[p->item[i - 1].package].plan->name,
				u->package[p->item[i].package].plan->name, x->real);
		if (!has_parent(p, x->real))
			return err_set(e, ERR_PARSE,
				"'/%s' lies in no package's directory", x->real);
	}
	return 0;
}

/* ---- directories */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The directories whose time the packages do not decide, because things were put into
 * them; sorted. */
static struct fs_names find_busy(const struct unpacking *u, const struct places *p)
{
	struct fs_names busy = { .name = xcalloc(p->count + 1, sizeof(char *)) };

	for (size_t i = 0; i < p->count; i++) {
		const struct debpath *x = p->item[i].path;
		const char *slash = strrchr(x->real, '/');

		if (slash && (u->asked->stage > 0 || !x->is_dir))
			busy.name[busy.count++] =
				xasprintf("%.*s", (int)(slash - x->real), x->real);
	}
	if (busy.count)
		qsort(busy.name, busy.count, sizeof(*busy.name), by_text);
	return busy;
}

static int set_dir(
	int root_dir, const struct fs_names *busy, const struct debpath *x, struct err *e)
{
	const struct timespec times[2] = { { .tv_sec = x->meta.mtime_s },
		{ .tv_sec = x->meta.mtime_s } };
	bool is_busy = busy->count && bsearch(&x->real, busy->name, busy->count,
					      sizeof(*busy->name), by_text);
	auto_fd int fd = fs_open_beneath(root_dir, x->real, O_RDONLY | O_DIRECTORY, 0, e);

	if (fd < 0)
		return -1;
	if (fchown(fd, x->meta.uid, x->meta.gid) < 0 ||
		fchmod(fd, x->meta.mode & 07777) < 0 ||
		(!is_busy && futimens(fd, times) < 0))
		return err_sys(e, "cannot set owner, mode and time of '%s'", x->real);
	return 0;
}

/* Of the entries for one directory, from first on: the one that decides, or NULL when
 * the directory was there; *next becomes the entry behind them. */
static const struct debpath *choose_dir(
	const struct unpacking *u, const struct places *p, size_t first, size_t *next)
{
	const struct debpath *x = p->item[first].path;
	bool was_there = true;
	size_t end = first;

	while (end < p->count && strcmp(p->item[end].path->real, x->real) == 0)
		was_there = p->item[end++].path->was_there && was_there;
	*next = end;
	if (u->asked->stage == 0)
		return p->item[end - 1].path;
	return was_there ? NULL : x;
}

static int set_dirs(const struct unpacking *u, const struct places *p, struct err *e)
{
	auto_names struct fs_names busy = find_busy(u, p);

	for (size_t i = 0, next; i < p->count; i = next) {
		const struct debpath *x = p->item[i].path;

		next = i + 1;
		if (!x->is_dir || !*x->real)
			continue;
		x = choose_dir(u, p, i, &next);
		if (x && set_dir(u->root_dir, &busy, x, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- the child */

static int make_tree(struct unpacking *u, struct err *e)
{
	struct places p;
	int rc;

	if (unpack_all(u, e) < 0)
		return -1;
	p = collect(u);
	rc = check_places(u, &p, e);
	if (rc == 0)
		rc = set_dirs(u, &p, e);
	free(p.item);
	if (rc < 0)
		return -1;
	return debdatabase_write(u->root_dir, u->package, u->count, u->asked->arch, e);
}

/* The packages are what the archive signed: what cannot be unpacked is what we know too
 * little of. */
static bool is_not_modelled(const struct err *e)
{
	return e->code == ERR_PARSE || e->code == ERR_LIMIT || e->sys == ELOOP ||
	       e->sys == ENOTDIR;
}

static int run(void *ctx, void *out, struct err *e)
{
	struct unpacking *u = ctx;
	struct told *told = out;

	/* The process ends with it: what packages own is not given back one by one. */
	u->package = xcalloc(u->asked->plan->count, sizeof(*u->package));
	if (make_tree(u, e) == 0)
		return 0;
	if (!is_not_modelled(e))
		return -1;
	told->not_modelled = true;
	snprintf(told->reason, sizeof(told->reason), "%.500s", e->text);
	return 0;
}

int debunpack_run(const struct debunpack *asked, int root_dir, char reason[REASON_MAX],
	struct err *e)
{
	struct unpacking u = { .asked = asked, .root_dir = root_dir };
	struct told told = { .not_modelled = false };
	const struct confined c = { .run = run,
		.ctx = &u,
		.out = &told,
		.out_size = sizeof(told),
		.tree_dir = root_dir };

	if (confined_run(&c, e) < 0)
		return -1;
	if (!told.not_modelled)
		return 0;
	told.reason[sizeof(told.reason) - 1] = '\0';
	snprintf(reason, REASON_MAX, "%s", told.reason);
	return 1;
}
