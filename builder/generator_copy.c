#include "builder/generator_copy.h"

#include "builder/inroot.h"

#include "lib/base/fs.h"
#include "lib/base/relpath.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>

#define STEP      (256U << 10)
#define DEPTH_MAX 64

struct copying {
	const struct copy_order *order;
	struct hasher hash;
	struct err *e;
};

/* ---- one file */

static int copy_bytes(struct copying *c, int from, int to, const char *name)
{
	auto_free unsigned char *step = xmalloc(STEP);

	for (;;) {
		ssize_t n = read(from, step, STEP);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(c->e, "cannot read '%s'", name);
		if (n == 0)
			return 0;
		hasher_add(&c->hash, step, (size_t)n);
		if (fs_write_all(to, step, (size_t)n, c->e) < 0)
			return err_wrap(c->e, "cannot write the copy of '%s'", name);
	}
}

static int copy_file(struct copying *c, int dir, const char *name, const char *to)
{
	int root = c->order->root_dir;
	auto_fd int from = openat(dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	auto_fd int parent = -1, fd = -1;

	if (from < 0)
		return err_sys(c->e, "cannot open '%s'", name);
	parent = inroot_make_parent(root, to, c->e);
	if (parent < 0)
		return -1;
	fd = inroot_open(root, to, O_WRONLY | O_CREAT | O_NONBLOCK, 0644, c->e);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, 0) < 0)
		return err_sys(c->e, "cannot empty '%s'", to);
	if (copy_bytes(c, from, fd, name) < 0)
		return -1;
	return access_apply(c->order->access, fd, c->e);
}

/* The link itself; what it replaces goes. */
static int copy_link(struct copying *c, int dir, const char *name, const char *to)
{
	char target[RELPATH_MAX + 1];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);
	const char *slash = strrchr(to, '/');
	const char *base = slash ? slash + 1 : to;
	auto_fd int parent = -1;

	if (n < 0)
		return err_sys(c->e, "cannot read link '%s'", name);
	target[n] = '\0';
	hasher_add(&c->hash, target, (size_t)n + 1);
	parent = inroot_make_parent(c->order->root_dir, to, c->e);
	if (parent < 0)
		return -1;
	if (unlinkat(parent, base, 0) < 0 && errno != ENOENT)
		return err_sys(c->e, "cannot replace '%s'", to);
	if (symlinkat(target, parent, base) < 0)
		return err_sys(c->e, "cannot make link '%s'", to);
	return 0;
}

/* ---- a directory's contents */

static int make_dir(struct copying *c, const char *to)
{
	if (!*to || inroot_exists(c->order->root_dir, to))
		return 0;

	auto_fd int parent = inroot_make_parent(c->order->root_dir, to, c->e);
	const char *slash = strrchr(to, '/');

	if (parent < 0)
		return -1;
	return fs_mkdirs(parent, slash ? slash + 1 : to, 0755, c->e);
}

static char *joined(const char *dir, const char *name)
{
	return *dir ? xasprintf("%s/%s", dir, name) : xstrdup(name);
}

static int copy_dir(struct copying *c, int dir, const char *to, unsigned int depth);

/* What is neither file, link nor directory stays behind. */
static int copy_member(
	struct copying *c, int dir, const char *name, const char *to, unsigned int depth)
{
	auto_fd int below = -1;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(c->e, "cannot look at '%s'", name);
	if (S_ISREG(st.st_mode))
		return copy_file(c, dir, name, to);
	if (S_ISLNK(st.st_mode))
		return copy_link(c, dir, name, to);
	if (!S_ISDIR(st.st_mode))
		return 0;
	below = fs_open_dir_at(dir, name, c->e);
	return below < 0 ? -1 : copy_dir(c, below, to, depth + 1);
}

static int copy_dir(struct copying *c, int dir, const char *to, unsigned int depth)
{
	auto_names struct fs_names names = { 0 };

	if (depth > DEPTH_MAX)
		return err_set(c->e, ERR_LIMIT, "'%s' is more than %d directories deep",
			to, DEPTH_MAX);
	if (make_dir(c, to) < 0 || fs_list_dir(dir, ".", &names, c->e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		auto_free char *path = joined(to, names.name[i]);

		hasher_add(&c->hash, path, strlen(path) + 1);
		if (copy_member(c, dir, names.name[i], path, depth) < 0)
			return -1;
	}
	return 0;
}

/* ---- what is named */

/* One match; a link is followed to see what it is, and copied as a link all the same. */
static int copy_match(
	struct copying *c, int dir, const char *name, const char *to, bool into)
{
	auto_free char *inside = into ? joined(to, name) : xstrdup(to);
	auto_fd int below = -1;
	struct stat st;

	if (fstatat(dir, name, &st, 0) < 0)
		return err_sys(c->e, "cannot look at '%s'", name);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return err_set(
			c->e, ERR_RECIPE, "'%s' is neither a file nor a directory", name);
	if (!S_ISDIR(st.st_mode))
		return copy_member(c, dir, name, inside, 0);
	below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (below < 0)
		return err_sys(c->e, "cannot open '%s'", name);
	return copy_dir(c, below, to, 0);
}

static int copy_matches(
	struct copying *c, int dir, const char *pattern, const char *to, bool into)
{
	auto_names struct fs_names names = { 0 };
	size_t count = 0;

	if (fs_list_dir(dir, ".", &names, c->e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (strcmp(names.name[i], pattern) == 0 ||
			fnmatch(pattern, names.name[i], 0) == 0) {
			char *swap = names.name[count];

			names.name[count++] = names.name[i];
			names.name[i] = swap;
		}
	if (count == 0)
		return err_set(
			c->e, ERR_RECIPE, "nothing matches '%s'", c->order->source);
	for (size_t i = 0; i < count; i++) {
		if (count > 1)
			hasher_add(&c->hash, names.name[i], strlen(names.name[i]) + 1);
		if (copy_match(c, dir, names.name[i], to, into || count > 1) < 0)
			return -1;
	}
	return 0;
}

/* Where it goes inside the tree, without slashes at the ends ("": its root); into: into a
 * directory. The caller's to free; NULL: outside. */
static char *destination(const struct copy_order *o, bool *into, struct err *e)
{
	const char *text = *o->path ? o->path : o->source;
	size_t len = strlen(text);
	auto_free char *to = NULL;
	struct relpath checked;

	*into = *o->path && text[len - 1] == '/';
	while (len > 0 && text[len - 1] == '/')
		len--;
	for (; len > 0 && *text == '/'; len--)
		text++;
	to = xasprintf("%.*s", (int)len, text);
	if (*to && relpath_parse(to, &checked, e) < 0)
		return NULL;
	return STEAL(to);
}

static int copy(struct copying *c)
{
	const struct copy_order *o = c->order;
	const char *begin = *o->source == '/' ? "" : o->recipe_dir;
	auto_free char *full = xasprintf("%s/%s", begin, o->source);
	auto_fd int dir = -1;
	bool into;
	auto_free char *to = destination(o, &into, c->e);
	char *slash;

	if (!to)
		return -1;
	for (size_t len = strlen(full); len > 1 && full[len - 1] == '/'; len--)
		full[len - 1] = '\0';
	slash = strrchr(full, '/');
	*slash = '\0';
	dir = open(slash == full ? "/" : full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(c->e, "cannot open '%s'", full);
	return copy_matches(c, dir, slash + 1, to, into);
}

int generator_copy(const struct copy_order *o, struct digest *sha256, struct err *e)
{
	struct copying c = { .order = o, .e = e };
	int rc;

	hasher_init(&c.hash);
	rc = copy(&c);
	*sha256 = hasher_final(&c.hash);
	return rc;
}
