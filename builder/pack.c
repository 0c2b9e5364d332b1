#include "builder/pack.h"

#include "lib/adapt/hashfile.h"
#include "lib/base/fs.h"

#include <fcntl.h>

#define ARTIFACT_MODE 0644

/* The tree as the packer reads it: one file open at a time. */
struct on_disk {
	int root_dir, fd;
	const struct rootfs *tree;
};

static const struct manifest_entry *entry_at(void *ctx, size_t i)
{
	const struct on_disk *d = ctx;

	return &d->tree->entry[i].m;
}

/* Packages of one source change together; what nobody owns is cut anywhere. */
static enum pack_boundary boundary(void *ctx, size_t i)
{
	const struct rootfs_entry *now = &((const struct on_disk *)ctx)->tree->entry[i],
				  *last = now - 1;

	if (i == 0)
		return PACK_INSIDE;
	if (now->made_here != last->made_here ||
		(now->m.type == '5') != (last->m.type == '5'))
		return PACK_PART;
	return now->source == PACKAGE_NONE || now->source != last->source ? PACK_RUN
									  : PACK_INSIDE;
}

static int open_file(void *ctx, size_t i, struct reader *out, struct err *e)
{
	struct on_disk *d = ctx;

	d->fd = fs_open_beneath(d->root_dir, d->tree->entry[i].m.path, O_RDONLY, 0, e);
	*out = reader_of_fd(&d->fd);
	return d->fd < 0 ? -1 : 0;
}

static void close_file(void *ctx)
{
	struct on_disk *d = ctx;

	close(d->fd);
	d->fd = -1;
}

static int end_file(struct hashfile *h, struct artifact *out, struct err *e)
{
	*out = (struct artifact){ .name = h->name };
	return hashfile_commit(h, &out->size, &out->sha256, e);
}

static int end_manifest(
	const struct manifest *m, int stage_dir, struct pack_result *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(MANIFEST_BYTES_MAX);

	if (manifest_format(m, &text, e) < 0)
		return -1;
	out->diff_id = m->diff_id;
	out->entries = m->count;
	out->unpacked_size = manifest_unpacked_size(m);
	if (pack_document(stage_dir, "rootfs.man", buf_bytes(&text), &out->manifest, e) <
		0)
		return -1;
	out->id = out->manifest.sha256;
	return 0;
}

static int pack(struct on_disk *d, int stage_dir, const struct pack_options *options,
	struct pack_result *out, struct err *e)
{
	auto_hashfile struct hashfile xz = HASHFILE_INIT, zst = HASHFILE_INIT;
	auto_manifest struct manifest man = { 0 };
	struct writer to_xz = hashfile_writer(&xz), to_zst = hashfile_writer(&zst);
	const struct pack_source source = { .count = d->tree->count,
		.entry = entry_at,
		.boundary = boundary,
		.open = open_file,
		.close = close_file,
		.ctx = d };

	manifest_init(&man);
	if (hashfile_begin(&xz, stage_dir, "rootfs.tar.xz", ARTIFACT_MODE, e) < 0 ||
		hashfile_begin(&zst, stage_dir, "rootfs.tar.zst", ARTIFACT_MODE, e) < 0 ||
		pack_run(&source, options, &to_xz, &to_zst, &man, &out->counts, e) < 0 ||
		end_file(&xz, &out->tar_xz, e) < 0 ||
		end_file(&zst, &out->tar_zst, e) < 0)
		return -1;
	return end_manifest(&man, stage_dir, out, e);
}

int pack_tree(int root_dir, const struct rootfs *tree, int stage_dir,
	const struct pack_options *options, struct pack_result *out, struct err *e)
{
	struct on_disk d = { .root_dir = root_dir, .fd = -1, .tree = tree };

	if (pack(&d, stage_dir, options, out, e) < 0)
		return err_wrap(e, "cannot pack the tree");
	return 0;
}

int pack_document(int stage_dir, const char *name, struct bytes content,
	struct artifact *out, struct err *e)
{
	if (atomic_write_file(stage_dir, name, content, ARTIFACT_MODE, e) < 0)
		return -1;
	*out = (struct artifact){
		.name = name, .size = content.len, .sha256 = digest_of(content)
	};
	return 0;
}
