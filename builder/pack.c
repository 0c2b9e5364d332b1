#include "builder/pack.h"

#include "lib/adapt/xz.h"
#include "lib/adapt/zst.h"
#include "lib/base/atomic.h"
#include "lib/base/fs.h"
#include "lib/base/pool.h"
#include "lib/model/tarwrite.h"

#include <fcntl.h>

#define ARTIFACT_MODE 0644
#define HEADER_ROOM   (1U << 20)
#define ENCODED_MAX   (PACK_CUT_MAX + (1U << 20))
#define READ_STEP     (256U << 10)

/* One piece of the tar on its way through a thread. */
struct piece {
	struct buf raw, xz, zst;
	struct xz_block info;
};

/* One archive file that grows. */
struct sink {
	struct atomic file;
	struct hasher hash;
	const char *name;
};

struct pack {
	int root_dir;
	const struct pack_options *options;
	struct manifest manifest;
	struct sink xz, zst;
	struct xz_stream *stream;
	struct pool *pool;
	struct piece *piece; /* being filled */
	struct hasher tar;
	uint64_t tar_size;
	struct err *e;
};

/* ---- pieces */

static struct piece *piece_new(void)
{
	struct piece *p = xcalloc(1, sizeof(*p));

	p->raw = (struct buf)BUF_INIT(PACK_CUT_MAX);
	p->xz = (struct buf)BUF_INIT(ENCODED_MAX);
	p->zst = (struct buf)BUF_INIT(ENCODED_MAX);
	return p;
}

static void piece_free(struct piece *p)
{
	if (!p)
		return;
	buf_release(&p->raw);
	buf_release(&p->xz);
	buf_release(&p->zst);
	free(p);
}

static void sink_add(struct sink *s, const struct buf *b)
{
	atomic_write(&s->file, b->data, b->len);
	hasher_add(&s->hash, b->data, b->len);
}

static int piece_work(void *job, void *ctx, struct err *e)
{
	struct piece *piece = job;
	const struct pack *p = ctx;
	struct bytes raw = buf_bytes(&piece->raw);

	if (xz_encode_block(raw, p->options->xz_level, &piece->xz, &piece->info, e) < 0)
		return err_wrap(e, "cannot compress '%s'", p->xz.name);
	if (zst_encode(raw, p->options->zst_level, &piece->zst, e) < 0)
		return err_wrap(e, "cannot compress '%s'", p->zst.name);
	return 0;
}

static int piece_done(void *job, void *ctx, struct err *e)
{
	struct piece *piece = job;
	struct pack *p = ctx;

	sink_add(&p->xz, &piece->xz);
	sink_add(&p->zst, &piece->zst);
	if (p->xz.file.first.code || p->zst.file.first.code) {
		*e = p->xz.file.first.code ? p->xz.file.first : p->zst.file.first;
		return -1;
	}
	return xz_stream_add(p->stream, &piece->info, e);
}

static void piece_discard(void *job, void *ctx)
{
	(void)ctx;
	piece_free(job);
}

static const struct pool_ops piece_ops = {
	.work = piece_work,
	.done = piece_done,
	.discard = piece_discard,
};

/* ---- the raw tar, cut */

static int cut(struct pack *p)
{
	struct piece *full = p->piece;

	if (full->raw.len == 0)
		return 0;
	hasher_add(&p->tar, full->raw.data, full->raw.len);
	p->tar_size += full->raw.len;
	p->piece = piece_new();
	return pool_submit(p->pool, full, p->e);
}

static int put(struct pack *p, const unsigned char *data, size_t len)
{
	while (len > 0) {
		size_t room = PACK_CUT_MAX - p->piece->raw.len;
		size_t n = len < room ? len : room;

		buf_add(&p->piece->raw, data, n);
		data += n;
		len -= n;
		if (p->piece->raw.len == PACK_CUT_MAX && cut(p) < 0)
			return -1;
	}
	return 0;
}

static int put_zeros(struct pack *p, uint64_t count)
{
	static const unsigned char zeros[16384];

	while (count > 0) {
		size_t n = count < sizeof(zeros) ? (size_t)count : sizeof(zeros);

		if (put(p, zeros, n) < 0)
			return -1;
		count -= n;
	}
	return 0;
}

static int changed(struct pack *p, const char *path)
{
	return err_set(p->e, ERR_FAILED, "'%s' changed while it was packed", path);
}

static int put_content(struct pack *p, struct manifest_entry *m)
{
	auto_free unsigned char *step = xmalloc(READ_STEP);
	auto_hasher struct hasher hash = { 0 };
	auto_fd int fd = fs_open_beneath(p->root_dir, m->path, O_RDONLY, 0, p->e);
	uint64_t left = m->size;
	ssize_t n;

	if (fd < 0)
		return -1;
	hasher_init(&hash);
	while ((n = read(fd, step, READ_STEP)) > 0) {
		if ((uint64_t)n > left)
			return changed(p, m->path);
		left -= (uint64_t)n;
		hasher_add(&hash, step, (size_t)n);
		if (put(p, step, (size_t)n) < 0)
			return -1;
	}
	if (n < 0)
		return err_sys(p->e, "cannot read '%s'", m->path);
	if (left > 0)
		return changed(p, m->path);
	m->sha256 = hasher_final(&hash);
	return put_zeros(p, tarwrite_padding(m->size));
}

static int put_entry(struct pack *p, struct manifest_entry *m, size_t number)
{
	auto_buf struct buf header = BUF_INIT(HEADER_ROOM);

	tarwrite_header(m, number, &header);
	if (buf_check(&header, "a tar header", p->e) < 0 ||
		put(p, header.data, header.len) < 0)
		return -1;
	return m->type == '0' && m->size > 0 ? put_content(p, m) : 0;
}

/* Does a package end here? Unowned entries and directories each stand alone. */
static bool is_boundary(const struct rootfs *tree, size_t i)
{
	return i > 0 && (tree->entry[i].group == PACKAGE_NONE ||
				tree->entry[i].group != tree->entry[i - 1].group);
}

static int put_tree(struct pack *p, const struct rootfs *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		struct manifest_entry m = tree->entry[i].m;

		if (p->piece->raw.len >= PACK_CUT_MIN && is_boundary(tree, i) &&
			cut(p) < 0)
			return -1;
		if (put_entry(p, &m, i) < 0 || manifest_add(&p->manifest, &m, p->e) < 0)
			return -1;
	}
	if (put_zeros(p, tarwrite_trailer(p->tar_size + p->piece->raw.len)) < 0 ||
		cut(p) < 0)
		return -1;
	return pool_finish(p->pool, p->e);
}

/* ---- files */

static int sink_open(struct sink *s, int stage_dir, struct err *e)
{
	hasher_init(&s->hash);
	return atomic_begin(&s->file, stage_dir, s->name, ARTIFACT_MODE, e);
}

static int sink_close(struct sink *s, struct artifact *out, struct err *e)
{
	uint64_t size = s->hash.len;

	if (atomic_commit(&s->file, e) < 0)
		return -1;
	*out = (struct artifact){
		.name = s->name, .size = size, .sha256 = hasher_final(&s->hash)
	};
	return 0;
}

static void sink_release(struct sink *s)
{
	atomic_cancel(&s->file);
	hasher_release(&s->hash);
}

static void pack_release(struct pack *p)
{
	pool_close(&p->pool);
	piece_free(p->piece);
	xz_stream_free(&p->stream);
	sink_release(&p->xz);
	sink_release(&p->zst);
	hasher_release(&p->tar);
	manifest_release(&p->manifest);
}

static int begin(struct pack *p, int stage_dir)
{
	auto_buf struct buf head = BUF_INIT(4096);

	manifest_init(&p->manifest);
	hasher_init(&p->tar);
	p->piece = piece_new();
	if (sink_open(&p->xz, stage_dir, p->e) < 0 ||
		sink_open(&p->zst, stage_dir, p->e) < 0 ||
		xz_stream_begin(&head, &p->stream, p->e) < 0)
		return -1;
	sink_add(&p->xz, &head);
	return pool_open(p->options->threads, &piece_ops, p, &p->pool, p->e);
}

static int end_archives(struct pack *p, struct pack_result *out)
{
	auto_buf struct buf tail = BUF_INIT(16U << 20);

	if (xz_stream_end(p->stream, &tail, p->e) < 0)
		return -1;
	sink_add(&p->xz, &tail);
	if (sink_close(&p->xz, &out->tar_xz, p->e) < 0)
		return -1;
	return sink_close(&p->zst, &out->tar_zst, p->e);
}

static int end_manifest(struct pack *p, int stage_dir, struct pack_result *out)
{
	auto_buf struct buf text = BUF_INIT(MANIFEST_BYTES_MAX);

	p->manifest.tar_size = p->tar_size;
	p->manifest.diff_id = hasher_final(&p->tar);
	if (manifest_format(&p->manifest, &text, p->e) < 0)
		return -1;
	out->diff_id = p->manifest.diff_id;
	out->entries = p->manifest.count;
	out->unpacked_size = manifest_unpacked_size(&p->manifest);
	if (pack_document(
		    stage_dir, "rootfs.man", buf_bytes(&text), &out->manifest, p->e) < 0)
		return -1;
	out->id = out->manifest.sha256;
	return 0;
}

int pack_tree(int root_dir, const struct rootfs *tree, int stage_dir,
	const struct pack_options *options, struct pack_result *out, struct err *e)
{
	with_cleanup(pack_release) struct pack p = { .root_dir = root_dir,
		.options = options,
		.xz = { .file = ATOMIC_INIT, .name = "rootfs.tar.xz" },
		.zst = { .file = ATOMIC_INIT, .name = "rootfs.tar.zst" },
		.e = e };

	if (begin(&p, stage_dir) < 0 || put_tree(&p, tree) < 0 ||
		end_archives(&p, out) < 0 || end_manifest(&p, stage_dir, out) < 0)
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
