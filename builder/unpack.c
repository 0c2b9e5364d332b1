#include "builder/unpack.h"

#include "builder/confined.h"
#include "builder/fetched.h"
#include "builder/helper.h"
#include "builder/layer.h"

#include "lib/adapt/inflate.h"
#include "lib/adapt/squashfs.h"
#include "lib/base/fs.h"
#include "lib/base/tree.h"
#include "lib/model/unpackpolicy.h"

#include <fcntl.h>
#include <sys/stat.h>

#define COPY_STEP (256U << 10)

struct unpacking {
	const struct unpack_plan *plan;
	int root_dir;
	struct tar *tar;
	struct tree *tree;
	struct layer layer;
	struct unpack_state state;
	struct unpack_entry entry;
	int64_t newest_s;
};

/* ---- one entry */

static struct tree_meta meta_of(
	const struct unpack_entry *u, struct tree_xattr xattrs[TAR_XATTR_MAX])
{
	for (size_t i = 0; i < u->xattr_count; i++)
		xattrs[i] = (struct tree_xattr){ .name = u->xattr[i].name,
			.value = u->xattr[i].value,
			.len = u->xattr[i].len };
	return (struct tree_meta){ .mode = u->mode,
		.uid = u->uid,
		.gid = u->gid,
		.mtime_s = u->mtime_s,
		.xattrs = xattrs,
		.xattr_count = u->xattr_count };
}

static int write_content(struct unpacking *u, const struct tree_meta *meta, struct err *e)
{
	auto_free char *step = xmalloc(COPY_STEP);
	auto_fd int fd = tree_file_begin(u->tree, &u->entry.path, meta->mode, e);
	ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = tar_read(u->tar, step, COPY_STEP, e)) > 0)
		if (fs_write_all(fd, step, (size_t)n, e) < 0)
			return -1;
	if (n < 0)
		return -1;
	return tree_file_end(u->tree, fd, &u->entry.path, meta, e);
}

static int write_entry(struct unpacking *u, struct err *e)
{
	struct tree_xattr xattrs[TAR_XATTR_MAX];
	const struct tree_meta meta = meta_of(&u->entry, xattrs);

	switch (u->entry.type) {
	case TAR_DIR:
		return tree_dir(u->tree, &u->entry.path, &meta, e);
	case TAR_SYMLINK:
		return tree_symlink(u->tree, &u->entry.path, u->entry.target, &meta, e);
	case TAR_HARDLINK:
		return tree_hardlink(u->tree, &u->entry.path, &u->entry.link, e);
	case TAR_FIFO:
		return tree_fifo(u->tree, &u->entry.path, &meta, e);
	default:
		return write_content(u, &meta, e);
	}
}

/* Is it in the part of the archive that is wanted? Then it is called by its place there. */
static bool is_wanted(const struct unpack_plan *p, struct tar_entry *t)
{
	size_t len = p->beneath ? strlen(p->beneath) : 0;
	const char *path = t->path;

	if (len == 0)
		return true;
	path += strncmp(path, "./", 2) == 0 ? 2 : 0;
	if (strncmp(path, p->beneath, len) != 0 || (path[len] != '/' && path[len]))
		return false;
	t->path = path[len] && path[len + 1] ? path + len + 1 : "./";
	if (t->type == TAR_HARDLINK) {
		t->link += strncmp(t->link, "./", 2) == 0 ? 2 : 0;
		t->link += strncmp(t->link, p->beneath, len) == 0 && t->link[len] == '/'
				   ? len + 1
				   : 0;
	}
	return true;
}

static int keep_entry(struct unpacking *u, const struct tar_entry *t, struct err *e)
{
	int whiteout = 0;

	if (u->plan->layers && (whiteout = layer_entry(&u->layer, &u->entry.path, e)) < 0)
		return -1;
	if (whiteout)
		return 0;
	if (t->mtime_s > u->newest_s)
		u->newest_s = t->mtime_s;
	return write_entry(u, e) < 0 ? err_wrap(e, "cannot unpack '%s'", t->path) : 0;
}

static int take_entry(struct unpacking *u, struct tar_entry *t, struct err *e)
{
	struct tree_xattr xattrs[TAR_XATTR_MAX];
	struct tree_meta meta;

	if (!is_wanted(u->plan, t))
		return 0;
	switch (unpack_judge(&u->state, t, &u->entry, e)) {
	case UNPACK_KEEP:
		return keep_entry(u, t, e);
	case UNPACK_ROOT:
		if (t->mtime_s > u->newest_s)
			u->newest_s = t->mtime_s;
		meta = meta_of(&u->entry, xattrs);
		return tree_root(u->tree, &meta, e);
	case UNPACK_SKIP:
		return 0;
	case UNPACK_REFUSE:
		break;
	}
	return -1;
}

/* ---- one archive */

static int unpack_entries(struct unpacking *u, struct err *e)
{
	struct tar_entry t;
	int rc;

	while ((rc = tar_next(u->tar, &t, e)) > 0)
		if (take_entry(u, &t, e) < 0)
			return -1;
	if (rc < 0 || (u->plan->layers && layer_hide(&u->layer, u->root_dir, e) < 0))
		return -1;
	return tree_finish(u->tree, e);
}

static int unpack_stream(struct unpacking *u, const struct reader *in, struct err *e)
{
	auto_tar struct tar *tar = NULL;
	auto_tree struct tree *tree = NULL;
	int rc;

	if (tar_open(in, &tar, e) < 0 ||
		tree_open(u->root_dir, u->plan->layers ? TREE_REPLACE : 0, &tree, e) < 0)
		return -1;
	u->tar = tar;
	u->tree = tree;
	rc = unpack_entries(u, e);
	layer_release(&u->layer);
	return rc;
}

static int unpack_one(struct unpacking *u, const struct unpack_archive *a, struct err *e)
{
	auto_inflate struct inflate *inflate = NULL;
	struct reader in = reader_of_fd(&a->fd), plain;

	if (fetched_is_page(a->fd))
		return err_set(e, ERR_UPSTREAM, "it is a web page, not an archive");
	if (inflate_open(&in, &inflate, e) < 0)
		return -1;
	plain = inflate_as_reader(inflate);
	return unpack_stream(u, &plain, e);
}

/* ---- the child */

static int unpack_all(void *ctx, void *out, struct err *e)
{
	struct unpacking *u = ctx;

	u->state = (struct unpack_state){ .limits = UNPACK_LIMITS_HARD };
	for (size_t i = 0; i < u->plan->count; i++)
		if (unpack_one(u, &u->plan->archive[i], e) < 0)
			return err_wrap(
				e, "cannot unpack '%s'", u->plan->archive[i].name);
	*(int64_t *)out = u->newest_s;
	return 0;
}

static int unpack_confined(
	const struct unpack_plan *p, int root_dir, int64_t *newest_s, struct err *e)
{
	struct unpacking u = { .plan = p, .root_dir = root_dir };
	const struct confined c = { .run = unpack_all,
		.ctx = &u,
		.out = newest_s,
		.out_size = sizeof(*newest_s),
		.tree_dir = root_dir };

	return confined_run(&c, e);
}

/* ---- a squashfs, as a tar from an ordinary user's process */

static int unpack_squashfs(
	const struct unpack_plan *p, int root_dir, int64_t *newest_s, struct err *e)
{
	struct unpack_archive tar = { .name = p->archive->name };
	const struct unpack_plan plan = {
		.archive = &tar, .count = 1, .beneath = p->beneath
	};
	struct squashfs image;
	int rc;

	if (squashfs_open(p->archive->fd, helper_become_user, NULL, &image, e) < 0)
		return -1;
	tar.fd = image.tar_fd;
	rc = unpack_confined(&plan, root_dir, newest_s, e);
	if (squashfs_close(&image, rc, e) == 0)
		return 0;
	return rc < 0 ? -1 : err_wrap(e, "cannot unpack '%s'", p->archive->name);
}

int unpack_run(
	const struct unpack_plan *p, int root_dir, int64_t *newest_s, struct err *e)
{
	for (size_t i = 0; i < p->count; i++)
		if (lseek(p->archive[i].fd, 0, SEEK_SET) < 0)
			return err_sys(e, "cannot rewind '%s'", p->archive[i].name);
	if (p->count == 1 && !p->layers && squashfs_is(p->archive->fd))
		return unpack_squashfs(p, root_dir, newest_s, e);
	return unpack_confined(p, root_dir, newest_s, e);
}
