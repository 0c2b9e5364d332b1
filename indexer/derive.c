#include "indexer/derive.h"

#include "indexer/emit.h"
#include "indexer/inode.h"
#include "indexer/piecefile.h"
#include "lib/adapt/gz.h"
#include "lib/adapt/zst.h"
#include "lib/base/fs.h"

#include <fcntl.h>

#define NSPAWN     "rootfs.nspawn"
#define NSPAWN_MAX 256
#define TAR_GZ     "rootfs.tar.gz"
#define GZ_LEVEL   6
#define CHUNK      (256U << 10)

static struct catalog_file *note(
	struct intake *in, const char *name, uint64_t size, const struct digest *sha256)
{
	struct catalog_file *f = &in->file[in->count++];

	*f = (struct catalog_file){
		.name = name, .size = size, .sha256 = *sha256, .is_signed = true
	};
	return f;
}

static int derive_nspawn(struct intake *in, const struct tree_facts *tree, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(NSPAWN_MAX);
	struct digest d;

	emit_nspawn(tree->has_init, &text);
	if (inode_write(in->stage_fd, NSPAWN, buf_bytes(&text), INODE_MARKED, e) < 0)
		return -1;
	d = digest_of(buf_bytes(&text));
	note(in, NSPAWN, text.len, &d);
	return 0;
}

const char *derive_version(const struct image *image, const struct site_release *release)
{
	const char *first = release && release->alias_count ? release->alias[0] : "";

	return *first >= '0' && *first <= '9' ? first : image->release;
}

static int recompress(struct zst_reader *from, int to_fd, struct err *e)
{
	auto_free unsigned char *chunk = xmalloc(CHUNK);
	const struct reader in = zst_as_reader(from);
	const struct writer out = writer_of_fd(&to_fd);
	auto_gz struct gz_writer *gz = NULL;
	ssize_t n;

	if (gz_open(&out, GZ_LEVEL, &gz, e) < 0)
		return -1;
	while ((n = reader_read(&in, chunk, CHUNK, e)) > 0)
		if (gz_write(gz, chunk, (size_t)n, e) < 0)
			return -1;
	return n < 0 ? -1 : gz_finish(gz, e);
}

/* The tar of rootfs.tar.zst, which was judged before. */
static int make_gz(
	struct intake *in, const char *name, struct catalog_file **made, struct err *e)
{
	auto_fd int from =
		fs_open_beneath(in->stage_fd, "rootfs.tar.zst", O_RDONLY, 0, e);
	auto_fd int to = -1;
	const struct reader raw = reader_of_fd(&from);
	auto_zst struct zst_reader *zst = NULL;
	struct digest sha256;
	uint64_t size;

	if (from < 0 || zst_open(&raw, &zst, e) < 0)
		return -1;
	to = fs_open_beneath(in->stage_fd, name, O_RDWR | O_CREAT | O_EXCL, 0644, e);
	if (to < 0 || recompress(zst, to, e) < 0 ||
		digest_of_fd(to, name, &sha256, &size, e) < 0 ||
		inode_mark(to, name, &sha256, e) < 0 || fs_sync(to, name, e) < 0)
		return -1;
	*made = note(in, name, size, &sha256);
	return digest512_of_fd(to, name, (*made)->sha512, e);
}

static int derive_gz(struct intake *in, struct err *e)
{
	const struct site *site = &in->yard->site;
	const struct image *i = &in->build.image;
	struct catalog_file *made = NULL;
	const char *name;

	if (site->clients & CLIENT_OCI_GZIP && make_gz(in, TAR_GZ, &made, e) < 0)
		return -1;
	if (!(site->clients & CLIENT_APLINFO))
		return 0;

	name = arena_printf(&in->build.arena, "%s-%s-%s-%s.tar.gz", i->distro,
		derive_version(i, site_find(site, i)), i->arch, i->variant);
	if (!made)
		return make_gz(in, name, &made, e);
	if (linkat(in->stage_fd, TAR_GZ, in->stage_fd, name, 0) < 0)
		return err_sys(e, "cannot link '%s'", name);
	in->file[in->count] = *made;
	in->file[in->count++].name = name;
	made->sha512[0] = '\0';
	return 0;
}

int derive_files(struct intake *in, const struct tree_facts *tree, struct err *e)
{
	if (derive_nspawn(in, tree, e) < 0 || derive_gz(in, e) < 0)
		return -1;
	return piecefile_read(in->stage_fd, in->file, in->count, e);
}
