#include "indexer/fsck.h"

#include "indexer/emit.h"
#include "indexer/inode.h"
#include "lib/base/fs.h"

#include <fcntl.h>

#define FILES_MAX 64
#define SUMS_MAX  (64U << 10)
#define REPAIR    "copy it back from a mirror or a backup"
#define RE_SIGN   "untrusted; sign the build anew or copy the signature from a mirror"

struct checking {
	struct fsck *f;
	const struct catalog_build *build;
	struct catalog_file file[FILES_MAX]; /* for SHA256SUMS */
	size_t count;
	struct arena arena;
};

static void path_of(const struct checking *c, const char *name, char out[LAYOUT_PATH_MAX])
{
	layout_artifact(&c->build->image, c->build->serial, name, out);
}

/* Opens a regular file, or reports and returns -1. */
static int open_file(struct fsck *f, const char *path, struct stat *st)
{
	struct err e;
	int fd;

	if (fstatat(f->yard->public_fd, path, st, AT_SYMLINK_NOFOLLOW) < 0) {
		fsck_find(f, "F2", path, "%s; " REPAIR, strerror(errno));
		return -1;
	}
	if (!S_ISREG(st->st_mode)) {
		fsck_find(f, "F2", path, "is not a regular file; " REPAIR);
		return -1;
	}
	fd = fs_open_beneath(f->yard->public_fd, path, O_RDONLY | O_NONBLOCK, 0, &e);
	if (fd < 0)
		fsck_find(f, "F2", path, "%s; " REPAIR, e.text);
	return fd;
}

static void check_mark(
	struct fsck *f, int fd, const char *path, const struct digest *want)
{
	struct digest mark;
	struct err e;

	if (inode_read_mark(fd, path, &mark, &e) < 0)
		fsck_find(f, "F4", path, "%s; set the attribute " LAYOUT_DIGEST_XATTR,
			e.text);
	else if (!digest_equal(&mark, want))
		fsck_find(f, "F4", path,
			"the attribute " LAYOUT_DIGEST_XATTR
			" names another content; set it to the sha256");
	else
		return;
	fsck_remark(f, path, want);
}

static void check_signature(
	struct fsck *f, int fd, const char *path, const char *asc_path)
{
	auto_buf struct buf asc = BUF_INIT(SIGNATURE_MAX);
	struct stat st;
	struct err e;

	if (f->quick) {
		if (fstatat(f->yard->public_fd, asc_path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISREG(st.st_mode) || st.st_size == 0)
			fsck_find(f, "F5", asc_path, "is no signature; " RE_SIGN);
		return;
	}
	if (fs_read_at(f->yard->public_fd, asc_path, &asc, &e) < 0) {
		fsck_find(f, "F5", asc_path, "%s; " RE_SIGN, e.text);
		return;
	}
	if (!f->notary)
		return;
	if (notary_check_fd(f->notary, fd, buf_bytes(&asc), path, &e) < 0)
		fsck_find(f, "F5", asc_path, "%s; " RE_SIGN, e.text);
}

static void check_content(
	struct fsck *f, int fd, const char *path, const struct digest *want)
{
	struct digest got;
	uint64_t size;
	struct err e;

	if (f->quick)
		return;
	if (digest_of_fd(fd, path, &got, &size, &e) < 0)
		fsck_find(f, "F2", path, "%s; " REPAIR, e.text);
	else if (!digest_equal(&got, want))
		fsck_find(f, "F2", path,
			"untrusted: its content is not what was admitted; " REPAIR);
}

void fsck_content(
	struct fsck *f, const char *path, uint64_t size, const struct digest *sha256)
{
	struct stat st;
	auto_fd int fd = open_file(f, path, &st);

	f->checked++;
	if (fd < 0)
		return;
	if ((uint64_t)st.st_size != size) {
		fsck_find(f, "F2", path, "has %lld bytes, must have %llu; " REPAIR,
			(long long)st.st_size, (unsigned long long)size);
		return;
	}
	check_content(f, fd, path, sha256);
	check_mark(f, fd, path, sha256);
}

static int check_file(const struct catalog_file *file, void *ctx, struct err *e)
{
	struct checking *c = ctx;
	struct fsck *f = c->f;
	char path[LAYOUT_PATH_MAX], asc[LAYOUT_PATH_MAX + 4];
	auto_fd int fd = -1;
	struct stat st;

	if (c->count == FILES_MAX)
		return err_set(e, ERR_LIMIT, "a build has more than %d files", FILES_MAX);
	c->file[c->count] = *file;
	c->file[c->count++].name = arena_strdup(&c->arena, file->name);
	f->checked++;

	path_of(c, file->name, path);
	fd = open_file(f, path, &st);
	if (fd < 0)
		return 0;
	if ((uint64_t)st.st_size != file->size)
		return fsck_find(f, "F2", path,
			"has %lld bytes, %llu were admitted; " REPAIR,
			(long long)st.st_size, (unsigned long long)file->size);
	check_content(f, fd, path, &file->sha256);
	check_mark(f, fd, path, &file->sha256);
	if (file->is_signed) {
		snprintf(asc, sizeof(asc), "%s.asc", path);
		check_signature(f, fd, path, asc);
	}
	return 0;
}

/* SHA256SUMS follows from the rows, so it is made again and compared. */
static void check_sums(struct checking *c)
{
	auto_buf struct buf want = BUF_INIT(SUMS_MAX), have = BUF_INIT(SUMS_MAX);
	struct fsck *f = c->f;
	char path[LAYOUT_PATH_MAX], asc[LAYOUT_PATH_MAX];
	auto_fd int fd = -1;
	struct digest d;
	struct stat st;
	struct err e;

	path_of(c, "SHA256SUMS", path);
	fd = open_file(f, path, &st);
	if (fd < 0)
		return;
	emit_sums(c->file, c->count, &want);
	d = digest_of(buf_bytes(&want));
	if (fs_read_fd(fd, path, &have, &e) == 0 &&
		bytes_equal(buf_bytes(&want), buf_bytes(&have))) {
		check_mark(f, fd, path, &d);
	} else {
		fsck_find(f, "F2", path,
			"untrusted: does not list what was admitted; " REPAIR);
		/* what it says, and what its signature is for, follows from the catalog */
		fsck_rewrite(f, path, buf_bytes(&want));
		close(fd);
		fd = open_file(f, path, &st);
		if (fd < 0)
			return;
	}
	path_of(c, "SHA256SUMS.asc", asc);
	check_signature(f, fd, path, asc);
	path_of(c, "SHA256SUMS.gpg", asc);
	check_signature(f, fd, path, asc);
}

static int check_build(const struct catalog_build *b, void *ctx, struct err *e)
{
	auto_free struct checking *c = xcalloc(1, sizeof(*c));
	int rc;

	c->f = ctx;
	c->build = b;
	rc = catalog_file_walk(c->f->yard->catalog, b->id, check_file, c, e);
	if (rc == 0)
		check_sums(c);
	arena_release(&c->arena);
	return rc;
}

struct goodness {
	struct fsck *f;
	struct image image;
	bool is_any, is_good;
};

static void judge_image(const struct goodness *g)
{
	char name[IMAGE_NAME_MAX];

	if (!g->is_any || g->is_good)
		return;
	image_format(&g->image, name);
	fsck_find(g->f, "F14", name,
		"has builds and none that is offered; release one, or add another");
}

static int see_build(const struct catalog_build *b, void *ctx, struct err *e)
{
	struct goodness *g = ctx;

	(void)e;
	if (!g->is_any || !image_equal(&g->image, &b->image)) {
		judge_image(g);
		*g = (struct goodness){ .f = g->f, .image = b->image, .is_any = true };
	}
	g->is_good = g->is_good || strcmp(b->state, "active") == 0;
	return 0;
}

int fsck_images(struct fsck *f, struct err *e)
{
	struct goodness g = { .f = f };

	if (catalog_build_walk(f->yard->catalog, NULL, see_build, &g, e) < 0)
		return -1;
	judge_image(&g);
	return 0;
}

int fsck_builds(struct fsck *f, struct err *e)
{
	return catalog_build_walk(f->yard->catalog, NULL, check_build, f, e);
}
