#include "builder/place.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define STAGE_PREFIX ".building"
#define WORK_PREFIX  "rootyard-build"
#define MINUTE_S     60

/* ---- where it hands over */

int place_open_made(const char *path, struct err *e)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "cannot make '%s'", path);
	return fs_open_dir(path, e);
}

static int open_variant(
	struct place *p, const struct job *j, const char *out_dir, struct err *e)
{
	auto_fd int out = place_open_made(out_dir, e);
	char name[IMAGE_NAME_MAX];
	struct stat st;

	if (out < 0)
		return -1;
	if (fstat(out, &st) < 0)
		return err_sys(e, "cannot look at '%s'", out_dir);
	/* A set-gid incoming directory gives its group to all that is below it. */
	p->dir_mode = st.st_mode & S_ISGID ? 02775 : 0755;
	image_format(&j->image, name);
	if (fs_mkdirs(out, name, p->dir_mode, e) < 0)
		return -1;
	p->variant_dir = fs_open_dir_at(out, name, e);
	p->variant_path = xasprintf("%s/%s", out_dir, name);
	return p->variant_dir < 0 ? -1 : 0;
}

static int open_stage(struct place *p, struct job *j, struct err *e)
{
	char name[IMAGE_NAME_MAX];

	image_format(&j->image, name);
	if (flock(p->variant_dir, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return err_set(
				e, ERR_BUSY, "'%s' is being built here already", name);
		return err_sys(e, "cannot lock '%s'", p->variant_path);
	}
	workdir_sweep(p->variant_dir, STAGE_PREFIX, NULL, NULL);
	if (workdir_make(p->variant_dir, STAGE_PREFIX, &p->stage, e) < 0)
		return -1;
	j->stage_dir = p->stage.dir;
	j->log_fd = openat(j->stage_dir, "build.log",
		O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
	if (j->log_fd < 0 || fchmod(j->log_fd, 0644) < 0)
		return err_sys(e, "cannot make 'build.log'");
	return 0;
}

/* ---- where it works */

static int open_store(const char *parent, const char *name, char **path, struct err *e)
{
	auto_fd int dir = fs_open_dir(parent, e);

	if (dir < 0 || fs_mkdirs(dir, name, 0755, e) < 0)
		return -1;
	*path = xasprintf("%s/%s", parent, name);
	return 0;
}

/* Indexes differ from image to image, package files never do. */
static int open_stores(struct job *j, const char *parent, struct err *e)
{
	auto_free char *archives = NULL, *lists = NULL, *sources = NULL, *pieces = NULL;
	auto_free char *plans = NULL;
	auto_free char *name = xasprintf(
		"lists/%s-%s-%s", j->image.distro, j->image.release, j->image.arch);

	if (open_store(parent, "archives", &archives, e) < 0 ||
		open_store(parent, name, &lists, e) < 0 ||
		open_store(parent, "sources", &sources, e) < 0 ||
		open_store(parent, "plans", &plans, e) < 0 ||
		open_store(parent, "pieces", &pieces, e) < 0)
		return -1;
	if (!j->compress_anew)
		j->pieces = arena_strdup(&j->arena, pieces);
	j->sources = arena_strdup(&j->arena, sources);
	j->plans = arena_strdup(&j->arena, plans);
	j->archives = arena_strdup(&j->arena, archives);
	j->lists = arena_strdup(&j->arena, lists);
	return 0;
}

static char *work_base(const char *cache)
{
	const char *tmpdir = getenv("TMPDIR");

	if (cache)
		return xasprintf("%s/work", cache);
	return xstrdup(tmpdir && tmpdir[0] == '/' ? tmpdir : "/var/tmp");
}

static int open_work(struct place *p, struct job *j, const char *cache, struct err *e)
{
	auto_free char *base = work_base(cache);
	auto_fd int base_dir = cache ? place_open_made(base, e) : fs_open_dir(base, e);

	if (base_dir < 0)
		return -1;
	workdir_sweep(base_dir, WORK_PREFIX, NULL, NULL);
	if (workdir_make(base_dir, WORK_PREFIX, &p->work, e) < 0 ||
		fs_mkdirs(p->work.dir, "w", 0755, e) < 0)
		return -1;
	p->outer = xasprintf("%s/%s", base, p->work.name);
	j->work = arena_printf(&j->arena, "%s/w", p->outer);
	j->root = arena_printf(&j->arena, "%s/root", j->work);
	j->work_dir = fs_open_dir_at(p->work.dir, "w", e);
	return j->work_dir < 0 ? -1 : 0;
}

static char *absolute_cache(const char *cache, struct err *e)
{
	auto_fd int dir = place_open_made(cache, e);
	char *path;

	if (dir < 0)
		return NULL;
	path = realpath(cache, NULL);
	if (!path)
		err_sys(e, "cannot resolve '%s'", cache);
	return path;
}

int place_open(struct place *p, struct job *j, const char *out_dir, const char *cache,
	struct err *e)
{
	auto_free char *absolute = NULL;

	if (cache && !(absolute = absolute_cache(cache, e)))
		return -1;
	if (open_variant(p, j, out_dir, e) < 0 || open_stage(p, j, e) < 0 ||
		open_work(p, j, absolute, e) < 0)
		return -1;
	if (absolute)
		return open_stores(j, absolute, e);
	/* Inside the work directory they are reached by its path in the session. */
	if (fs_mkdirs(j->work_dir, "archives", 0755, e) < 0 ||
		fs_mkdirs(j->work_dir, "lists", 0755, e) < 0 ||
		fs_mkdirs(j->work_dir, "plans", 0755, e) < 0 ||
		fs_mkdirs(j->work_dir, "sources", 0755, e) < 0)
		return -1;
	j->sources = arena_printf(&j->arena, "%s/sources", j->work);
	j->plans = arena_printf(&j->arena, "%s/plans", j->work);
	j->archives = arena_printf(&j->arena, "%s/archives", j->work);
	j->lists = arena_printf(&j->arena, "%s/lists", j->work);
	return 0;
}

/* ---- serials */

int place_serial(struct place *p, struct job *j, const char *wanted, struct err *e)
{
	int64_t now_s = (int64_t)time(NULL);

	if (wanted) {
		snprintf(j->serial, sizeof(j->serial), "%s", wanted);
		if (fs_exists_at(p->variant_dir, wanted))
			return err_set(e, ERR_CONFLICT, "serial '%s' is taken in '%s'",
				wanted, p->variant_path);
	} else {
		do {
			serial_from_time(now_s, j->serial);
			now_s += MINUTE_S;
		} while (fs_exists_at(p->variant_dir, j->serial));
	}
	return serial_to_time(j->serial, &j->created_s, e);
}

int place_commit(struct place *p, const char *serial, struct err *e)
{
	if (fchmod(p->stage.dir, p->dir_mode) < 0)
		return err_sys(e, "cannot set the mode of '%s'", serial);
	if (fs_sync(p->stage.dir, serial, e) < 0)
		return -1;
	if (renameat2(p->variant_dir, p->stage.name, p->variant_dir, serial,
		    RENAME_NOREPLACE) < 0)
		return err_sys(e, "cannot hand over '%s'", serial);
	workdir_keep(&p->stage);
	return fs_sync(p->variant_dir, p->variant_path, e);
}

/* ---- of images that are not being built */

static int open_image(const char *out_dir, const struct image *image, struct err *e)
{
	auto_fd int out = fs_open_dir(out_dir, e);
	char name[IMAGE_NAME_MAX];

	image_format(image, name);
	return out < 0 ? -1 : fs_open_dir_at(out, name, e);
}

void place_sweep(const char *out_dir, const char *cache, const struct image *image)
{
	auto_free char *base = work_base(cache);
	struct err ignored;
	auto_fd int variant = open_image(out_dir, image, &ignored);
	auto_fd int work = fs_open_dir(base, &ignored);

	if (variant >= 0)
		workdir_sweep(variant, STAGE_PREFIX, NULL, NULL);
	if (work >= 0)
		workdir_sweep(work, WORK_PREFIX, NULL, NULL);
}

/* Under the name of one that is being made: what is half removed does not look like a build,
 * and is swept. */
static int remove_build(int variant, const char *serial, struct err *e)
{
	char suffix[9], name[sizeof(STAGE_PREFIX) + sizeof(suffix)];

	if (fs_random_suffix(suffix, sizeof(suffix) - 1, e) < 0)
		return -1;
	snprintf(name, sizeof(name), STAGE_PREFIX ".%s", suffix);
	if (renameat(variant, serial, variant, name) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "cannot remove '%s'", serial);
	return fs_remove_tree(variant, name, e);
}

int place_prune(
	const char *out_dir, const struct image *image, size_t keep, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	auto_fd int variant = open_image(out_dir, image, e);
	size_t count = 0;

	if (variant < 0)
		return e->code == ERR_NOTFOUND ? 0 : -1;
	if (fs_list_dir(variant, ".", &names, e) < 0)
		return -1;
	for (size_t i = names.count; i-- > 0;)
		if (serial_is_valid(names.name[i]) && ++count > keep &&
			remove_build(variant, names.name[i], e) < 0)
			return -1;
	return 0;
}

void place_close(struct place *p)
{
	workdir_remove(&p->work);
	workdir_remove(&p->stage);
	if (p->variant_dir >= 0)
		close(p->variant_dir);
	free(p->outer);
	free(p->variant_path);
	*p = (struct place)PLACE_INIT;
}
