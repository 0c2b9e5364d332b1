#include "indexer/init_dirs.h"

#include "indexer/yard.h"
#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <sys/random.h>

#define MARK_MAX 8192

int init_place_open(const char *path, mode_t mode, struct init_place *out, struct err *e)
{
	out->is_new = mkdir(path, mode) == 0;
	if (!out->is_new && errno != EEXIST)
		return err_sys(e, "cannot make the directory '%s'", path);
	out->path = realpath(path, NULL);
	if (!out->path)
		return err_sys(e, "cannot open '%s'", path);
	out->fd = fs_open_dir(out->path, e);
	return out->fd < 0 ? -1 : 0;
}

void init_place_release(struct init_place *p)
{
	free(p->path);
	p->path = NULL;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static bool is_beneath(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]);
}

int init_places_differ(
	const struct init_place *a, const struct init_place *b, struct err *e)
{
	if (!is_beneath(a->path, b->path) && !is_beneath(b->path, a->path))
		return 0;
	return err_set(e, ERR_USAGE,
		"cannot keep the root key in '%s': it must lie outside '%s', to be taken "
		"away",
		b->path, a->path);
}

/* Is there anything but the marker and what writing it leaves? */
static int check_empty(struct init_place *p, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(p->fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		if (strcmp(names.name[i], CATALOG_NAME) == 0)
			return err_set(e, ERR_CONFLICT,
				"'%s' is an operator's directory already", p->path);
		if (strncmp(names.name[i], YARD_MARK ".tmp-",
			    strlen(YARD_MARK ".tmp-")) == 0) {
			if (unlinkat(p->fd, names.name[i], 0) < 0)
				return err_sys(e, "cannot remove '%s/%s'", p->path,
					names.name[i]);
			continue;
		}
		return err_set(e, ERR_CONFLICT,
			"'%s' is not empty: remove '%s' from it, or name another "
			"directory",
			p->path, names.name[i]);
	}
	return 0;
}

int init_place_claim(struct init_place *p, struct bytes marker, struct err *e)
{
	auto_buf struct buf have = BUF_INIT(MARK_MAX);

	if (!fs_exists_at(p->fd, YARD_MARK)) {
		if (check_empty(p, e) < 0)
			return -1;
		return atomic_write_file(p->fd, YARD_MARK, marker, 0600, e);
	}
	if (fs_read_at(p->fd, YARD_MARK, &have, e) < 0)
		return -1;
	if (!bytes_equal(buf_bytes(&have), marker))
		return err_set(e, ERR_CONFLICT,
			"'%s' holds an init that was interrupted and had other "
			"arguments: repeat "
			"those, or remove the directory's content",
			p->path);
	return 0;
}

int init_place_done(struct init_place *p, struct err *e)
{
	if (unlinkat(p->fd, YARD_MARK, 0) < 0 && errno != ENOENT)
		return err_sys(e, "cannot remove '%s/%s'", p->path, YARD_MARK);
	return fs_sync(p->fd, p->path, e);
}

int init_empty_home(int dir_fd, const char *name, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	auto_fd int fd = -1;

	if (!fs_exists_at(dir_fd, name))
		return 0;
	fd = fs_open_dir_at(dir_fd, name, e);
	if (fd < 0 || fs_list_dir(fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (strcmp(names.name[i], YARD_MARK) != 0 &&
			fs_remove_tree(fd, names.name[i], e) < 0)
			return -1;
	return 0;
}

int init_sweep(int dir_fd, const char *path, bool everything, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	auto_fd int fd = fs_open_dir_at(dir_fd, path, e);

	if (fd < 0 || fs_list_dir(fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if ((everything || strstr(names.name[i], ".tmp-")) &&
			fs_remove_tree(fd, names.name[i], e) < 0)
			return -1;
	return 0;
}

int init_remove_catalog(int dir_fd, struct err *e)
{
	static const char *const names[] = { CATALOG_NAME, CATALOG_NAME "-wal",
		CATALOG_NAME "-shm", CATALOG_NAME "-journal" };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (unlinkat(dir_fd, names[i], 0) < 0 && errno != ENOENT)
			return err_sys(e, "cannot remove '%s'", names[i]);
	return 0;
}

int init_random_hex(char *out, size_t size, struct err *e)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char random[64];

	if (size > sizeof(random) || getrandom(random, size, 0) != (ssize_t)size)
		return err_sys(e, "cannot read random bytes");
	for (size_t i = 0; i + 1 < size; i++)
		out[i] = digits[random[i] & 15];
	out[size - 1] = '\0';
	return 0;
}
