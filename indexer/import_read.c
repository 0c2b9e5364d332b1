#include "indexer/import_read.h"

#include "indexer/import_oci.h"
#include "lib/adapt/inflate.h"
#include "lib/adapt/squashfs.h"
#include "lib/base/fs.h"
#include "lib/base/sandbox.h"

#include <fcntl.h>
#include <sys/stat.h>

/* ---- squashfs, as a tar from a program that may only read it */

static int confine(void *ctx)
{
	static const char *const places[] = { "/usr", "/lib", "/lib64", "/etc" };
	const int *file = ctx;
	struct sandbox_rule rule[ARRAY_COUNT(places) + 1];
	struct err e;
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		int fd = open(places[i], O_PATH | O_CLOEXEC);

		if (fd >= 0)
			rule[count++] = (struct sandbox_rule){ .fd = fd,
				.access = SANDBOX_READ | SANDBOX_EXEC };
	}
	rule[count++] = (struct sandbox_rule){ .fd = *file, .access = SANDBOX_READ };
	if (sandbox_no_new_privs(&e) < 0 || sandbox_files(rule, count, &e) < 0)
		return EPERM;
	return 0;
}

static int add_squashfs(struct importtree *t, int fd, struct err *e)
{
	struct squashfs image;
	struct reader in;
	int rc;

	if (squashfs_open(fd, confine, &fd, &image, e) < 0)
		return -1;
	in = reader_of_fd(&image.tar_fd);
	rc = importtree_add_tar(t, &in, 0, e);
	return squashfs_close(&image, rc, e);
}

/* ---- a tar, of a root file system or of an OCI image */

static int replace_by_image(
	struct importtree **archive, int staging_fd, const char *arch, struct err *e)
{
	struct import_layout layout = { .dir_fd = -1, .tree = *archive };
	auto_importtree struct importtree *image = NULL, *old = NULL;

	if (importtree_new(staging_fd, &image, e) < 0 ||
		import_oci(&layout, arch, image, e) < 0)
		return -1;
	old = *archive;
	*archive = STEAL(image);
	return 0;
}

static int read_tar(
	int staging_fd, int fd, const char *arch, struct import_read *out, struct err *e)
{
	auto_importtree struct importtree *t = NULL;
	auto_inflate struct inflate *inflate = NULL;
	struct reader in = reader_of_fd(&fd), plain;
	struct import_layout layout = { .dir_fd = -1 };
	bool is_image;

	if (inflate_open(&in, &inflate, e) < 0 || importtree_new(staging_fd, &t, e) < 0)
		return -1;
	plain = inflate_as_reader(inflate);
	snprintf(out->kind, sizeof(out->kind), "a tarball (%s)", inflate_name(inflate));
	if (importtree_add_tar(t, &plain, 0, e) < 0)
		return -1;
	layout.tree = t;
	is_image = import_oci_is(&layout);
	if (is_image) {
		snprintf(out->kind, sizeof(out->kind), "an OCI archive");
		if (replace_by_image(&t, staging_fd, arch, e) < 0)
			return -1;
	}
	out->tree = STEAL(t);
	return 0;
}

/* ---- what it is */

static int read_directory(
	int staging_fd, int fd, const char *arch, struct import_read *out, struct err *e)
{
	struct import_layout layout = { .dir_fd = fd };
	auto_importtree struct importtree *t = NULL;

	if (!import_oci_is(&layout))
		return err_set(e, ERR_USAGE,
			"it is a directory without 'oci-layout' and 'index.json': name a "
			"tarball, a squashfs or an OCI image");
	snprintf(out->kind, sizeof(out->kind), "an OCI layout");
	if (importtree_new(staging_fd, &t, e) < 0 || import_oci(&layout, arch, t, e) < 0)
		return -1;
	out->tree = STEAL(t);
	return 0;
}

static int read_squashfs(int staging_fd, int fd, struct import_read *out, struct err *e)
{
	auto_importtree struct importtree *t = NULL;

	snprintf(out->kind, sizeof(out->kind), "a squashfs");
	if (importtree_new(staging_fd, &t, e) < 0 || add_squashfs(t, fd, e) < 0)
		return -1;
	out->tree = STEAL(t);
	return 0;
}

static int read_any(int staging_fd, int fd, const char *file, const char *arch,
	struct import_read *out, struct err *e)
{
	struct stat st;
	uint64_t size;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot read it");
	if (S_ISDIR(st.st_mode))
		return read_directory(staging_fd, fd, arch, out, e);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, "it is neither a file nor a directory");
	if (digest_of_fd(fd, file, &out->sha256, &size, e) < 0)
		return -1;
	return squashfs_is(fd) ? read_squashfs(staging_fd, fd, out, e)
			       : read_tar(staging_fd, fd, arch, out, e);
}

int import_read(int staging_fd, const char *file, const char *arch,
	struct import_read *out, struct err *e)
{
	auto_fd int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	*out = (struct import_read){ .tree = NULL };
	if (fd < 0)
		return err_sys(e, "cannot open '%s'", file);
	if (read_any(staging_fd, fd, file, arch, out, e) < 0 ||
		importtree_finish(out->tree, e) < 0) {
		importtree_free(&out->tree);
		return err_wrap(e, "'%s'", file);
	}
	return 0;
}
