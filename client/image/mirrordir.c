#include "client/image/mirrordest.h"
#include "lib/base/fs.h"
#include "lib/model/layout.h"

#include <fcntl.h>
#include <sys/xattr.h>

#define SCRATCH     MIRROR_PRIVATE "/partial"
#define LOCK        MIRROR_PRIVATE "/lock"
#define NEW         "new-"
#define SUFFIX_LEN  16
#define GENERATIONS 3

struct mirrordir {
	struct mirrordest dest;
	char *path;
	int fd, lock_fd;
};

static struct mirrordir *self(struct mirrordest *d)
{
	return (struct mirrordir *)(void *)d;
}

static void close_dir(struct mirrordest *d)
{
	struct mirrordir *m = self(d);

	if (d->scratch_fd >= 0)
		close(d->scratch_fd);
	if (m->lock_fd >= 0)
		close(m->lock_fd);
	if (m->fd >= 0)
		close(m->fd);
	free(m->path);
	free(m);
}

/* ---- what is there */

static int open_file(struct mirrordest *d, const char *path, struct err *e)
{
	int fd = fs_open_regular(self(d)->fd, path, e);

	/* Somebody else put it there: to be looked at, not written over. */
	if (fd < 0 && e->code == ERR_FAILED && e->sys == 0)
		e->code = ERR_CONFLICT;
	return fd;
}

static int read_file(
	struct mirrordest *d, const char *path, struct buf *out, struct err *e)
{
	auto_fd int fd = -1;

	if (self(d)->fd < 0)
		return err_set(e, ERR_NOTFOUND, "'%s' is not there", self(d)->path);
	fd = open_file(d, path, e);
	return fd < 0 ? -1 : fs_read_fd(fd, path, out, e);
}

/* What the file says of itself: this mirror wrote it there after it had checked it. That it reached
 * the disk is certain of what the list names, which was written after all of it was synced. */
static bool is_marked(int fd, const struct digest *sha256)
{
	char have[DIGEST_HEX], want[DIGEST_HEX];
	ssize_t n = fgetxattr(fd, LAYOUT_DIGEST_XATTR, have, sizeof(have) - 1);

	digest_hex(sha256, want);
	return n == DIGEST_HEX - 1 && memcmp(have, want, DIGEST_HEX - 1) == 0;
}

static bool has_file(struct mirrordest *d, const struct trust_object *c)
{
	struct err ignored;
	auto_fd int fd = open_file(d, c->path, &ignored);
	const struct mirrorline *l = d->known ? mirrorlist_find(d->known, c->path) : NULL;
	struct digest got;
	struct stat st;
	uint64_t size;

	if (fd < 0 || fstat(fd, &st) < 0 || (uint64_t)st.st_size != c->size)
		return false;
	if (!d->full && l && digest_equal(&l->content.sha256, &c->sha256) &&
		is_marked(fd, &c->sha256))
		return true;
	return digest_of_fd(fd, c->path, &got, &size, &ignored) == 0 && size == c->size &&
	       digest_equal(&got, &c->sha256);
}

/* ---- one file more */

/* The directory of path, made if it is missing, and the last component. */
static int open_parent(
	struct mirrordir *m, const char *path, const char **name, struct err *e)
{
	const char *slash = strrchr(path, '/');
	auto_free char *parent =
		slash ? xasprintf("%.*s", (int)(slash - path), path) : xstrdup(".");

	*name = slash ? slash + 1 : path;
	if (fs_mkdirs(m->fd, parent, 0755, e) < 0)
		return -1;
	return fs_open_dir_at(m->fd, parent, e);
}

/* A name in the scratch place that nobody else has. */
static int new_name(char out[sizeof(NEW) + SUFFIX_LEN], struct err *e)
{
	memcpy(out, NEW, sizeof(NEW) - 1);
	return fs_random_suffix(out + sizeof(NEW) - 1, SUFFIX_LEN, e);
}

/* Where the file system has no such attributes the server makes a tag of size and time, and the next
 * run reads the file. */
static int finish_file(
	int fd, const char *path, const struct digest *sha256, struct err *e)
{
	char hex[DIGEST_HEX];

	digest_hex(sha256, hex);
	if (fchmod(fd, 0644) < 0)
		return err_sys(e, "cannot set the mode of '%s'", path);
	if (fsetxattr(fd, LAYOUT_DIGEST_XATTR, hex, DIGEST_HEX - 1, 0) < 0 &&
		errno != ENOTSUP)
		return err_sys(e, "cannot mark '%s' with its digest", path);
	return 0;
}

/* Gives what is `from` beneath from_fd the name path. Taken: it loses the old one. */
static int place(struct mirrordir *m, int from_fd, const char *from, const char *path,
	struct err *e)
{
	const char *name;
	auto_fd int dir_fd = open_parent(m, path, &name, e);

	if (dir_fd < 0)
		return -1;
	if (renameat(from_fd, from, dir_fd, name) < 0)
		return err_sys(e, "cannot place '%s/%s'", m->path, path);
	/* a rename between two names of one inode leaves both */
	if (unlinkat(from_fd, from, 0) < 0 && errno != ENOENT)
		return err_sys(e, "cannot remove '%s'", from);
	return 0;
}

static int write_file(
	struct mirrordest *d, const char *path, struct bytes text, struct err *e)
{
	struct digest sha256 = digest_of(text);
	char name[sizeof(NEW) + SUFFIX_LEN];
	bool replaces = strcmp(path, MIRROR_LIST) == 0 || fs_exists_at(self(d)->fd, path);
	auto_fd int fd = -1;

	if (new_name(name, e) < 0)
		return -1;
	fd = fs_open_beneath(d->scratch_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0644, e);
	if (fd < 0 || (text.len > 0 && fs_write_all(fd, text.data, text.len, e) < 0) ||
		finish_file(fd, path, &sha256, e) < 0 ||
		(replaces && fs_sync(fd, path, e) < 0))
		return -1;
	return place(self(d), d->scratch_fd, name, path, e);
}

/* ext4 ends at 65,000 names of one file. */
static int copy_file(
	struct mirrordest *d, int fd, const struct trust_object *c, struct err *e)
{
	char name[sizeof(NEW) + SUFFIX_LEN];
	auto_fd int to = -1;

	if (new_name(name, e) < 0)
		return -1;
	to = fs_open_beneath(d->scratch_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0644, e);
	if (to < 0 || lseek(fd, 0, SEEK_SET) < 0 || fs_copy_fd(fd, to, -1, e) < 0 ||
		finish_file(to, c->path, &c->sha256, e) < 0)
		return err_wrap(e, "cannot copy '%s'", c->path);
	return place(self(d), d->scratch_fd, name, c->path, e);
}

static int link_file(struct mirrordest *d, int from_dir, const char *from,
	const struct trust_object *c, struct err *e)
{
	char name[sizeof(NEW) + SUFFIX_LEN];

	if (new_name(name, e) < 0)
		return -1;
	if (linkat(from_dir, from, d->scratch_fd, name, 0) < 0) {
		auto_fd int fd = -1;

		if (errno != EMLINK)
			return err_sys(e, "cannot link '%s'", c->path);
		fd = fs_open_beneath(from_dir, from, O_RDONLY, 0, e);
		return fd < 0 ? -1 : copy_file(d, fd, c, e);
	}
	return place(self(d), d->scratch_fd, name, c->path, e);
}

static int put_file(struct mirrordest *d, const struct trust_object *c,
	const char *scratch, struct err *e)
{
	auto_fd int fd = fs_open_beneath(d->scratch_fd, scratch, O_RDONLY, 0, e);

	if (fd < 0 || finish_file(fd, c->path, &c->sha256, e) < 0)
		return -1;
	return link_file(d, d->scratch_fd, scratch, c, e);
}

static int same_file(struct mirrordest *d, const struct trust_object *c, const char *from,
	struct err *e)
{
	const char *name;
	auto_fd int dir_fd = open_parent(self(d), from, &name, e);

	return dir_fd < 0 ? -1 : link_file(d, dir_fd, name, c, e);
}

/* ---- one file less */

/* The directories that it leaves empty go too. */
static int remove_file(struct mirrordest *d, const char *path, struct err *e)
{
	auto_free char *dir = xstrdup(path);
	char *slash;

	for (bool first = true;; first = false) {
		auto_fd int fd = -1;
		struct err why;

		slash = strrchr(dir, '/');
		if (!slash)
			return 0;
		*slash = '\0';
		fd = fs_open_dir_at(self(d)->fd, dir, &why);
		if (fd < 0 && why.code != ERR_NOTFOUND) {
			*e = why;
			return -1;
		}
		if (fd >= 0 && unlinkat(fd, slash + 1, first ? 0 : AT_REMOVEDIR) < 0 &&
			errno != ENOENT) {
			if (!first && (errno == ENOTEMPTY || errno == EEXIST))
				return 0;
			return err_sys(e, "cannot remove '%s'", path);
		}
	}
}

/* ---- all files */

static int walk_into(
	int fd, const char *path, mirrordest_each *each, void *ctx, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(fd, ".", &names, e) < 0)
		return err_wrap(e, "'%s'", path);
	for (size_t i = 0; i < names.count; i++) {
		auto_free char *full = xasprintf("%s/%s", path, names.name[i]);
		auto_fd int sub = -1;
		struct err why;
		struct stat st;

		if (fstatat(fd, names.name[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(e, "cannot examine '%s'", full);
		if (!S_ISDIR(st.st_mode)) {
			if (S_ISREG(st.st_mode) && each(full, ctx, e) < 0)
				return -1;
			continue;
		}
		sub = fs_open_dir_at(fd, names.name[i], &why);
		if (sub < 0) {
			*e = why;
			return -1;
		}
		if (walk_into(sub, full, each, ctx, e) < 0)
			return -1;
	}
	return 0;
}

static int walk_dir(struct mirrordest *d, const char *top, mirrordest_each *each,
	void *ctx, struct err *e)
{
	auto_fd int fd = -1;

	if (!fs_exists_at(self(d)->fd, top))
		return 0;
	fd = fs_open_dir_at(self(d)->fd, top, e);
	return fd < 0 ? -1 : walk_into(fd, top, each, ctx, e);
}

static int sync_dir(struct mirrordest *d, struct err *e)
{
	if (syncfs(self(d)->fd) < 0)
		return err_sys(e, "cannot sync '%s'", self(d)->path);
	return 0;
}

static uint64_t room_of(struct mirrordest *d)
{
	struct err ignored;
	uint64_t free_bytes;

	return fs_free_bytes(self(d)->fd, &free_bytes, &ignored) < 0 ? UINT64_MAX
								     : free_bytes;
}

/* ---- the switch */

static int put_link(
	struct mirrordest *d, const char *path, const char *target, struct err *e)
{
	char have[LAYOUT_PATH_MAX], name[sizeof(NEW) + SUFFIX_LEN];
	const char *last;
	auto_fd int dir_fd = open_parent(self(d), path, &last, e);
	ssize_t n;

	if (dir_fd < 0 || new_name(name, e) < 0)
		return -1;
	n = readlinkat(dir_fd, last, have, sizeof(have));
	if (n >= 0 && (size_t)n == strlen(target) && memcmp(have, target, (size_t)n) == 0)
		return 0;
	if (symlinkat(target, d->scratch_fd, name) < 0)
		return err_sys(e, "cannot make a link for '%s'", path);
	if (renameat(d->scratch_fd, name, dir_fd, last) < 0) {
		err_sys(e, "cannot place the link '%s/%s'", self(d)->path, path);
		unlinkat(d->scratch_fd, name, 0);
		return -1;
	}
	return fs_sync(dir_fd, path, e);
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x < y) - (x > y);
}

/* The live one and the newest of the others: who reads them now reads on. */
static int drop_generations(struct mirrordir *m, int64_t live, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	auto_free int64_t *number = NULL;
	size_t count = 0;

	if (fs_list_dir(m->fd, LAYOUT_GEN, &names, e) < 0)
		return -1;
	number = xcalloc(names.count + 1, sizeof(*number));
	for (size_t i = 0; i < names.count; i++) {
		char *end;
		int64_t n = strtoll(names.name[i], &end, 10);

		if (*end == '\0' && n > 0 && n != live)
			number[count++] = n;
	}
	qsort(number, count, sizeof(*number), by_number);
	for (size_t i = GENERATIONS - 1; i < count; i++) {
		auto_free char *path =
			xasprintf("%s/%lld", LAYOUT_GEN, (long long)number[i]);

		if (fs_remove_tree(m->fd, path, e) < 0)
			return -1;
	}
	return 0;
}

static int flip(struct mirrordest *d, int64_t generation, struct err *e)
{
	auto_free char *target = xasprintf("%s/%lld", LAYOUT_GEN, (long long)generation);

	for (size_t i = 0; i < layout_link_count; i++)
		if (put_link(d, layout_links[i].path, layout_links[i].target, e) < 0)
			return -1;
	if (put_link(d, LAYOUT_LIVE, target, e) < 0)
		return -1;
	return drop_generations(self(d), generation, e);
}

/* ---- opening */

/* Nothing of somebody else's is taken for a mirror, and deleted from. */
static int check_ours(struct mirrordir *m, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(m->fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (strcmp(names.name[i], MIRROR_PRIVATE) == 0)
			return 0;
	if (names.count == 0 ||
		(names.count == 1 && !strcmp(names.name[0], "lost+found")))
		return 0;
	return err_set(e, ERR_CONFLICT,
		"'%s' is neither empty nor a mirror: name another directory", m->path);
}

/* What an earlier run wrote and did not place. */
static int sweep(int scratch_fd, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(scratch_fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (strncmp(names.name[i], NEW, sizeof(NEW) - 1) == 0 &&
			unlinkat(scratch_fd, names.name[i], 0) < 0)
			return err_sys(e, "cannot remove '%s'", names.name[i]);
	return 0;
}

static const struct mirrordest_ops ops = {
	.read = read_file,
	.open = open_file,
	.has = has_file,
	.write = write_file,
	.put = put_file,
	.same = same_file,
	.remove = remove_file,
	.walk = walk_dir,
	.sync = sync_dir,
	.flip = flip,
	.room = room_of,
	.close = close_dir,
};

static int claim(struct mirrordir *m, struct err *e)
{
	if (fs_mkdirs(m->fd, MIRROR_PRIVATE, 0700, e) < 0 ||
		fs_mkdirs(m->fd, SCRATCH, 0700, e) < 0)
		return -1;
	m->lock_fd = fs_lock(m->fd, LOCK, 0, e);
	if (m->lock_fd < 0)
		return -1;
	m->dest.scratch_fd = fs_open_dir_at(m->fd, SCRATCH, e);
	return m->dest.scratch_fd < 0 ? -1 : sweep(m->dest.scratch_fd, e);
}

int mirrordir_open(
	const char *path, bool look_only, struct mirrordest **out, struct err *e)
{
	auto_mirrordest struct mirrordest *d = NULL;
	struct mirrordir *m = xcalloc(1, sizeof(*m));

	m->fd = m->lock_fd = m->dest.scratch_fd = -1;
	m->dest.ops = &ops;
	m->dest.has_switch = true;
	m->path = xstrdup(path);
	d = &m->dest;
	if (!look_only && mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "cannot make the directory '%s'", path);
	m->fd = fs_open_dir(path, e);
	if (m->fd < 0 && !(look_only && e->code == ERR_NOTFOUND))
		return -1;
	if (m->fd >= 0 && (check_ours(m, e) < 0 || (!look_only && claim(m, e) < 0)))
		return -1;
	*out = STEAL(d);
	return 0;
}
