#include "indexer/deltas.h"

#include "indexer/deltafile.h"
#include "indexer/inode.h"
#include "lib/base/fs.h"

#include <fcntl.h>

#define FULL "rootfs.tar.zst" /* what a client without a base downloads */

static int open_build(
	struct yard *y, const struct image *image, const char *serial, struct err *e)
{
	char path[LAYOUT_PATH_MAX];

	layout_build(image, serial, path);
	return fs_open_beneath(y->public_fd, path, O_RDONLY | O_DIRECTORY, 0, e);
}

static int full_size(struct yard *y, int64_t build, uint64_t *out, struct err *e)
{
	struct digest ignored;
	int rc = catalog_file_find(y->catalog, build, FULL, &ignored, out, e);

	return rc == 0 ? err_set(e, ERR_DAMAGED, "the build has no '" FULL "'") : rc;
}

/* Gives the finished file its mark and its facts. */
static int describe(int dir_fd, const char *name, struct catalog_file *f, struct err *e)
{
	auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot open '%s'", name);
	if (digest_of_fd(fd, name, &f->sha256, &f->size, e) < 0 ||
		inode_mark(fd, name, &f->sha256, e) < 0)
		return -1;
	return fs_sync(fd, name, e);
}

static int record(struct yard *y, int64_t build, const struct catalog_file *f,
	const char *path, struct err *e)
{
	if (catalog_begin(y->catalog, e) < 0)
		return -1;
	if (catalog_file_add(y->catalog, build, f, e) < 0 ||
		catalog_intent_drop(y->catalog, path, e) < 0) {
		catalog_rollback(y->catalog);
		return -1;
	}
	return catalog_commit(y->catalog, e);
}

/* From the scratch directory to its place: what a kill leaves there without a row goes at
 * the next start. */
static int join(struct yard *y, int scratch_fd, const struct delta_made *d, int64_t build,
	struct catalog_file *f, struct err *e)
{
	char path[LAYOUT_PATH_MAX];

	layout_artifact(&d->image, d->serial, f->name, path);
	if (describe(scratch_fd, f->name, f, e) < 0 ||
		catalog_intent_put(y->catalog, path, e) < 0)
		return -1;
	if (renameat(scratch_fd, f->name, y->public_fd, path) < 0)
		return err_sys(e, "cannot make '%s/%s'", YARD_PUBLIC, path);
	if (fs_sync_dir_at(y->public_fd, path, e) < 0)
		return -1;
	return record(y, build, f, path, e);
}

static int make_in(struct yard *y, int scratch_fd, int64_t build,
	const struct catalog_before *base, struct delta_made *d, struct err *e)
{
	auto_fd int old_fd = open_build(y, &d->image, base->serial, e);
	auto_fd int new_fd = old_fd < 0 ? -1 : open_build(y, &d->image, d->serial, e);
	struct deltafile job = { .old_fd = old_fd,
		.new_fd = new_fd,
		.scratch_fd = scratch_fd,
		.max_size = d->full * (uint64_t)y->site.delta_percent / 100 };
	char name[LAYOUT_NAME_MAX];
	struct catalog_file f = { .name = name };
	int rc;

	if (new_fd < 0)
		return -1;
	layout_delta(base->serial, name);
	rc = deltafile_make(&job, name, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return catalog_delta_refuse(y->catalog, build, base->id, e);
	if (join(y, scratch_fd, d, build, &f, e) < 0)
		return -1;
	d->size = f.size;
	return 0;
}

int deltas_make(struct yard *y, const struct image *image, int64_t build,
	const char *serial, const struct catalog_before *base, struct delta_made *out,
	struct err *e)
{
	struct delta_made d = { .image = *image };
	char scratch[64];
	auto_fd int scratch_fd = -1;
	struct err undo;
	int rc;

	snprintf(d.serial, sizeof(d.serial), "%s", serial);
	snprintf(d.base, sizeof(d.base), "%s", base->serial);
	if (full_size(y, build, &d.full, e) < 0 ||
		fs_mkdtemp_at(y->staging_fd, "delta", scratch, sizeof(scratch), e) < 0)
		return -1;
	scratch_fd = fs_open_dir_at(y->staging_fd, scratch, e);
	rc = scratch_fd < 0 ? -1 : make_in(y, scratch_fd, build, base, &d, e);
	if (fs_remove_tree(y->staging_fd, scratch, rc < 0 ? &undo : e) < 0)
		rc = -1;
	if (rc < 0)
		return err_wrap(e, "cannot make the delta from '%s'", base->serial);
	*out = d;
	return 0;
}

/* Is this delta there, or known not to pay, or of no use: 1, else 0. */
static int is_settled(struct yard *y, const struct plan_image *i,
	const struct catalog_before *base, const struct digest *tree, struct err *e)
{
	char name[LAYOUT_NAME_MAX];
	struct digest ignored;
	uint64_t size;
	int rc;

	if (digest_equal(&base->tree, tree))
		return 1;
	layout_delta(base->serial, name);
	rc = catalog_file_find(y->catalog, i->listed.build, name, &ignored, &size, e);
	return rc != 0 ? rc
		       : catalog_delta_is_refused(
				 y->catalog, i->listed.build, base->id, e);
}

static void announce(struct out *out, const struct delta_made *d)
{
	char name[IMAGE_NAME_MAX], size[32];

	image_format(&d->image, name);
	if (d->size)
		out_note(out, "%s@%s: delta from %s, %s, %.1f %% of the full download",
			name, d->serial, d->base, out_size(d->size, size, sizeof(size)),
			(double)d->size * 100 / (double)d->full);
	else
		out_note(out, "%s@%s: a delta from %s would not pay", name, d->serial,
			d->base);
}

static int run_image(
	struct yard *y, const struct plan_image *i, struct out *out, struct err *e)
{
	struct digest tree;

	if (catalog_build_tree(y->catalog, i->listed.build, &tree, e) < 0)
		return -1;
	for (size_t k = 0; k < y->site.delta_count; k++) {
		struct catalog_before base;
		struct delta_made made;
		int rc = catalog_build_before(
			y->catalog, i->listed.build, y->site.delta[k], &base, e);

		if (rc == 0)
			continue;
		if (rc > 0)
			rc = is_settled(y, i, &base, &tree, e);
		if (rc < 0)
			return -1;
		if (rc > 0)
			continue;
		if (deltas_make(y, &i->listed.image, i->listed.build, i->listed.serial,
			    &base, &made, e) < 0)
			return -1;
		announce(out, &made);
	}
	return 0;
}

int deltas_run(struct yard *y, const struct plan *plan, struct out *out, struct err *e)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_image *image = &plan->image[i];
		struct err why;

		if (image->kind != PLAN_UPDATED)
			continue;
		if (run_image(y, image, out, &why) == 0)
			continue;
		/* a delta saves bytes; the build is published without it all the same */
		if (why.code == ERR_INTERRUPTED || why.code == ERR_NOSPACE) {
			*e = why;
			return -1;
		}
		out_warn(out, "%s", why.text);
	}
	return 0;
}
