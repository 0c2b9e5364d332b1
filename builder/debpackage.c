#include "builder/debpackage.h"

#include "builder/debfile.h"
#include "builder/packagedb.h"
#include "builder/stanza.h"

#include "lib/adapt/inflate.h"
#include "lib/base/fs.h"
#include "lib/model/unpackpolicy.h"

#include <fcntl.h>

#define COPY_STEP     (256U << 10)
#define LEAVING       "remove-on-upgrade "
#define CONTROL_CHARS "abcdefghijklmnopqrstuvwxyz0123456789-"

void debpackage_release(struct debpackage *p)
{
	arena_release(&p->arena);
	free(p->file);
	free(p->path);
}

const struct debcontrol_file *debpackage_file(
	const struct debpackage *p, const char *name)
{
	for (size_t i = 0; i < p->file_count; i++)
		if (strcmp(p->file[i].name, name) == 0)
			return &p->file[i];
	return NULL;
}

/* ---- one archive inside the package */

struct taking {
	struct debpackage *package;
	struct tar *tar;
	struct tree *tree;
	int root_dir;
	unsigned int merged;
	struct unpack_state state;
	struct unpack_entry entry;
	int (*take)(struct taking *t, struct err *e);
};

static int take_entry(struct taking *t, const struct tar_entry *raw, struct err *e)
{
	switch (unpack_judge(&t->state, raw, &t->entry, e)) {
	case UNPACK_KEEP:
		return t->take(t, e);
	case UNPACK_ROOT:
		t->entry.type = TAR_DIR;
		t->entry.path = (struct relpath){ .text = "", .len = 0 };
		return t->take(t, e);
	case UNPACK_SKIP:
		return err_set(
			e, ERR_PARSE, "'%s' is no file, directory or link", raw->path);
	case UNPACK_REFUSE:
		break;
	}
	return -1;
}

static int read_archive(struct taking *t, const char *member, struct err *e)
{
	auto_inflate struct inflate *inflate = NULL;
	auto_tar struct tar *tar = NULL;
	struct debfile_part part;
	struct reader in, plain;
	struct tar_entry raw;
	int rc;

	t->state = (struct unpack_state){ .limits = UNPACK_LIMITS_HARD };
	if (debfile_open(t->package->fd, t->package->plan->file, member, &part, e) < 0)
		return -1;
	in = debfile_reader(&part);
	if (inflate_open(&in, &inflate, e) < 0)
		return -1;
	plain = inflate_as_reader(inflate);
	if (tar_open(&plain, &tar, e) < 0)
		return -1;
	t->tar = tar;
	while ((rc = tar_next(tar, &raw, e)) > 0)
		if (take_entry(t, &raw, e) < 0)
			return -1;
	return rc;
}

/* ---- control.tar */

static int read_content(struct taking *t, struct bytes *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(DEBPACKAGE_CONTROL_MAX);
	ssize_t n;

	for (;;) {
		unsigned char *room = buf_reserve(&text, 65536);

		if (!room)
			return err_set(
				e, ERR_LIMIT, "'%s' is too large", t->entry.path.text);
		n = tar_read(t->tar, room, 65536, e);
		if (n <= 0)
			break;
		buf_grew(&text, (size_t)n);
	}
	if (n < 0)
		return -1;
	*out = bytes_of(
		arena_strndup(&t->package->arena, buf_str(&text), text.len), text.len);
	return 0;
}

static int take_control(struct taking *t, struct err *e)
{
	struct debpackage *p = t->package;
	const char *name = t->entry.path.text;
	struct debcontrol_file *f;

	if (t->entry.path.len == 0)
		return 0;
	if (t->entry.type != TAR_FILE || strspn(name, CONTROL_CHARS) != strlen(name))
		return err_set(e, ERR_PARSE, "its control archive holds '%s'", name);
	if (strcmp(name, "control") == 0)
		return read_content(t, &p->control, e);
	if (p->file_count == p->file_room) {
		p->file_room = p->file_room ? p->file_room * 2 : 16;
		p->file = xrealloc(p->file, p->file_room * sizeof(*p->file));
	}
	f = &p->file[p->file_count++];
	*f = (struct debcontrol_file){ .name = arena_strdup(&p->arena, name),
		.mode = t->entry.mode,
		.mtime_s = t->entry.mtime_s };
	return read_content(t, &f->content, e);
}

/* What it says of itself must be what the index said of it. */
static int check_control(struct debpackage *p, struct err *e)
{
	const struct debplan_package *x = p->plan;
	bool same = bytes_equal_str(stanza_get(p->control, "Multi-Arch"), "same");

	if (!bytes_equal_str(stanza_get(p->control, "Package"), x->name) ||
		!bytes_equal_str(stanza_get(p->control, "Version"), x->version) ||
		!bytes_equal_str(stanza_get(p->control, "Architecture"), x->arch))
		return err_set(
			e, ERR_UNTRUSTED, "it is not '%s' %s", x->name, x->version);
	p->id = same ? arena_printf(&p->arena, "%s:%s", x->name, x->arch) : x->name;
	return 0;
}

/* ---- data.tar */

/* A directory that is a link into usr/ here moves as what is in it does. */
static const char *real_path(struct taking *t, const char *path, bool is_dir)
{
	auto_free char *below = xasprintf("%s%s", path, is_dir ? "/" : "");

	return packagedb_is_moved(t->merged, below, strlen(below))
		       ? arena_printf(&t->package->arena, "usr/%s", path)
		       : path;
}

static int write_content(struct taking *t, const struct relpath *path,
	const struct tree_meta *meta, struct err *e)
{
	auto_free char *step = xmalloc(COPY_STEP);
	auto_fd int fd = tree_file_begin(t->tree, path, meta->mode, e);
	ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = tar_read(t->tar, step, COPY_STEP, e)) > 0)
		if (fs_write_all(fd, step, (size_t)n, e) < 0)
			return -1;
	return n < 0 ? -1 : tree_file_end(t->tree, fd, path, meta, e);
}

static int write_entry(struct taking *t, struct debpath *at, struct err *e)
{
	const struct unpack_entry *u = &t->entry;
	struct relpath path, link;

	if (relpath_parse(at->real, &path, e) < 0)
		return -1;
	at->was_there = fs_exists_at(t->root_dir, at->real);
	if (at->was_there && !at->is_dir)
		return err_set(e, ERR_PARSE, "something is there already");
	switch (u->type) {
	case TAR_DIR:
		return tree_dir(t->tree, &path, &at->meta, e);
	case TAR_SYMLINK:
		return tree_symlink(t->tree, &path, u->target, &at->meta, e);
	case TAR_HARDLINK:
		if (relpath_parse(real_path(t, u->link.text, false), &link, e) < 0)
			return -1;
		return tree_hardlink(t->tree, &path, &link, e);
	case TAR_FILE:
		return write_content(t, &path, &at->meta, e);
	default:
		return err_set(
			e, ERR_PARSE, "'%s' is no file, directory or link", at->path);
	}
}

static int take_data(struct taking *t, struct err *e)
{
	struct debpackage *p = t->package;
	const struct unpack_entry *u = &t->entry;
	struct debpath *at;

	if (p->path_count == DEBPACKAGE_PATHS_MAX || u->xattr_count)
		return err_set(e, ERR_PARSE,
			u->xattr_count ? "'%s' has attributes" : "'%s' is one too many",
			u->path.text);
	if (p->path_count == p->path_room) {
		p->path_room = p->path_room ? p->path_room * 2 : 64;
		p->path = xrealloc(p->path, p->path_room * sizeof(*p->path));
	}
	at = &p->path[p->path_count++];
	*at = (struct debpath){ .path = arena_strdup(&p->arena, u->path.text),
		.is_dir = u->type == TAR_DIR,
		.is_file = u->type == TAR_FILE || u->type == TAR_HARDLINK,
		.meta = { .mode = u->mode,
			.uid = u->uid,
			.gid = u->gid,
			.mtime_s = u->mtime_s } };
	at->real = real_path(t, at->path, at->is_dir);
	if (u->path.len == 0)
		return 0;
	return write_entry(t, at, e) < 0 ? err_wrap(e, "cannot unpack '%s'", at->path)
					 : 0;
}

static int unpack_data(
	struct debpackage *p, int root_dir, unsigned int merged, struct err *e)
{
	auto_tree struct tree *tree = NULL;
	auto_free struct taking *t = xcalloc(1, sizeof(*t));

	if (tree_open(root_dir, 0, &tree, e) < 0)
		return -1;
	*t = (struct taking){ .package = p,
		.tree = tree,
		.root_dir = root_dir,
		.merged = merged,
		.take = take_data };
	return read_archive(t, "data.tar", e);
}

/* ---- conffiles */

static int add_conffile(struct debpackage *p, int root_dir, unsigned int merged,
	const char *line, struct err *e)
{
	struct debconffile *c = &p->conffile[p->conffile_count++];
	auto_free char *real = NULL;
	auto_fd int fd = -1;

	if (strncmp(line, LEAVING, strlen(LEAVING)) == 0) {
		c->path = arena_strdup(&p->arena, line + strlen(LEAVING));
		snprintf(c->state, sizeof(c->state), "newconffile remove-on-upgrade");
		return 0;
	}
	if (line[0] != '/')
		return err_set(e, ERR_PARSE, "a conffile is '%s'", line);
	c->path = arena_strdup(&p->arena, line);
	real = xasprintf("%s%s",
		packagedb_is_moved(merged, line + 1, strlen(line + 1)) ? "usr/" : "",
		line + 1);
	fd = fs_open_beneath(root_dir, real, O_RDONLY | O_NOFOLLOW, 0, e);
	if (fd < 0)
		return err_set(e, ERR_PARSE, "conffile '%s' is no file of it", line);
	return digest_md5_of_fd(fd, line, c->state, e);
}

static int read_conffiles(
	struct debpackage *p, int root_dir, unsigned int merged, struct err *e)
{
	const struct debcontrol_file *f = debpackage_file(p, "conffiles");
	auto_free char *text = NULL;
	size_t lines = 1;
	char *rest;

	if (!f)
		return 0;
	text = xasprintf("%.*s", (int)f->content.len, (const char *)f->content.data);
	for (const char *nl = text; (nl = strchr(nl, '\n')); nl++)
		lines++;
	p->conffile = arena_array(&p->arena, lines, sizeof(*p->conffile));
	rest = text;
	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line && add_conffile(p, root_dir, merged, line, e) < 0)
			return -1;
	return 0;
}

static int unpack(struct debpackage *p, int root_dir, unsigned int merged, struct err *e)
{
	auto_free struct taking *t = xcalloc(1, sizeof(*t));

	*t = (struct taking){ .package = p, .take = take_control };
	if (read_archive(t, "control.tar", e) < 0 || check_control(p, e) < 0 ||
		unpack_data(p, root_dir, merged, e) < 0)
		return -1;
	return read_conffiles(p, root_dir, merged, e);
}

int debpackage_unpack(
	struct debpackage *p, int root_dir, unsigned int merged, struct err *e)
{
	if (unpack(p, root_dir, merged, e) < 0)
		return err_wrap(e, "package '%s'", p->plan->name);
	return 0;
}
