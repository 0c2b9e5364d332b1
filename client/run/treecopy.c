#include "client/run/treecopy.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define DEPTH_MAX       1000
#define XATTR_NAMES_MAX (64U << 10)
#define XATTR_VALUE_MAX (64U << 10)

/* A file of several names, and its first one in the copy. */
struct link {
	dev_t dev;
	ino_t ino;
	char *path; /* below the copy's top */
};

struct copying {
	int top_fd; /* the copy's directory, -1 until it is made */
	bool plain;
	char path[PATH_MAX];
	size_t len, depth;
	struct link *link;
	size_t links, room;
	char *names, *value; /* of extended attributes */
};

static int failed(const struct copying *c, const char *what, struct err *e)
{
	return err_sys(e, "cannot %s '/%s'", what, c->path);
}

static int copy_xattrs(const struct copying *c, int from, int to, struct err *e)
{
	ssize_t len = flistxattr(from, c->names, XATTR_NAMES_MAX);

	if (len < 0)
		return errno == ENOTSUP ? 0 : failed(c, "read the attributes of", e);
	for (const char *name = c->names; name < c->names + len;
		name += strlen(name) + 1) {
		ssize_t n = fgetxattr(from, name, c->value, XATTR_VALUE_MAX);

		if (n < 0 || fsetxattr(to, name, c->value, (size_t)n, 0) < 0)
			return failed(c, "copy the attributes of", e);
	}
	return 0;
}

/* Behind the content: a change of owner takes setuid bits and capabilities away. */
static int finish(
	const struct copying *c, int from, int to, const struct stat *st, struct err *e)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };

	if (!c->plain && fchown(to, st->st_uid, st->st_gid) < 0)
		return failed(c, "set the owner of", e);
	if (fchmod(to, st->st_mode & (c->plain ? 0777 : 07777)) < 0)
		return failed(c, "set the mode of", e);
	if (!c->plain && copy_xattrs(c, from, to, e) < 0)
		return -1;
	return futimens(to, times) < 0 ? failed(c, "set the times of", e) : 0;
}

/* ---- names of one file */

static const char *known_link(const struct copying *c, const struct stat *st)
{
	for (size_t i = 0; i < c->links; i++)
		if (c->link[i].ino == st->st_ino && c->link[i].dev == st->st_dev)
			return c->link[i].path;
	return NULL;
}

static void remember_link(struct copying *c, const struct stat *st)
{
	if (c->links == c->room) {
		c->room = c->room ? 2 * c->room : 64;
		c->link = xrealloc(c->link, c->room * sizeof(*c->link));
	}
	c->link[c->links++] = (struct link){ st->st_dev, st->st_ino, xstrdup(c->path) };
}

/* ---- one entry */

static int copy_file(struct copying *c, int from_dir, int to_dir, const char *from,
	const char *to, const struct stat *st, struct err *e)
{
	const char *same = st->st_nlink > 1 ? known_link(c, st) : NULL;
	auto_fd int in = -1, out = -1;

	if (same && c->top_fd >= 0) {
		if (linkat(c->top_fd, same, to_dir, to, 0) < 0)
			return failed(c, "link", e);
		return 0;
	}
	in = openat(from_dir, from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	out = openat(
		to_dir, to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (in < 0 || out < 0)
		return failed(c, "copy", e);
	if (ioctl(out, FICLONE, in) < 0 && fs_copy_fd(in, out, -1, e) < 0)
		return err_wrap(e, "cannot copy '/%s'", c->path);
	if (st->st_nlink > 1)
		remember_link(c, st);
	return finish(c, in, out, st, e);
}

/* Of what has no descriptor: owner and times. */
static int finish_name(const struct copying *c, int to_dir, const char *to,
	const struct stat *st, struct err *e)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };

	if (!c->plain &&
		fchownat(to_dir, to, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(c, "set the owner of", e);
	return utimensat(to_dir, to, times, AT_SYMLINK_NOFOLLOW) < 0
		       ? failed(c, "set the times of", e)
		       : 0;
}

static int copy_symlink(const struct copying *c, int from_dir, int to_dir,
	const char *from, const char *to, const struct stat *st, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_dir, from, target, sizeof(target) - 1);

	if (n < 0)
		return failed(c, "read the link", e);
	target[n] = '\0';
	if (symlinkat(target, to_dir, to) < 0)
		return failed(c, "copy", e);
	return finish_name(c, to_dir, to, st, e);
}

/* A FIFO, or a whiteout: the mark that a name of the image is gone. */
static int copy_node(const struct copying *c, int to_dir, const char *to,
	const struct stat *st, struct err *e)
{
	if (S_ISSOCK(st->st_mode) || (S_ISCHR(st->st_mode) && c->plain) ||
		(S_ISCHR(st->st_mode) && st->st_rdev != 0) || S_ISBLK(st->st_mode))
		return 0;
	if (mknodat(to_dir, to, st->st_mode, st->st_rdev) < 0)
		return failed(c, "copy", e);
	return finish_name(c, to_dir, to, st, e);
}

static int copy_entry(struct copying *c, int from_dir, int to_dir, const char *from,
	const char *to, struct err *e);

static int copy_below(struct copying *c, int from, int to, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	size_t len = c->len;

	if (++c->depth > DEPTH_MAX)
		return err_set(e, ERR_LIMIT, "'/%s' is more than %d directories deep",
			c->path, DEPTH_MAX);
	if (fs_list_dir(from, ".", &names, e) < 0)
		return err_wrap(e, "cannot read '/%s'", c->path);
	for (size_t i = 0; i < names.count; i++) {
		int n = snprintf(c->path + len, sizeof(c->path) - len, "%s%s",
			len ? "/" : "", names.name[i]);

		if ((size_t)n >= sizeof(c->path) - len)
			return err_set(e, ERR_LIMIT, "a path is too long");
		c->len = len + (size_t)n;
		if (copy_entry(c, from, to, names.name[i], names.name[i], e) < 0)
			return -1;
	}
	c->len = len;
	c->path[len] = '\0';
	c->depth--;
	return 0;
}

static int copy_dir(struct copying *c, int from_dir, int to_dir, const char *from,
	const char *to, const struct stat *st, struct err *e)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	auto_fd int in = openat(from_dir, from, flags), out = -1;
	bool is_top = c->top_fd < 0;
	int rc;

	if (in < 0 || mkdirat(to_dir, to, 0700) < 0)
		return failed(c, "copy", e);
	out = openat(to_dir, to, flags);
	if (out < 0)
		return failed(c, "open", e);
	if (is_top)
		c->top_fd = out;
	rc = copy_below(c, in, out, e);
	if (is_top)
		c->top_fd = -1;
	return rc < 0 ? -1 : finish(c, in, out, st, e);
}

static int copy_entry(struct copying *c, int from_dir, int to_dir, const char *from,
	const char *to, struct err *e)
{
	struct stat st;

	if (fstatat(from_dir, from, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(c, "look at", e);
	if (S_ISDIR(st.st_mode))
		return copy_dir(c, from_dir, to_dir, from, to, &st, e);
	if (S_ISREG(st.st_mode))
		return copy_file(c, from_dir, to_dir, from, to, &st, e);
	if (S_ISLNK(st.st_mode))
		return copy_symlink(c, from_dir, to_dir, from, to, &st, e);
	return copy_node(c, to_dir, to, &st, e);
}

/* Two descriptors a level. */
static void allow_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
}

int treecopy(int from_dir, const char *from, int to_dir, const char *to,
	enum treecopy_how how, struct err *e)
{
	auto_free struct copying *c = xcalloc(1, sizeof(*c));
	auto_free char *names = xmalloc(XATTR_NAMES_MAX);
	auto_free char *value = xmalloc(XATTR_VALUE_MAX);
	int rc;

	allow_descriptors();
	c->top_fd = -1;
	c->plain = how == TREECOPY_PLAIN;
	c->names = names;
	c->value = value;
	rc = copy_entry(c, from_dir, to_dir, from, to, e);
	for (size_t i = 0; i < c->links; i++)
		free(c->link[i].path);
	free(c->link);
	return rc;
}
