#include "lib/base/tree.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define WORKING_MODE 0700 /* of a directory that is still being filled */
#define IMPLIED_MODE 0755 /* of one that has no entry of its own */
#define ACLS         "system.posix_acl_"

/* What a directory gets at the end. */
struct pending {
	char *path; /* "" for the root */
	size_t number;
	bool has_meta; /* else it was only implied by a path */
	struct tree_meta meta;
};

struct tree {
	int root_fd; /* borrowed */
	unsigned int flags;
	int dir_fd; /* the directory of the last entry; -1: none yet */
	char *dir_path;
	struct pending *pending;
	size_t pending_count, pending_room;
	uint64_t *written; /* hashes of the regular files; 0 is an empty slot */
	size_t written_count, written_room;
	uint64_t seed;
};

static int entry_sys(const char *path, const char *what, struct err *e)
{
	return err_sys(e, "cannot %s '%s'", what, path);
}

int tree_open(int root_fd, unsigned int flags, struct tree **out, struct err *e)
{
	struct tree *t;
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return err_sys(e, "cannot get random bytes");
	t = xcalloc(1, sizeof(*t));
	t->root_fd = root_fd;
	t->flags = flags;
	t->dir_fd = -1;
	t->seed = seed;
	*out = t;
	return 0;
}

static void meta_release(struct tree_meta *m)
{
	for (size_t i = 0; i < m->xattr_count; i++) {
		free((void *)(uintptr_t)m->xattrs[i].name);
		free((void *)(uintptr_t)m->xattrs[i].value);
	}
	free((void *)(uintptr_t)m->xattrs);
}

void tree_release(struct tree **slot)
{
	struct tree *t = *slot;
	int saved = errno;

	if (!t)
		return;
	for (size_t i = 0; i < t->pending_count; i++) {
		meta_release(&t->pending[i].meta);
		free(t->pending[i].path);
	}
	free(t->pending);
	free(t->written);
	free(t->dir_path);
	if (t->dir_fd >= 0)
		close(t->dir_fd);
	free(t);
	*slot = NULL;
	errno = saved;
}

/* ---- which files are ours: a set of hashes, so that memory stays small and bounded */

static uint64_t hash_path(const struct tree *t, const struct relpath *p)
{
	uint64_t h = t->seed ^ 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < p->len; i++)
		h = (h ^ (unsigned char)p->text[i]) * 0x100000001b3ULL;
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
	h ^= h >> 29;
	return h ? h : 1;
}

/* The slot that holds hash, or the empty one where it belongs. */
static uint64_t *written_slot(uint64_t *set, size_t room, uint64_t hash)
{
	size_t i = hash & (room - 1);

	while (set[i] != 0 && set[i] != hash)
		i = (i + 1) & (room - 1);
	return &set[i];
}

static void written_grow(struct tree *t)
{
	size_t room = t->written_room ? t->written_room * 2 : 1024;
	uint64_t *set = xcalloc(room, sizeof(*set));

	for (size_t i = 0; i < t->written_room; i++)
		if (t->written[i])
			*written_slot(set, room, t->written[i]) = t->written[i];
	free(t->written);
	t->written = set;
	t->written_room = room;
}

static void written_add(struct tree *t, const struct relpath *p)
{
	uint64_t hash = hash_path(t, p);
	uint64_t *slot;

	if (t->written_count >= t->written_room / 2)
		written_grow(t);
	slot = written_slot(t->written, t->written_room, hash);
	if (*slot == 0)
		t->written_count++;
	*slot = hash;
}

static bool written_has(const struct tree *t, const struct relpath *p)
{
	return t->written_room &&
	       *written_slot(t->written, t->written_room, hash_path(t, p));
}

/* ---- directories */

static struct tree_meta meta_copy(const struct tree_meta *m)
{
	struct tree_meta copy = *m;
	struct tree_xattr *x = xcalloc(m->xattr_count, sizeof(*x));

	for (size_t i = 0; i < m->xattr_count; i++) {
		void *value = xmalloc(m->xattrs[i].len);

		if (m->xattrs[i].len)
			memcpy(value, m->xattrs[i].value, m->xattrs[i].len);
		x[i] = (struct tree_xattr){ .name = xstrdup(m->xattrs[i].name),
			.value = value,
			.len = m->xattrs[i].len };
	}
	copy.xattrs = x;
	return copy;
}

static void pending_add(
	struct tree *t, const char *path, size_t len, const struct tree_meta *m)
{
	struct pending *p;

	if (t->pending_count == t->pending_room) {
		t->pending_room = t->pending_room ? t->pending_room * 2 : 64;
		t->pending = xrealloc(t->pending, t->pending_room * sizeof(*t->pending));
	}
	p = &t->pending[t->pending_count];
	*p = (struct pending){ .number = t->pending_count, .has_meta = m != NULL };
	p->path = xmalloc(len + 1);
	memcpy(p->path, path, len);
	p->path[len] = '\0';
	if (m)
		p->meta = meta_copy(m);
	t->pending_count++;
}

int tree_root(struct tree *t, const struct tree_meta *m, struct err *e)
{
	(void)e;
	pending_add(t, "", 0, m);
	return 0;
}

static int open_dir(const struct tree *t, const char *path, struct err *e)
{
	return fs_open_beneath(
		t->root_fd, *path ? path : ".", O_PATH | O_DIRECTORY, 0, e);
}

/* A path whose parents have no entries of their own makes them. */
static int make_implied(struct tree *t, const char *path, struct err *e)
{
	for (size_t n = 0;; n++) {
		auto_free char *part = NULL;

		n += strcspn(path + n, "/");
		part = xasprintf("%.*s", (int)n, path);
		if (mkdirat(t->root_fd, part, WORKING_MODE) == 0)
			pending_add(t, part, n, NULL);
		else if (errno != EEXIST)
			return entry_sys(path, "make directory", e);
		else {
			/* Refuses a link before the next component would follow it. */
			auto_fd int fd = open_dir(t, part, e);

			if (fd < 0)
				return -1;
		}
		if (path[n] == '\0')
			return 0;
	}
}

/* The descriptor of the directory that holds p, cached: a tree in order opens each
 * directory once. */
static int enter_parent(struct tree *t, const struct relpath *p, struct err *e)
{
	size_t len = (size_t)(relpath_base(p) - p->text);
	struct err why;
	char *path;
	int fd;

	if (len > 0)
		len--;
	if (t->dir_fd >= 0 && strlen(t->dir_path) == len &&
		memcmp(t->dir_path, p->text, len) == 0)
		return t->dir_fd;

	path = xasprintf("%.*s", (int)len, p->text);
	fd = open_dir(t, path, &why);
	if (fd < 0 && why.sys == ENOENT && make_implied(t, path, &why) == 0)
		fd = open_dir(t, path, &why);
	if (fd < 0) {
		free(path);
		*e = why;
		return err_wrap(e, "cannot write '%s'", p->text);
	}
	if (t->dir_fd >= 0)
		close(t->dir_fd);
	free(t->dir_path);
	t->dir_fd = fd;
	t->dir_path = path;
	return fd;
}

/* Makes way for an entry that is not a directory. */
static int clear_way(
	const struct tree *t, int dir_fd, const struct relpath *p, struct err *e)
{
	const char *name = relpath_base(p);

	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EISDIR && t->flags & TREE_REPLACE)
		return fs_remove_tree(dir_fd, name, e);
	if (errno == EISDIR)
		return err_set(e, ERR_PARSE,
			"cannot write '%s': a directory has this name", p->text);
	return entry_sys(p->text, "replace", e);
}

int tree_dir(
	struct tree *t, const struct relpath *p, const struct tree_meta *m, struct err *e)
{
	int dir_fd = enter_parent(t, p, e);
	const char *name = relpath_base(p);
	struct stat st;

	if (dir_fd < 0)
		return -1;
	if (mkdirat(dir_fd, name, WORKING_MODE) < 0) {
		if (errno != EEXIST)
			return entry_sys(p->text, "make directory", e);
		if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return entry_sys(p->text, "examine", e);
		if (!S_ISDIR(st.st_mode) && !(t->flags & TREE_REPLACE))
			return err_set(e, ERR_PARSE,
				"cannot make directory '%s': something else has this "
				"name",
				p->text);
		if (!S_ISDIR(st.st_mode) &&
			(unlinkat(dir_fd, name, 0) < 0 ||
				mkdirat(dir_fd, name, WORKING_MODE) < 0))
			return entry_sys(p->text, "replace", e);
	}
	pending_add(t, p->text, p->len, m);
	return 0;
}

/* ---- meta */

static void times_of(const struct tree_meta *m, struct timespec out[2])
{
	out[0] = out[1] = (struct timespec){ .tv_sec = m->mtime_s };
}

bool tree_attribute_names_ids(const char *name)
{
	return strncmp(name, ACLS, sizeof(ACLS) - 1) == 0;
}

static int set_xattrs(const struct tree *t, int fd, const char *path,
	const struct tree_meta *m, struct err *e)
{
	for (size_t i = 0; i < m->xattr_count; i++) {
		const struct tree_xattr *x = &m->xattrs[i];

		if (t->flags & TREE_NO_CHOWN && tree_attribute_names_ids(x->name))
			continue;
		if (fsetxattr(fd, x->name, x->value, x->len, 0) < 0)
			return err_sys(
				e, "cannot set attribute '%s' of '%s'", x->name, path);
	}
	return 0;
}

static bool is_foreign(
	const struct tree *t, const struct stat *st, const struct tree_meta *m)
{
	return !(t->flags & TREE_NO_CHOWN) &&
	       (st->st_uid != m->uid || st->st_gid != m->gid);
}

/* What is as it should be is not set again: most files of a tree have its writer's ids and
 * the mode they were made with, and looking costs a tenth of setting. */
static int set_meta_fd(const struct tree *t, int fd, const char *path,
	const struct tree_meta *m, struct err *e)
{
	struct timespec times[2];
	struct stat st;
	bool foreign;

	if (fstat(fd, &st) < 0)
		return entry_sys(path, "examine", e);
	foreign = is_foreign(t, &st, m);
	/* Owner first: a change of owner clears setuid bits and capabilities. The mode
	 * after the xattrs: user.* needs write permission, and an ACL brings group bits.
	 */
	if (foreign && fchown(fd, m->uid, m->gid) < 0)
		return entry_sys(path, "set the owner of", e);
	if (set_xattrs(t, fd, path, m, e) < 0)
		return -1;
	if ((foreign || m->xattr_count > 0 ||
		    (st.st_mode & 07777) != (m->mode & 07777)) &&
		fchmod(fd, m->mode & 07777) < 0)
		return entry_sys(path, "set the mode of", e);
	times_of(m, times);
	if (futimens(fd, times) < 0)
		return entry_sys(path, "set the time of", e);
	return 0;
}

/* For what has no descriptor: symbolic links (which have no mode) and fifos. */
static int set_meta_at(const struct tree *t, int dir_fd, const struct relpath *p,
	const struct tree_meta *m, bool has_mode, struct err *e)
{
	const char *name = relpath_base(p);
	struct timespec times[2];
	struct stat st;

	if (m->xattr_count > 0)
		return err_set(e, ERR_PARSE,
			"cannot set attribute '%s' of '%s': only files and directories "
			"have any",
			m->xattrs[0].name, p->text);
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return entry_sys(p->text, "examine", e);
	if (is_foreign(t, &st, m) &&
		fchownat(dir_fd, name, m->uid, m->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return entry_sys(p->text, "set the owner of", e);
	if (has_mode && fchmodat(dir_fd, name, m->mode & 07777, 0) < 0)
		return entry_sys(p->text, "set the mode of", e);
	times_of(m, times);
	if (utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return entry_sys(p->text, "set the time of", e);
	return 0;
}

/* ---- everything that is not a directory */

int tree_symlink(struct tree *t, const struct relpath *p, const char *target,
	const struct tree_meta *m, struct err *e)
{
	int dir_fd = enter_parent(t, p, e);
	const char *name = relpath_base(p);

	if (dir_fd < 0)
		return -1;
	if (symlinkat(target, dir_fd, name) < 0) {
		if (errno != EEXIST)
			return entry_sys(p->text, "make symbolic link", e);
		if (clear_way(t, dir_fd, p, e) < 0)
			return -1;
		if (symlinkat(target, dir_fd, name) < 0)
			return entry_sys(p->text, "make symbolic link", e);
	}
	return set_meta_at(t, dir_fd, p, m, false, e);
}

int tree_fifo(
	struct tree *t, const struct relpath *p, const struct tree_meta *m, struct err *e)
{
	int dir_fd = enter_parent(t, p, e);
	const char *name = relpath_base(p);

	if (dir_fd < 0)
		return -1;
	if (mkfifoat(dir_fd, name, 0600) < 0) {
		if (errno != EEXIST)
			return entry_sys(p->text, "make fifo", e);
		if (clear_way(t, dir_fd, p, e) < 0)
			return -1;
		if (mkfifoat(dir_fd, name, 0600) < 0)
			return entry_sys(p->text, "make fifo", e);
	}
	return set_meta_at(t, dir_fd, p, m, true, e);
}

/* A descriptor of the target's own directory; fails unless target is a regular file that
 * this tree wrote. */
static int open_target_dir(const struct tree *t, const struct relpath *p,
	const struct relpath *target, struct err *e)
{
	auto_free char *path = NULL;
	auto_fd int fd = -1;
	struct stat st;

	if (!written_has(t, target))
		return err_set(e, ERR_PARSE,
			"cannot link '%s': '%s' is no file that came before", p->text,
			target->text);
	path = xasprintf(
		"%.*s", (int)(relpath_base(target) - target->text), target->text);
	if (*path)
		path[strlen(path) - 1] = '\0';
	fd = open_dir(t, path, e);
	if (fd < 0)
		return err_wrap(e, "cannot link '%s'", p->text);
	if (fstatat(fd, relpath_base(target), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return entry_sys(target->text, "examine", e);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_PARSE, "cannot link '%s': '%s' is no regular file",
			p->text, target->text);
	return STEAL_FD(fd);
}

int tree_hardlink(struct tree *t, const struct relpath *p, const struct relpath *target,
	struct err *e)
{
	int dir_fd = enter_parent(t, p, e);
	const char *name = relpath_base(p), *from = relpath_base(target);
	auto_fd int target_fd = -1;

	if (dir_fd < 0)
		return -1;
	if (strcmp(p->text, target->text) == 0)
		return err_set(e, ERR_PARSE, "cannot link '%s' to itself", p->text);
	target_fd = open_target_dir(t, p, target, e);
	if (target_fd < 0)
		return -1;
	if (linkat(target_fd, from, dir_fd, name, 0) < 0) {
		if (errno != EEXIST)
			return entry_sys(p->text, "link", e);
		if (clear_way(t, dir_fd, p, e) < 0)
			return -1;
		if (linkat(target_fd, from, dir_fd, name, 0) < 0)
			return entry_sys(p->text, "link", e);
	}
	written_add(t, p);
	return 0;
}

int tree_adopt(struct tree *t, const struct relpath *p, int from_fd,
	const struct relpath *from, struct err *e)
{
	int dir_fd = enter_parent(t, p, e);
	auto_fd int holder_fd = -1;
	const char *slash = strrchr(from->text, '/');

	if (dir_fd < 0)
		return -1;
	if (slash) {
		auto_free char *dir =
			xasprintf("%.*s", (int)(slash - from->text), from->text);

		holder_fd = fs_open_beneath(from_fd, dir, O_RDONLY | O_DIRECTORY, 0, e);
		if (holder_fd < 0)
			return -1;
	}
	if (linkat(slash ? holder_fd : from_fd, relpath_base(from), dir_fd,
		    relpath_base(p), 0) < 0) {
		if (errno == EMLINK || errno == EXDEV || errno == EPERM)
			return 0;
		return entry_sys(p->text, "link", e);
	}
	written_add(t, p);
	return 1;
}

int tree_file_begin(struct tree *t, const struct relpath *p, mode_t mode, struct err *e)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int dir_fd = enter_parent(t, p, e);
	const char *name = relpath_base(p);
	int fd;

	if (dir_fd < 0)
		return -1;
	fd = openat(dir_fd, name, flags, mode & 0777);
	if (fd < 0 && errno == EEXIST) {
		if (clear_way(t, dir_fd, p, e) < 0)
			return -1;
		fd = openat(dir_fd, name, flags, mode & 0777);
	}
	return fd < 0 ? entry_sys(p->text, "create", e) : fd;
}

int tree_file_end(struct tree *t, int fd, const struct relpath *p,
	const struct tree_meta *m, struct err *e)
{
	if (set_meta_fd(t, fd, p->text, m, e) < 0)
		return -1;
	written_add(t, p);
	return 0;
}

/* ---- the end */

/* A parent's path sorts before its children's, so backwards is deepest first; of two
 * entries for one directory the later one comes first. */
static int compare_backwards(const void *a, const void *b)
{
	const struct pending *x = a, *y = b;
	int order = strcmp(y->path, x->path);

	if (order != 0)
		return order;
	if (x->has_meta != y->has_meta)
		return x->has_meta ? -1 : 1;
	return x->number > y->number ? -1 : 1;
}

static int finish_dir(const struct tree *t, const struct pending *p, struct err *e)
{
	auto_fd int fd = fs_open_dir_at(t->root_fd, *p->path ? p->path : ".", e);
	const char *name = *p->path ? p->path : ".";

	if (fd < 0)
		return -1;
	if (p->has_meta)
		return set_meta_fd(t, fd, name, &p->meta, e);
	if (fchmod(fd, IMPLIED_MODE) < 0)
		return entry_sys(name, "set the mode of", e);
	return 0;
}

int tree_finish(struct tree *t, struct err *e)
{
	if (t->pending_count)
		qsort(t->pending, t->pending_count, sizeof(*t->pending),
			compare_backwards);
	for (size_t i = 0; i < t->pending_count; i++) {
		if (i > 0 && strcmp(t->pending[i].path, t->pending[i - 1].path) == 0)
			continue;
		if (finish_dir(t, &t->pending[i], e) < 0)
			return -1;
	}
	return 0;
}
