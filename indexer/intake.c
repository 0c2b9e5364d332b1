#include "indexer/intake.h"

#include "indexer/inode.h"
#include "lib/base/fs.h"

#include <fcntl.h>

#define GIB        (UINT64_C(1) << 30)
#define MIB        (UINT64_C(1) << 20)
#define CHUNK      (256 << 10)
#define SPACE_EACH (64U << 10) /* signatures and the file system's own */
#define SPACE_ALL  (16U << 20) /* the catalog and its journal */

struct known {
	const char *name;
	bool required;
	uint64_t max;
};

/* What a build may hand over and build.json must list. */
static const struct known artifacts[] = {
	{ "rootfs.tar.xz", true, 64 * GIB },
	{ "rootfs.tar.zst", true, 64 * GIB },
	{ "rootfs.man", true, 64 * MIB },
	{ "meta.tar.xz", true, MIB },
	{ "incus.tar.xz", true, MIB },
	{ "rootfs.squashfs", false, 64 * GIB },
	{ "packages.json", false, PACKAGELIST_BYTES_MAX },
	{ "sbom.spdx.json", false, 256 * MIB },
	{ "recipe.yaml", false, 4 * MIB },
	{ "provenance.json", false, 4 * MIB },
};

/* What it may leave beside them: bounded, published, not signed for. */
static const char *const logs[] = { "build.log", "test.log", "timings.json" };

bool intake_is_log(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(logs); i++)
		if (strcmp(logs[i], name) == 0)
			return true;
	return false;
}

static const struct known *find_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(artifacts); i++)
		if (strcmp(artifacts[i].name, name) == 0)
			return &artifacts[i];
	return NULL;
}

static int check_artifacts(const struct build *b, struct err *e)
{
	for (size_t i = 0; i < b->artifact_count; i++) {
		const struct artifact *a = &b->artifact[i];
		const struct known *k = find_known(a->name);

		if (!k)
			return err_set(e, ERR_PARSE,
				"'build.json' lists '%s', which no build hands over",
				a->name);
		if (a->size > k->max)
			return err_set(e, ERR_LIMIT,
				"'%s' has %llu bytes, at most %llu are taken", a->name,
				(unsigned long long)a->size, (unsigned long long)k->max);
		if (build_artifact(b, a->name) != a)
			return err_set(
				e, ERR_PARSE, "'build.json' lists '%s' twice", a->name);
	}
	for (size_t i = 0; i < ARRAY_COUNT(artifacts); i++)
		if (artifacts[i].required && !build_artifact(b, artifacts[i].name))
			return err_set(e, ERR_PARSE, "'build.json' does not list '%s'",
				artifacts[i].name);
	return 0;
}

/* A regular file in the incoming directory; a sentence of its own for everything else. */
static int open_regular(int dir_fd, const char *name, struct stat *st, struct err *e)
{
	auto_fd int fd = -1;

	if (fstatat(dir_fd, name, st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "cannot read '%s'", name);
	if (S_ISLNK(st->st_mode))
		return err_set(e, ERR_PARSE, "'%s' is a symbolic link, not a file", name);
	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_PARSE, "'%s' is not a regular file", name);

	fd = fs_open_beneath(dir_fd, name, O_RDONLY | O_NONBLOCK, 0, e);
	if (fd < 0)
		return -1;
	if (fstat(fd, st) < 0)
		return err_sys(e, "cannot read '%s'", name);
	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_PARSE, "'%s' is not a regular file", name);
	return STEAL_FD(fd);
}

int intake_read_build(struct intake *in, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(BUILD_JSON_MAX);
	struct stat st;
	auto_fd int fd = open_regular(in->in_fd, "build.json", &st, e);

	if (fd < 0 || fs_read_fd(fd, "build.json", &text, e) < 0)
		return -1;
	if (build_parse(buf_bytes(&text), &in->build, e) < 0)
		return err_wrap(e, "'build.json'");
	in->build_json = digest_of(buf_bytes(&text));
	if (strcmp(in->build.result, "ok") != 0)
		return 0;
	return check_artifacts(&in->build, e);
}

int intake_check_space(const struct intake *in, struct err *e)
{
	uint64_t need = SPACE_ALL, have;
	struct stat st;

	for (size_t i = 0; i < in->build.artifact_count; i++)
		need += in->build.artifact[i].size + SPACE_EACH;
	for (size_t i = 0; i < ARRAY_COUNT(logs); i++)
		if (fstatat(in->in_fd, logs[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			need += (uint64_t)st.st_size + SPACE_EACH;

	if (fs_free_bytes(in->yard->staging_fd, &have, e) < 0)
		return -1;
	if (need > have)
		return err_set(e, ERR_NOSPACE,
			"the build needs %llu bytes in '%s', %llu are free",
			(unsigned long long)need, in->yard->path,
			(unsigned long long)have);
	return 0;
}

/* Reads all of fd: hashed, and written to out_fd unless that is -1. */
static int copy_hashing(int fd, int out_fd, const char *name, uint64_t max,
	struct digest *sha256, uint64_t *size, struct err *e)
{
	auto_free unsigned char *chunk = xmalloc(CHUNK);
	auto_hasher struct hasher h;
	ssize_t n;

	hasher_init(&h);
	for (;;) {
		n = read(fd, chunk, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read '%s'", name);
		if (n == 0)
			break;
		hasher_add(&h, chunk, (size_t)n);
		if (h.len > max)
			return err_set(e, ERR_LIMIT, "'%s' has more than %llu bytes",
				name, (unsigned long long)max);
		if (out_fd >= 0 && fs_write_all(out_fd, chunk, (size_t)n, e) < 0)
			return err_wrap(e, "cannot copy '%s'", name);
	}
	*size = h.len;
	*sha256 = hasher_final(&h);
	return 0;
}

/* Links published content of this digest to NAME: 1 linked, 0 there is none to link. */
static int link_published(struct intake *in, const char *name,
	const struct digest *sha256, uint64_t size, struct err *e)
{
	char path[LAYOUT_PATH_MAX];
	struct stat st;
	int rc;

	if (size < INODE_LINK_MIN)
		return 0;
	rc = catalog_object_find(in->yard->catalog, sha256, size, path, e);
	if (rc <= 0)
		return rc;
	if (fstatat(in->yard->public_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISREG(st.st_mode) || (uint64_t)st.st_size != size)
		return 0;
	if (linkat(in->yard->public_fd, path, in->stage_fd, name, 0) == 0)
		return 1;
	if (errno == EMLINK)
		return 0;
	return err_sys(e, "cannot link '%s'", path);
}

static int new_file(int stage_fd, const char *name, struct err *e)
{
	return fs_open_beneath(stage_fd, name, O_RDWR | O_CREAT | O_EXCL, 0644, e);
}

static int finish_file(int fd, const char *name, const struct digest *d, struct err *e)
{
	if (inode_mark(fd, name, d, e) < 0)
		return -1;
	return fs_sync(fd, name, e);
}

static int check_claim(const struct artifact *a, const struct digest *sha256,
	uint64_t size, struct err *e)
{
	char got[DIGEST_HEX], want[DIGEST_HEX];

	if (size != a->size)
		return err_set(e, ERR_UNTRUSTED,
			"'%s' has %llu bytes, build.json says %llu", a->name,
			(unsigned long long)size, (unsigned long long)a->size);
	if (digest_equal(sha256, &a->sha256))
		return 0;
	digest_hex(sha256, got);
	digest_hex(&a->sha256, want);
	return err_set(e, ERR_UNTRUSTED, "'%s' has sha256 %s, build.json says %s",
		a->name, got, want);
}

static void note(struct intake *in, const char *name, uint64_t size,
	const struct digest *sha256, bool is_signed)
{
	in->file[in->count++] = (struct catalog_file){
		.name = name, .size = size, .sha256 = *sha256, .is_signed = is_signed
	};
}

static int take_artifact(struct intake *in, const struct artifact *a, struct err *e)
{
	struct stat st;
	struct digest sha256;
	uint64_t size;
	auto_fd int fd = open_regular(in->in_fd, a->name, &st, e);
	auto_fd int out_fd = -1;
	int linked;

	if (fd < 0)
		return -1;
	if ((uint64_t)st.st_size != a->size)
		return err_set(e, ERR_UNTRUSTED,
			"'%s' has %llu bytes, build.json says %llu", a->name,
			(unsigned long long)st.st_size, (unsigned long long)a->size);

	linked = link_published(in, a->name, &a->sha256, a->size, e);
	if (linked < 0)
		return -1;
	if (!linked) {
		out_fd = new_file(in->stage_fd, a->name, e);
		if (out_fd < 0)
			return -1;
	}
	if (copy_hashing(fd, out_fd, a->name, a->size, &sha256, &size, e) < 0 ||
		check_claim(a, &sha256, size, e) < 0)
		return -1;
	if (!linked && finish_file(out_fd, a->name, &sha256, e) < 0)
		return -1;
	in->linked += linked ? size : 0;
	note(in, find_known(a->name)->name, size, &sha256, true);
	return 0;
}

static int take_other(
	struct intake *in, const char *name, uint64_t max, bool is_signed, struct err *e)
{
	struct stat st;
	struct digest sha256;
	uint64_t size;
	auto_fd int fd = open_regular(in->in_fd, name, &st, e);
	auto_fd int out_fd = -1;

	if (fd < 0)
		return -1;
	out_fd = new_file(in->stage_fd, name, e);
	if (out_fd < 0)
		return -1;
	if (copy_hashing(fd, out_fd, name, max, &sha256, &size, e) < 0 ||
		finish_file(out_fd, name, &sha256, e) < 0)
		return -1;
	note(in, name, size, &sha256, is_signed);
	return 0;
}

int intake_take(struct intake *in, struct err *e)
{
	for (size_t i = 0; i < in->build.artifact_count; i++)
		if (take_artifact(in, &in->build.artifact[i], e) < 0)
			return -1;

	if (take_other(in, "build.json", BUILD_JSON_MAX, true, e) < 0)
		return -1;
	/* replaced since it was read: nothing above was checked against this one */
	if (!digest_equal(&in->file[in->count - 1].sha256, &in->build_json))
		return err_set(e, ERR_AGAIN, "'build.json' changed while it was read");

	for (size_t i = 0; i < ARRAY_COUNT(logs); i++)
		if (fs_exists_at(in->in_fd, logs[i]) &&
			take_other(in, logs[i], INTAKE_LOG_MAX, false, e) < 0)
			return -1;
	return 0;
}
