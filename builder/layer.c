#include "builder/layer.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/stat.h>

#define PREFIX  ".wh."
#define OPAQUE  ".wh..wh..opq"
#define PRIVATE ".wh..wh." /* aufs kept its own things under such names */

struct hidden {
	const char *path; /* "" for the root */
	bool children_only;
};

void layer_release(struct layer *l)
{
	free(l->path);
	free(l->hidden);
	arena_release(&l->arena);
	*l = (struct layer){ .count = 0 };
}

/* ---- what it brings */

static void note_path(struct layer *l, const char *text)
{
	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 1024;
		l->path = xrealloc(l->path, l->room * sizeof(*l->path));
	}
	l->path[l->count++] = arena_strdup(&l->arena, text);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The path itself, or anything in it. */
static bool brings(const struct layer *l, const char *path)
{
	auto_free char *inside = xasprintf("%s/", path);
	size_t at = fs_names_lower_bound(l->path, l->count, path);

	if (at < l->count && strcmp(l->path[at], path) == 0)
		return true;
	at = fs_names_lower_bound(l->path, l->count, inside);
	return at < l->count && strncmp(l->path[at], inside, strlen(inside)) == 0;
}

/* ---- what it hides */

static void note_hidden(struct layer *l, const char *path, bool children_only)
{
	if (l->hidden_count == l->hidden_room) {
		l->hidden_room = l->hidden_room ? l->hidden_room * 2 : 64;
		l->hidden = xrealloc(l->hidden, l->hidden_room * sizeof(*l->hidden));
	}
	l->hidden[l->hidden_count++] =
		(struct hidden){ .path = path, .children_only = children_only };
}

int layer_entry(struct layer *l, const struct relpath *p, struct err *e)
{
	const char *base = relpath_base(p);
	int dir_len = (int)(base - p->text);
	struct relpath target;
	char *path;

	if (strncmp(base, PREFIX, strlen(PREFIX)) != 0) {
		note_path(l, p->text);
		return 0;
	}
	if (strcmp(base, OPAQUE) == 0) {
		note_hidden(l,
			arena_printf(
				&l->arena, "%.*s", dir_len ? dir_len - 1 : 0, p->text),
			true);
		return 1;
	}
	if (strncmp(base, PRIVATE, strlen(PRIVATE)) == 0)
		return 1;
	path = arena_printf(&l->arena, "%.*s%s", dir_len, p->text, base + strlen(PREFIX));
	if (relpath_parse(path, &target, e) < 0)
		return err_wrap(e, "'%s' hides nothing", p->text);
	note_hidden(l, path, false);
	return 1;
}

static int hide_children(const struct layer *l, int dir, const char *path, struct err *e);

static int hide_entry(
	const struct layer *l, int dir, const char *name, const char *path, struct err *e)
{
	struct stat st;
	auto_fd int inside = -1;

	if (!brings(l, path))
		return fs_remove_tree(dir, name, e);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	inside = fs_open_dir_at(dir, name, e);
	return inside < 0 ? -1 : hide_children(l, inside, path, e);
}

static int hide_children(const struct layer *l, int dir, const char *path, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(dir, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		auto_free char *child =
			xasprintf("%s%s%s", path, *path ? "/" : "", names.name[i]);

		if (hide_entry(l, dir, names.name[i], child, e) < 0)
			return -1;
	}
	return 0;
}

/* The directory that changes; -1 with ERR_NOTFOUND when no layer below has it. */
static int open_changed(const struct hidden *h, int root_dir, struct err *e)
{
	const char *slash = strrchr(h->path, '/');
	auto_free char *parent =
		xasprintf("%.*s", slash ? (int)(slash - h->path) : 0, h->path);
	const char *dir = h->children_only ? h->path : parent;

	return fs_open_beneath(root_dir, *dir ? dir : ".", O_RDONLY | O_DIRECTORY, 0, e);
}

static int hide(
	const struct layer *l, const struct hidden *h, int root_dir, struct err *e)
{
	const char *slash = strrchr(h->path, '/');
	auto_fd int dir = open_changed(h, root_dir, e);
	struct timespec times[2];
	struct stat st;
	int rc;

	if (dir < 0)
		return e->code == ERR_NOTFOUND || e->sys == ENOTDIR ? 0 : -1;
	if (fstat(dir, &st) < 0)
		return err_sys(e, "cannot look at the directory of '%s'", h->path);
	rc = h->children_only
		     ? hide_children(l, dir, h->path, e)
		     : hide_entry(l, dir, slash ? slash + 1 : h->path, h->path, e);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	if (rc == 0 && futimens(dir, times) < 0)
		return err_sys(
			e, "cannot set the time of the directory of '%s'", h->path);
	return rc;
}

int layer_hide(struct layer *l, int root_dir, struct err *e)
{
	if (l->count)
		qsort(l->path, l->count, sizeof(*l->path), by_bytes);
	for (size_t i = 0; i < l->hidden_count; i++)
		if (hide(l, &l->hidden[i], root_dir, e) < 0)
			return err_wrap(e, "cannot hide '%s'", l->hidden[i].path);
	return 0;
}
