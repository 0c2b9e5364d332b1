#include "builder/rootfs.h"

#include "lib/base/fs.h"
#include "lib/model/unpackpolicy.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define XATTR_LIST_MAX  65536
#define XATTR_VALUE_MAX 65535

struct scan {
	const struct packages *packages;
	size_t *source; /* of each package, a number in the order of their names */
	int64_t epoch_s;
	struct rootfs *out;
	struct err *e;
};

void rootfs_init(struct rootfs *r)
{
	*r = (struct rootfs){ 0 };
}

void rootfs_release(struct rootfs *r)
{
	arena_release(&r->arena);
	free(r->entry);
	*r = (struct rootfs){ 0 };
}

/* ---- one entry */

static char type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return '0';
	case S_IFLNK:
		return '2';
	case S_IFCHR:
		return '3';
	case S_IFBLK:
		return '4';
	case S_IFDIR:
		return '5';
	case S_IFIFO:
		return '6';
	default:
		return 0;
	}
}

static int add_xattr(struct scan *s, const char *proc_path, const char *name,
	struct manifest_entry *m, struct manifest_xattr *list)
{
	static const size_t size = XATTR_VALUE_MAX;
	auto_free char *value = xmalloc(size);
	ssize_t n = lgetxattr(proc_path, name, value, size);

	if (n < 0)
		return err_sys(s->e, "cannot read attribute '%s' of '%s'", name, m->path);
	list[m->xattr_count].name = arena_strdup(&s->out->arena, name);
	list[m->xattr_count].value =
		(const unsigned char *)arena_strndup(&s->out->arena, value, (size_t)n);
	list[m->xattr_count++].len = (uint16_t)n;
	return 0;
}

static int by_xattr_name(const void *a, const void *b)
{
	const struct manifest_xattr *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* The host's labels stay behind: only what a client would accept goes along. */
static int read_xattrs(
	struct scan *s, int dir_fd, const char *name, struct manifest_entry *m)
{
	auto_free char *path = xasprintf("/proc/self/fd/%d/%s", dir_fd, name);
	auto_free char *names = xmalloc(XATTR_LIST_MAX);
	ssize_t len = llistxattr(path, names, XATTR_LIST_MAX);
	struct manifest_xattr *list;

	if (len < 0 && (errno == ENOTSUP || errno == ENODATA))
		return 0;
	if (len < 0)
		return err_sys(s->e, "cannot list the attributes of '%s'", m->path);
	if (len == 0)
		return 0;
	list = arena_array(&s->out->arena, TAR_XATTR_MAX, sizeof(*list));
	for (const char *n = names; n < names + len; n += strlen(n) + 1) {
		if (!unpack_xattr_is_allowed(n))
			continue;
		if (m->xattr_count == TAR_XATTR_MAX)
			return err_set(s->e, ERR_LIMIT,
				"'%s' has more than %d attributes", m->path,
				TAR_XATTR_MAX);
		if (add_xattr(s, path, n, m, list) < 0)
			return -1;
	}
	if (m->xattr_count)
		qsort(list, m->xattr_count, sizeof(*list), by_xattr_name);
	m->xattr = list;
	return 0;
}

static int read_link(
	struct scan *s, int dir_fd, const char *name, struct manifest_entry *m)
{
	char target[RELPATH_MAX + 1];
	ssize_t n = readlinkat(dir_fd, name, target, sizeof(target));

	if (n < 0)
		return err_sys(s->e, "cannot read link '%s'", m->path);
	if ((size_t)n == sizeof(target))
		return err_set(
			s->e, ERR_LIMIT, "the target of '%s' is too long", m->path);
	m->link = arena_strndup(&s->out->arena, target, (size_t)n);
	return 0;
}

static struct rootfs_entry *new_entry(struct rootfs *r)
{
	if (r->count == r->room) {
		r->room = r->room ? r->room * 2 : 4096;
		r->entry = xrealloc(r->entry, r->room * sizeof(*r->entry));
	}
	r->entry[r->count] =
		(struct rootfs_entry){ .package = PACKAGE_NONE, .source = PACKAGE_NONE };
	return &r->entry[r->count++];
}

static void set_owner(const struct scan *s, const char *path, struct rootfs_entry *entry)
{
	entry->package = packages_owner(s->packages, path);
	if (entry->package != PACKAGE_NONE)
		entry->source = s->source[entry->package];
}

static int add_entry(struct scan *s, int dir_fd, const char *name, const char *path,
	const struct stat *st)
{
	struct rootfs_entry *entry;
	struct manifest_entry *m;
	int64_t mtime = st->st_mtim.tv_sec;

	if (s->out->count == MANIFEST_ENTRIES_MAX)
		return err_set(s->e, ERR_LIMIT, "the tree has more than %u entries",
			MANIFEST_ENTRIES_MAX);
	entry = new_entry(s->out);
	entry->dev = st->st_dev;
	entry->ino = st->st_ino;
	entry->links = S_ISDIR(st->st_mode) ? 1 : st->st_nlink;
	m = &entry->m;
	*m = (struct manifest_entry){ .type = type_of(st->st_mode),
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.mtime_s = mtime < s->epoch_s ? mtime : s->epoch_s,
		.path = arena_strdup(&s->out->arena, path),
		.link = "" };
	if (m->type == '0')
		m->size = (uint64_t)st->st_size;
	else if (m->type == '3' || m->type == '4')
		m->size = (uint64_t)major(st->st_rdev) << 32 | minor(st->st_rdev);
	else if (m->type == '2' && read_link(s, dir_fd, name, m) < 0)
		return -1;
	if (m->type == '2')
		m->mode = 0777;
	if (m->type != '5') {
		entry->made_here = mtime > s->epoch_s;
		set_owner(s, path, entry);
	}
	return m->type == '2' ? 0 : read_xattrs(s, dir_fd, name, m);
}

/* ---- the walk */

static bool is_left_empty(const char *path)
{
	static const char *const dirs[] = { "dev", "proc", "sys", "run", "tmp" };

	for (size_t i = 0; i < ARRAY_COUNT(dirs); i++)
		if (strcmp(path, dirs[i]) == 0)
			return true;
	return false;
}

static int walk(struct scan *s, int dir_fd, const char *path);

static int walk_child(struct scan *s, int dir_fd, const char *dir, const char *name)
{
	auto_free char *path = *dir ? xasprintf("%s/%s", dir, name) : xstrdup(name);
	auto_fd int child = -1;
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(s->e, "cannot look at '%s'", path);
	if (!type_of(st.st_mode)) {
		s->out->left_out++;
		return 0;
	}
	if (add_entry(s, dir_fd, name, path, &st) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode) || is_left_empty(path))
		return 0;
	child = fs_open_dir_at(dir_fd, name, s->e);
	return child < 0 ? -1 : walk(s, child, path);
}

static int walk(struct scan *s, int dir_fd, const char *path)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(dir_fd, ".", &names, s->e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (walk_child(s, dir_fd, path, names.name[i]) < 0)
			return -1;
	return 0;
}

/* ---- order and hard links */

static int in_order(const void *a, const void *b)
{
	const struct rootfs_entry *x = a, *y = b;
	bool dir_x = x->m.type == '5', dir_y = y->m.type == '5';

	if (dir_x != dir_y)
		return dir_x ? -1 : 1;
	if (x->made_here != y->made_here)
		return y->made_here ? -1 : 1;
	if (x->source != y->source)
		return x->source < y->source ? -1 : 1; /* PACKAGE_NONE is the largest */
	if (x->package != y->package)
		return x->package < y->package ? -1 : 1;
	return strcmp(x->m.path, y->m.path);
}

static int by_inode(const void *a, const void *b)
{
	const struct rootfs_entry *x = *(struct rootfs_entry *const *)a,
				  *y = *(struct rootfs_entry *const *)b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void make_hardlink(struct rootfs_entry *entry, const struct rootfs_entry *first)
{
	entry->m.type = '1';
	entry->m.link = first->m.path;
	entry->m.size = 0;
	entry->m.xattr_count = 0;
}

/* Of each set of names of one inode the first in tar order stays the file. */
static void link_sets(struct rootfs *r)
{
	auto_free struct rootfs_entry **several = xcalloc(r->count + 1, sizeof(void *));
	const struct rootfs_entry *first = NULL;
	size_t count = 0;

	for (size_t i = 0; i < r->count; i++)
		if (r->entry[i].links > 1 && r->entry[i].m.type == '0')
			several[count++] = &r->entry[i];
	if (count == 0)
		return;
	qsort(several, count, sizeof(void *), by_inode);
	for (size_t i = 0; i < count; i++) {
		if (first && first->dev == several[i]->dev &&
			first->ino == several[i]->ino)
			make_hardlink(several[i], first);
		else
			first = several[i];
	}
}

/* ---- which packages come of one source */

static int by_source(const void *a, const void *b)
{
	return strcmp((*(const struct package *const *)a)->source,
		(*(const struct package *const *)b)->source);
}

static void number_sources(struct scan *s)
{
	const struct packages *p = s->packages;
	auto_free const struct package **sorted = xcalloc(p->count + 1, sizeof(*sorted));
	size_t number = 0;

	s->source = arena_array(&s->out->arena, p->count + 1, sizeof(*s->source));
	for (size_t i = 0; i < p->count; i++)
		sorted[i] = &p->item[i];
	if (p->count)
		qsort(sorted, p->count, sizeof(*sorted), by_source);
	for (size_t i = 0; i < p->count; i++) {
		if (i > 0 && by_source(&sorted[i - 1], &sorted[i]) != 0)
			number++;
		s->source[sorted[i] - p->item] = number;
	}
}

int rootfs_scan(int root_dir, const struct packages *packages, int64_t epoch_s,
	struct rootfs *out, struct err *e)
{
	struct scan s = { .packages = packages, .epoch_s = epoch_s, .out = out, .e = e };
	struct stat st;

	if (fstat(root_dir, &st) < 0)
		return err_sys(e, "cannot look at the tree");
	number_sources(&s);
	if (add_entry(&s, root_dir, ".", "", &st) < 0 || walk(&s, root_dir, "") < 0)
		return err_wrap(e, "cannot read the tree");
	qsort(out->entry, out->count, sizeof(*out->entry), in_order);
	link_sets(out);
	return 0;
}
