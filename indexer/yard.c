#include "indexer/yard.h"

#include "lib/base/fs.h"

#include <time.h>

static int resolve(const char *dir, struct yard *y, struct err *e)
{
	y->path = realpath(dir, NULL);
	if (!y->path)
		return err_sys(e, "cannot open '%s'", dir);
	y->gnupg = xasprintf("%s/%s", y->path, YARD_GNUPG);
	y->fd = fs_open_dir(y->path, e);
	return y->fd < 0 ? -1 : 0;
}

static int check_finished(const struct yard *y, struct err *e)
{
	if (fs_exists_at(y->fd, YARD_MARK))
		return err_set(e, ERR_USAGE,
			"cannot use '%s': 'rootyard-index init' was interrupted there, "
			"run it "
			"again with the same arguments",
			y->path);
	return 0;
}

static int check_kind(const struct yard *y, struct err *e)
{
	if (check_finished(y, e) < 0)
		return -1;
	if (fs_exists_at(y->fd, CATALOG_NAME))
		return 0;
	if (fs_exists_at(y->fd, YARD_PUBLIC "/" LAYOUT_LIVE))
		return err_set(e, ERR_NOTFOUND,
			"cannot find 'catalog.db' in '%s', and 'public' is there: "
			"'rootyard-index rebuild' makes it again",
			y->path);
	return err_set(e, ERR_NOTFOUND,
		"cannot find 'catalog.db' in '%s': name the directory with -C, or make "
		"one with 'rootyard-index init'",
		y->path);
}

static int open_dirs(struct yard *y, struct err *e)
{
	y->public_fd = fs_open_dir_at(y->fd, YARD_PUBLIC, e);
	if (y->public_fd < 0)
		return -1;
	y->staging_fd = fs_open_dir_at(y->fd, YARD_STAGING, e);
	return y->staging_fd < 0 ? -1 : 0;
}

static int take_lock(struct yard *y, int wait_ms, struct err *e)
{
	y->lock_fd = fs_lock(y->fd, YARD_LOCK, wait_ms, e);
	return y->lock_fd < 0 ? err_wrap(e, "cannot change '%s'", y->path) : 0;
}

static int open_parts(struct yard *y, unsigned int flags, struct err *e)
{
	auto_free char *db = xasprintf("%s/%s", y->path, CATALOG_NAME);
	int rc;

	if (open_dirs(y, e) < 0)
		return -1;
	if (catalog_open(db, flags & YARD_WRITE ? 0 : CATALOG_READ, &y->catalog, e) < 0)
		return -1;
	rc = catalog_site_get(y->catalog, &y->facts, e);
	if (rc == 0)
		return err_set(e, ERR_DAMAGED, "cannot use '%s': it names no site", db);
	return rc < 0 ? -1 : site_read(y->fd, &y->site, e);
}

int yard_open(
	const char *dir, unsigned int flags, int wait_ms, struct yard *out, struct err *e)
{
	auto_yard struct yard y = YARD_INIT;

	if (resolve(dir, &y, e) < 0 || check_kind(&y, e) < 0)
		return -1;
	if (flags & YARD_WRITE && take_lock(&y, wait_ms, e) < 0)
		return -1;
	if (open_parts(&y, flags, e) < 0)
		return -1;

	/* after the wait for the lock: what is signed says when */
	y.now_s = (int64_t)time(NULL);
	*out = y;
	y = (struct yard)YARD_INIT;
	return 0;
}

int yard_open_bare(const char *dir, int wait_ms, struct yard *out, struct err *e)
{
	auto_yard struct yard y = YARD_INIT;

	if (resolve(dir, &y, e) < 0 || check_finished(&y, e) < 0)
		return -1;
	if (!fs_exists_at(y.fd, YARD_PUBLIC "/trust"))
		return err_set(e, ERR_NOTFOUND,
			"cannot find 'public/trust' in '%s': name the operator's "
			"directory "
			"with -C, and copy 'public' back into it from a mirror",
			y.path);
	if (take_lock(&y, wait_ms, e) < 0 || yard_make(y.fd, e) < 0 ||
		open_dirs(&y, e) < 0 || site_read(y.fd, &y.site, e) < 0)
		return -1;
	y.now_s = (int64_t)time(NULL);
	*out = y;
	y = (struct yard)YARD_INIT;
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void yard_close(struct yard *y)
{
	catalog_close(&y->catalog);
	site_release(&y->site);
	close_fd(&y->public_fd);
	close_fd(&y->staging_fd);
	close_fd(&y->fd);
	close_fd(&y->lock_fd);
	free(y->path);
	free(y->gnupg);
	y->path = y->gnupg = NULL;
}

int yard_read_root_version(const struct yard *y, int64_t version, struct envelope *v,
	struct trust_root *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);
	char path[LAYOUT_PATH_MAX];

	layout_root(version, path);
	if (!fs_exists_at(y->public_fd, path))
		return 0;
	if (fs_read_at(y->public_fd, path, &text, e) < 0)
		return -1;
	if (envelope_parse(buf_bytes(&text), v, e) < 0 ||
		trust_root_parse(v->payload, out, e) < 0)
		return err_wrap(e, "'%s'", path);
	return 1;
}

int yard_read_root(const struct yard *y, struct trust_root *out, struct err *e)
{
	auto_envelope struct envelope v = { 0 };
	int64_t newest = 0;
	char path[LAYOUT_PATH_MAX];
	int rc;

	for (;;) {
		layout_root(newest + 1, path);
		if (!fs_exists_at(y->public_fd, path))
			break;
		newest++;
	}
	rc = newest ? yard_read_root_version(y, newest, &v, out, e) : 0;
	if (rc == 0)
		return err_set(e, ERR_DAMAGED, "cannot find 'trust/root.1' in '%s/%s'",
			y->path, YARD_PUBLIC);
	return rc < 0 ? -1 : 0;
}

void yard_gen_path(int64_t generation, const char *rest, char out[LAYOUT_PATH_MAX])
{
	snprintf(out, LAYOUT_PATH_MAX, "%s/%lld/%s", LAYOUT_GEN, (long long)generation,
		rest);
}

int yard_live(const struct yard *y, int64_t *number, struct err *e)
{
	char target[64];
	ssize_t n = readlinkat(y->public_fd, LAYOUT_LIVE, target, sizeof(target) - 1);
	size_t prefix = strlen(LAYOUT_GEN "/");
	int64_t value = 0;

	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0)
		return err_sys(e, "cannot read '%s/%s'", YARD_PUBLIC, LAYOUT_LIVE);
	target[n] = '\0';
	if (strncmp(target, LAYOUT_GEN "/", prefix) != 0 || (size_t)n > prefix + 18)
		return err_set(e, ERR_DAMAGED,
			"'%s/%s' points to '%s', which is no generation", YARD_PUBLIC,
			LAYOUT_LIVE, target);
	for (const char *c = target + prefix; *c; c++) {
		if (*c < '0' || *c > '9')
			return err_set(e, ERR_DAMAGED,
				"'%s/%s' points to '%s', which is no generation",
				YARD_PUBLIC, LAYOUT_LIVE, target);
		value = value * 10 + (*c - '0');
	}
	*number = value;
	return 1;
}

int yard_read_current(const struct yard *y, int64_t generation, struct envelope *v,
	struct current *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);
	char path[LAYOUT_PATH_MAX];

	yard_gen_path(generation, LAYOUT_CURRENT, path);
	if (!fs_exists_at(y->public_fd, path))
		return 0;
	if (fs_read_at(y->public_fd, path, &text, e) < 0)
		return -1;
	if (envelope_parse(buf_bytes(&text), v, e) < 0)
		return err_wrap(e, "'%s'", path);
	if (strcmp(v->type, TRUST_TYPE_CURRENT) != 0)
		return err_set(e, ERR_UNTRUSTED, "'%s' is of type '%s'", path, v->type);
	if (current_parse(v->payload, out, e) < 0)
		return err_wrap(e, "'%s'", path);
	return 1;
}
