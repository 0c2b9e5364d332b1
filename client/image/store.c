#include "client/image/store.h"

#include "client/image/confine.h"
#include "client/image/home.h"
#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#define PREFIX      "pull."
#define LOCK_SUFFIX ".lock"
#define WAIT_MS     (15 * 60 * 1000)
#define ALIASES_MAX (1U << 20)

void store_release(struct store *s)
{
	int *fds[] = { &s->data_fd, &s->images_fd, &s->tmp_fd };

	for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

/* ---- locks: a file in tmp/ that goes with its holder */

/* The lock counts only if the file is still the one of that name: its last holder may
 * have removed it while we waited. */
static int lock_take(int tmp_fd, const char *lock, int wait_ms, struct err *e)
{
	for (;;) {
		auto_fd int fd = fs_lock(tmp_fd, lock, wait_ms, e);
		struct stat held, named;

		if (fd < 0)
			return -1;
		if (fstat(fd, &held) == 0 &&
			fstatat(tmp_fd, lock, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
			held.st_ino == named.st_ino && held.st_dev == named.st_dev)
			return STEAL_FD(fd);
	}
}

static void lock_drop(int tmp_fd, const char *lock, int *fd)
{
	unlinkat(tmp_fd, lock, 0);
	close(*fd);
	*fd = -1;
}

/* ---- leftovers of runs that were cut off */

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), k = strlen(end);

	return n >= k && strcmp(name + n - k, end) == 0;
}

static void sweep_one(const struct store *s, const char *dir)
{
	auto_free char *lock = xasprintf("%s" LOCK_SUFFIX, dir);
	struct err ignored;
	int fd = lock_take(s->tmp_fd, lock, 0, &ignored);

	if (fd < 0)
		return; /* somebody is at work in it */
	if (!fs_exists_at(s->tmp_fd, dir) ||
		confined_remove(s->tmp_fd, dir, &s->ids, &ignored) == 0)
		lock_drop(s->tmp_fd, lock, &fd);
	else
		close(fd);
}

static void sweep(const struct store *s)
{
	auto_names struct fs_names names = { 0 };
	struct err ignored;

	if (fs_list_dir(s->tmp_fd, ".", &names, &ignored) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		char *name = names.name[i];

		if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		if (ends_with(name, LOCK_SUFFIX))
			name[strlen(name) - strlen(LOCK_SUFFIX)] = '\0';
		sweep_one(s, name);
	}
}

int store_open(struct store *out, struct err *e)
{
	auto_store struct store s = STORE_INIT;

	s.data_fd = home_open(PLACE_DATA, e);
	if (s.data_fd < 0)
		return -1;
	s.images_fd = home_subdir(s.data_fd, "images", e);
	s.tmp_fd = s.images_fd < 0 ? -1 : home_subdir(s.data_fd, "tmp", e);
	if (s.tmp_fd < 0)
		return -1;
	subids_find(getuid(), &s.ids);
	sweep(&s);
	*out = s;
	s = (struct store)STORE_INIT;
	return 0;
}

void store_name(const struct store *s, const struct digest *id, char out[STORE_NAME_MAX])
{
	digest_hex(id, out);
	if (!s->ids.full)
		memcpy(out + DIGEST_HEX - 1, ".1id", sizeof(".1id"));
}

bool store_has(const struct store *s, const char *name)
{
	auto_free char *start = xasprintf("%s/start", name);

	return fs_exists_at(s->images_fd, start);
}

int store_hold(const struct store *s, const char *name, int how, struct err *e)
{
	auto_fd int fd = fs_open_dir_at(s->images_fd, name, e);
	struct stat held, named;

	if (fd < 0)
		return -1;
	if (flock(fd, how) < 0)
		return errno == EWOULDBLOCK
			       ? err_set(e, ERR_BUSY,
					 "the image '%.12s' is in use: stop the "
					 "containers "
					 "that run from it",
					 name)
			       : err_sys(e, "cannot lock the image '%.12s'", name);
	if (fstat(fd, &held) < 0 ||
		fstatat(s->images_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
		held.st_ino != named.st_ino)
		return err_set(
			e, ERR_NOTFOUND, "the image '%.12s' was removed just now", name);
	return STEAL_FD(fd);
}

/* ---- one image being made */

static int take_stage_lock(
	struct stage *g, void (*waiting)(void *ctx), void *ctx, struct err *e)
{
	int tmp_fd = g->store->tmp_fd;

	g->lock_fd = lock_take(tmp_fd, g->lock, 0, e);
	if (g->lock_fd >= 0)
		return 0;
	if (e->code != ERR_BUSY)
		return -1;
	if (waiting)
		waiting(ctx);
	g->lock_fd = lock_take(tmp_fd, g->lock, WAIT_MS, e);
	return g->lock_fd < 0 ? -1 : 0;
}

static int make_stage(struct stage *g, struct err *e)
{
	const struct store *s = g->store;

	if (fs_exists_at(s->tmp_fd, g->dir) &&
		confined_remove(s->tmp_fd, g->dir, &s->ids, e) < 0)
		return -1;
	if (fs_mkdirs(s->tmp_fd, g->dir, 0755, e) < 0)
		return -1;
	g->dir_fd = fs_open_dir_at(s->tmp_fd, g->dir, e);
	if (g->dir_fd < 0 || fs_mkdirs(g->dir_fd, "rootfs", 0755, e) < 0 ||
		fs_mkdirs(g->dir_fd, "meta", 0755, e) < 0)
		return -1;
	g->root_fd = fs_open_dir_at(g->dir_fd, "rootfs", e);
	if (g->root_fd < 0 || confined_adopt(g->dir_fd, e) < 0)
		return -1;
	return confined_adopt(g->root_fd, e);
}

static void name_stage(const struct store *s, const char *name, struct stage *g)
{
	g->store = s;
	snprintf(g->name, sizeof(g->name), "%s", name);
	snprintf(g->dir, sizeof(g->dir), PREFIX "%s", name);
	snprintf(g->lock, sizeof(g->lock), "%s" LOCK_SUFFIX, g->dir);
}

int store_stage(const struct store *s, const char *name, void (*waiting)(void *ctx),
	void *ctx, struct stage *out, struct err *e)
{
	auto_stage struct stage g = STAGE_INIT;

	name_stage(s, name, &g);
	if (take_stage_lock(&g, waiting, ctx, e) < 0)
		return err_wrap(e, "cannot make the image '%s'", name);
	if (!store_has(s, name) && make_stage(&g, e) < 0)
		return err_wrap(e, "cannot make the image '%s'", name);
	*out = g;
	g = (struct stage)STAGE_INIT;
	return 0;
}

int store_publish(struct stage *g, struct err *e)
{
	const struct store *s = g->store;

	/* One syncfs instead of a sync per file: an image is thousands of files. */
	if (syncfs(g->dir_fd) < 0)
		return err_sys(e, "cannot write the image to disk");
	if (fs_rename_synced(s->tmp_fd, g->dir, s->images_fd, g->name, e) < 0)
		return err_wrap(e, "cannot put the image '%s' into the store", g->name);
	return 0;
}

static void close_dirs(struct stage *g)
{
	if (g->root_fd >= 0)
		close(g->root_fd);
	if (g->dir_fd >= 0)
		close(g->dir_fd);
	g->root_fd = g->dir_fd = -1;
}

int store_restage(struct stage *g, struct err *e)
{
	close_dirs(g);
	return make_stage(g, e);
}

void store_stage_release(struct stage *g)
{
	const struct store *s = g->store;
	struct err ignored;

	close_dirs(g);
	if (g->lock_fd < 0)
		return;
	if (!fs_exists_at(s->tmp_fd, g->dir) ||
		confined_remove(s->tmp_fd, g->dir, &s->ids, &ignored) == 0)
		lock_drop(s->tmp_fd, g->lock, &g->lock_fd);
	else
		close(g->lock_fd);
	g->lock_fd = -1;
}

/* ---- images that go */

int store_doom(const struct store *s, const char *name, struct stage *out, struct err *e)
{
	struct stage g = STAGE_INIT;

	name_stage(s, name, &g);
	g.lock_fd = lock_take(s->tmp_fd, g.lock, 0, e);
	if (g.lock_fd < 0)
		return e->code == ERR_BUSY ? 0 : -1;
	*out = g;
	return 1;
}

int store_unpublish(struct stage *g, struct err *e)
{
	const struct store *s = g->store;

	if (fs_exists_at(s->tmp_fd, g->dir) &&
		confined_remove(s->tmp_fd, g->dir, &s->ids, e) < 0)
		return -1;
	return fs_rename_synced(s->images_fd, g->name, s->tmp_fd, g->dir, e);
}

int store_exchange(struct stage *g, struct err *e)
{
	const struct store *s = g->store;

	if (syncfs(g->dir_fd) < 0)
		return err_sys(e, "cannot write the image to disk");
	if (renameat2(s->tmp_fd, g->dir, s->images_fd, g->name, RENAME_EXCHANGE) < 0)
		return err_sys(e, "cannot put the image '%s' into the store", g->name);
	return fs_sync_dir_at(s->images_fd, ".", e);
}

/* ---- refs */

int store_set_ref(const struct store *s, const char *remote, const struct image *image,
	const char *serial, const char *name, struct err *e)
{
	auto_free char *line = xasprintf("%s %s\n", serial, name);
	auto_fd int dir_fd = -1;
	char path[PLACE_MAX];
	char *base;

	place_ref(remote, image, path);
	base = strrchr(path, '/');
	*base++ = '\0';
	if (fs_mkdirs(s->data_fd, path, 0700, e) < 0)
		return -1;
	dir_fd = fs_open_dir_at(s->data_fd, path, e);
	if (dir_fd < 0)
		return -1;
	return atomic_write_file(dir_fd, base, bytes_of_str(line), 0600, e);
}

int store_drop_ref(const struct store *s, const char *remote, const struct image *image,
	const char *name, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(256);
	char path[PLACE_MAX], serial[SERIAL_MAX], id[72];
	struct err ignored;

	place_ref(remote, image, path);
	if (fs_read_at(s->data_fd, path, &text, &ignored) < 0 ||
		ref_parse(buf_bytes(&text), serial, id, &ignored) < 0 ||
		strcmp(id, name) != 0)
		return 0;
	if (unlinkat(s->data_fd, path, 0) < 0 && errno != ENOENT)
		return err_sys(e, "cannot remove '%s'", path);
	return 0;
}

/* A line of the file that the static front reads: names, and nothing that could make a
 * line of its own. */
static bool is_name(const char *text)
{
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._+/-", *p))
			return false;
	return *text != '\0';
}

int store_set_aliases(const struct store *s, const char *remote,
	const struct catdoc *catalog, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(ALIASES_MAX);
	auto_free char *path = xasprintf("refs/%s", remote);
	auto_fd int dir_fd = -1;

	for (size_t i = 0; i < catalog->alias_count; i++)
		if (is_name(catalog->alias[i].alias) && is_name(catalog->alias[i].target))
			buf_printf(&text, "%s %s\n", catalog->alias[i].alias,
				catalog->alias[i].target);
	if (buf_check(&text, "the aliases", e) < 0)
		return -1;
	if (fs_mkdirs(s->data_fd, path, 0700, e) < 0)
		return -1;
	dir_fd = fs_open_dir_at(s->data_fd, path, e);
	if (dir_fd < 0)
		return -1;
	return atomic_write_file(dir_fd, "aliases", buf_bytes(&text), 0600, e);
}
