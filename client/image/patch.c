#include "client/image/patch.h"

#include "client/image/place.h"
#include "lib/base/fs.h"

#include <fcntl.h>

#define CHUNK (256U << 10)

struct patching {
	const struct patch_job *job;
	struct unpack_state *state;
	struct manifest old, new;
	struct delta_plan plan;
	bool *is_good; /* by old entry: it was hashed */
	struct tree *tree;
	struct unpack_entry entry; /* the one being made */
	struct buf payload, base, piece;
	unsigned char chunk[CHUNK];
};

static int untrusted(struct err *e)
{
	if (e->code == ERR_PARSE || e->code == ERR_LIMIT)
		e->code = ERR_UNTRUSTED;
	return err_wrap(e, "the delta");
}

/* ---- the front of the file */

static int read_at(int fd, uint64_t offset, size_t len, const char *what, struct buf *out,
	struct err *e)
{
	unsigned char *to;
	size_t got = 0;

	buf_clear(out);
	to = buf_reserve(out, len);
	while (to && got < len) {
		ssize_t n = pread(fd, to + got, len - got, (off_t)(offset + got));

		if (n < 0)
			return err_sys(e, "cannot read %s", what);
		if (n == 0)
			return err_set(e, ERR_PARSE, "%s is cut short", what);
		got += (size_t)n;
	}
	buf_grew(out, got);
	return buf_check(out, what, e);
}

static int write_manifest(const struct patching *p, struct bytes text, struct err *e)
{
	struct digest is = digest_of(text);

	if (!digest_equal(&is, &p->job->id))
		return err_set(
			e, ERR_UNTRUSTED, "the delta makes another image than it should");
	return fs_write_all(p->job->manifest_fd, text.data, text.len, e);
}

static int read_new_manifest(struct patching *p, const struct delta_head *h,
	struct bytes old_text, struct err *e)
{
	auto_buf struct buf packed = BUF_INIT(MANIFEST_BYTES_MAX + DELTA_SLACK),
			    text = BUF_INIT(MANIFEST_BYTES_MAX);

	if (read_at(p->job->delta_fd, DELTA_HEAD_SIZE, h->manifest_packed, "the manifest",
		    &packed, e) < 0 ||
		delta_manifest(h, buf_bytes(&packed), old_text, &text, e) < 0 ||
		manifest_parse(buf_bytes(&text), &p->new, e) < 0)
		return untrusted(e);
	return write_manifest(p, buf_bytes(&text), e);
}

static int read_table(struct patching *p, const struct delta_head *h, struct err *e)
{
	auto_buf struct buf packed = BUF_INIT(DELTA_PIECE_MAX + DELTA_SLACK),
			    table = BUF_INIT(DELTA_PIECE_MAX + 1);
	uint64_t at = (uint64_t)DELTA_HEAD_SIZE + h->manifest_packed, end;
	struct stat st;

	if (fstat(p->job->delta_fd, &st) < 0)
		return err_sys(e, "cannot examine the delta");
	if (read_at(p->job->delta_fd, at, h->table_packed, "the table", &packed, e) < 0 ||
		delta_unpack(h->table_codec, buf_bytes(&packed), bytes_of(NULL, 0),
			h->table_len, &table, e) < 0 ||
		delta_table_parse(buf_bytes(&table), &p->old, at + h->table_packed,
			&p->plan, &end, e) < 0)
		return untrusted(e);
	if (p->plan.count != h->records || end != (uint64_t)st.st_size)
		return err_set(
			e, ERR_UNTRUSTED, "the delta is not of the size it tells of");
	return 0;
}

static int read_front(struct patching *p, struct err *e)
{
	auto_buf struct buf old_text = BUF_INIT(MANIFEST_BYTES_MAX),
			    head = BUF_INIT(DELTA_HEAD_SIZE + 1);
	struct delta_head h;

	if (fs_read_fd(p->job->base_manifest_fd, "rootfs.man", &old_text, e) < 0)
		return -1;
	if (manifest_parse(buf_bytes(&old_text), &p->old, e) < 0) {
		e->code = ERR_DAMAGED;
		return err_wrap(e, "the stored manifest");
	}
	if (read_at(p->job->delta_fd, 0, DELTA_HEAD_SIZE, "the head", &head, e) < 0 ||
		delta_head_parse(buf_bytes(&head), &h, e) < 0)
		return untrusted(e);
	if (read_new_manifest(p, &h, buf_bytes(&old_text), e) < 0 ||
		delta_plan(&p->old, &p->new, &p->plan, e) < 0)
		return -1;
	p->is_good = xcalloc(p->old.count + 1, sizeof(*p->is_good));
	return read_table(p, &h, e);
}

/* ---- contents */

static int open_base(const struct patching *p, uint32_t entry, struct err *e)
{
	return fs_open_beneath(p->job->base_fd, p->old.entry[entry].path,
		O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);
}

/* A stored file, hashed whole the first time it is asked for. */
static int trust_base(struct patching *p, int fd, uint32_t entry, struct err *e)
{
	const struct manifest_entry *m = &p->old.entry[entry];
	struct digest is;
	uint64_t size;

	if (p->is_good[entry])
		return 0;
	if (digest_of_fd(fd, m->path, &is, &size, e) < 0)
		return -1;
	if (size != m->size || !digest_equal(&is, &m->sha256))
		return err_set(e, ERR_DAMAGED,
			"'%s' of the stored image is not what its manifest says",
			m->path);
	p->is_good[entry] = true;
	return 0;
}

static bool same_xattrs(const struct manifest_entry *a, const struct manifest_entry *b)
{
	for (size_t i = 0; i < a->xattr_count; i++)
		if (strcmp(a->xattr[i].name, b->xattr[i].name) != 0 ||
			a->xattr[i].len != b->xattr[i].len ||
			memcmp(a->xattr[i].value, b->xattr[i].value, a->xattr[i].len) !=
				0)
			return false;
	return true;
}

/* One inode has one owner, mode, time and one set of attributes. */
static bool is_unchanged(const struct manifest_entry *a, const struct manifest_entry *b)
{
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
	       a->mtime_s == b->mtime_s && a->xattr_count == b->xattr_count &&
	       same_xattrs(a, b);
}

static int copy_all(struct patching *p, int from, int to, struct hasher *hash,
	const char *name, struct err *e)
{
	uint64_t at = 0;

	for (;;) {
		ssize_t n = pread(from, p->chunk, sizeof(p->chunk), (off_t)at);

		if (n < 0)
			return err_sys(e, "cannot read '%s'", name);
		if (n == 0)
			return 0;
		hasher_add(hash, p->chunk, (size_t)n);
		if (fs_write_all(to, p->chunk, (size_t)n, e) < 0)
			return err_wrap(e, "cannot write '%s'", name);
		at += (uint64_t)n;
	}
}

/* The record's pieces, one after another. */
static int tell_all(struct patching *p, const struct delta_record *r, int to,
	struct hasher *hash, struct err *e)
{
	const struct manifest_entry *m = &p->new.entry[r->entry];
	auto_fd int base_fd = r->base == DELTA_NO_BASE ? -1 : open_base(p, r->base, e);

	if (r->base != DELTA_NO_BASE &&
		(base_fd < 0 || trust_base(p, base_fd, r->base, e) < 0))
		return -1;
	for (uint32_t k = 0; k < r->piece_count; k++) {
		const struct delta_piece *piece = &p->plan.piece[r->piece + k];
		uint64_t offset;
		size_t len;

		buf_clear(&p->base);
		buf_clear(&p->piece);
		if (base_fd >= 0 &&
			delta_piece_at(p->old.entry[r->base].size, k, &offset, &len) &&
			read_at(base_fd, offset, len, "the base", &p->base, e) < 0)
			return -1;
		if (!delta_piece_at(m->size, k, &offset, &len))
			break;
		if (read_at(p->job->delta_fd, piece->offset, piece->len, "a payload",
			    &p->payload, e) < 0 ||
			deltapiece_apply(piece->method, buf_bytes(&p->payload),
				buf_bytes(&p->base), len, &p->piece, e) < 0)
			return untrusted(e);
		hasher_add(hash, p->piece.data, p->piece.len);
		if (fs_write_all(to, p->piece.data, p->piece.len, e) < 0)
			return err_wrap(e, "cannot write '%s'", m->path);
	}
	return 0;
}

/* ---- one file */

/* Where its content is read from: the stored tree, or the new one when an earlier file was told
 * with it. */
static int write_content(
	struct patching *p, uint32_t at, int to, struct hasher *hash, struct err *e)
{
	const struct delta_source *s = &p->plan.source[at];
	const struct manifest_entry *m = &p->new.entry[at];
	auto_fd int from = -1;

	if (!m->size)
		return 0;
	if (s->record != DELTA_NO_ENTRY && p->plan.record[s->record].entry == at)
		return tell_all(p, &p->plan.record[s->record], to, hash, e);
	if (s->record != DELTA_NO_ENTRY)
		from = fs_open_beneath(p->job->root_fd,
			p->new.entry[p->plan.record[s->record].entry].path, O_RDONLY, 0,
			e);
	else
		from = open_base(p, s->old_entry, e);
	if (from < 0)
		return -1;
	return copy_all(p, from, to, hash, m->path, e);
}

static int write_file(
	struct patching *p, uint32_t at, const struct tree_meta *meta, struct err *e)
{
	const struct manifest_entry *m = &p->new.entry[at];
	auto_hasher struct hasher hash = { 0 };
	auto_fd int fd = tree_file_begin(p->tree, &p->entry.path, meta->mode, e);
	struct digest is;

	if (fd < 0)
		return -1;
	hasher_init(&hash);
	if (write_content(p, at, fd, &hash, e) < 0)
		return -1;
	is = hasher_final(&hash);
	if (m->size && !digest_equal(&is, &m->sha256))
		return err_set(e,
			p->plan.source[at].record == DELTA_NO_ENTRY ? ERR_DAMAGED
								    : ERR_UNTRUSTED,
			"'%s' did not come out as the manifest says", m->path);
	return tree_file_end(p->tree, fd, &p->entry.path, meta, e);
}

/* The stored file may have been given other rights since. */
static bool is_as_stored(const struct patching *p, int fd)
{
	const struct unpack_entry *w = &p->entry;
	bool ids = !(p->job->tree_flags & TREE_NO_CHOWN);
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & 07777) == w->mode &&
	       st.st_mtim.tv_sec == w->mtime_s &&
	       (!ids || (st.st_uid == w->uid && st.st_gid == w->gid));
}

/* 1 linked to the stored tree's file, 0 it has to be written, -1. */
static int link_file(struct patching *p, uint32_t at, struct err *e)
{
	uint32_t old = p->plan.source[at].old_entry;
	struct relpath from;
	auto_fd int fd = -1;

	if (old == DELTA_NO_ENTRY || !is_unchanged(&p->old.entry[old], &p->new.entry[at]))
		return 0;
	fd = open_base(p, old, e);
	if (fd < 0 || trust_base(p, fd, old, e) < 0 ||
		relpath_parse(p->old.entry[old].path, &from, e) < 0)
		return -1;
	if (!is_as_stored(p, fd))
		return 0;
	return tree_adopt(p->tree, &p->entry.path, p->job->base_fd, &from, e);
}

static int make_file(
	struct patching *p, uint32_t at, const struct tree_meta *meta, struct err *e)
{
	int rc = link_file(p, at, e);

	return rc != 0 ? (rc < 0 ? -1 : 0) : write_file(p, at, meta, e);
}

/* ---- all entries */

static int make_entry(struct patching *p, uint32_t at, struct err *e)
{
	struct tree_xattr xattrs[TAR_XATTR_MAX];
	struct tar_entry t;
	struct tree_meta meta;

	place_as_tar(&p->new.entry[at], &t);
	switch (unpack_judge(p->state, &t, &p->entry, e)) {
	case UNPACK_KEEP:
		meta = place_meta(&p->entry, xattrs);
		return p->entry.type == TAR_FILE
			       ? make_file(p, at, &meta, e)
			       : place_entry(p->tree, &p->entry, &meta, e);
	case UNPACK_ROOT:
		meta = place_meta(&p->entry, xattrs);
		return tree_root(p->tree, &meta, e);
	case UNPACK_SKIP:
		return 0;
	default:
		return untrusted(e);
	}
}

static int check_end(const struct patching *p, struct err *e)
{
	const struct unpack_state *s = p->state;

	if (s->entries == s->limits.entries && s->bytes == s->limits.unpacked_size)
		return 0;
	return err_set(e, ERR_UNTRUSTED,
		"%llu entries of %llu bytes where %llu of %llu were signed for",
		(unsigned long long)s->entries, (unsigned long long)s->bytes,
		(unsigned long long)s->limits.entries,
		(unsigned long long)s->limits.unpacked_size);
}

static int make_tree(struct patching *p, int (*moved)(void *ctx, struct err *e),
	void *ctx, struct err *e)
{
	if (tree_open(p->job->root_fd, p->job->tree_flags, &p->tree, e) < 0)
		return -1;
	for (uint32_t i = 0; i < p->new.count; i++)
		if (make_entry(p, i, e) < 0 || moved(ctx, e) < 0)
			return -1;
	if (check_end(p, e) < 0)
		return -1;
	return tree_finish(p->tree, e);
}

int patch_run(const struct patch_job *job, struct unpack_state *state,
	int (*moved)(void *ctx, struct err *e), void *ctx, struct err *e)
{
	struct patching *p = xcalloc(1, sizeof(*p));
	int rc;

	p->job = job;
	p->state = state;
	p->payload.ceiling = DELTA_PIECE_MAX + DELTA_SLACK;
	p->base.ceiling = DELTA_PIECE_MAX;
	p->piece.ceiling = DELTA_PIECE_MAX + 1;
	manifest_init(&p->old);
	manifest_init(&p->new);
	rc = read_front(p, e);
	if (rc == 0)
		rc = make_tree(p, moved, ctx, e);
	tree_release(&p->tree);
	delta_plan_release(&p->plan);
	manifest_release(&p->old);
	manifest_release(&p->new);
	buf_release(&p->payload);
	buf_release(&p->base);
	buf_release(&p->piece);
	free(p->is_good);
	free(p);
	return rc;
}
