#include "indexer/deltafile.h"

#include "lib/adapt/zst.h"
#include "lib/base/fs.h"
#include "lib/base/pool.h"
#include "lib/model/delta.h"

#include <fcntl.h>

#define CHUNK     65536
#define TAR       "rootfs.tar.zst"
#define MANIFEST  "rootfs.man"
#define TABLE_MAX (16U << 20)

struct side {
	struct buf text; /* of the manifest */
	struct manifest man;
	bool *wanted; /* by entry: its content is needed */
	char prefix;  /* of its files in the scratch directory */
};

struct making {
	const struct deltafile *d;
	struct side old, new;
	struct delta_plan plan;
	int payload_fd;
	uint64_t payload_size;
	bool is_too_large;
};

/* One piece on its way through the pool. */
struct job {
	struct making *m;
	const struct delta_record *record;
	uint32_t number;
	unsigned char method;
	struct buf payload;
};

static int read_manifest(int dir_fd, struct side *s, struct err *e)
{
	s->text.ceiling = MANIFEST_BYTES_MAX;
	if (fs_read_at(dir_fd, MANIFEST, &s->text, e) < 0 ||
		manifest_parse(buf_bytes(&s->text), &s->man, e) < 0)
		return err_wrap(e, "'" MANIFEST "'");
	s->wanted = xcalloc(s->man.count + 1, sizeof(*s->wanted));
	return 0;
}

static void content_name(const struct side *s, size_t entry, char out[32])
{
	snprintf(out, 32, "%c%zu", s->prefix, entry);
}

/* The content of the tar's current entry into the scratch directory. */
static int save_content(struct tar *tar, const struct side *s, size_t entry,
	int scratch_fd, struct err *e)
{
	auto_hasher struct hasher h;
	auto_free unsigned char *chunk = xmalloc(CHUNK);
	struct digest is;
	char name[32];
	ssize_t n;

	content_name(s, entry, name);
	auto_fd int fd =
		openat(scratch_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "cannot make '%s'", name);
	hasher_init(&h);
	while ((n = tar_read(tar, chunk, CHUNK, e)) > 0) {
		hasher_add(&h, chunk, (size_t)n);
		if (fs_write_all(fd, chunk, (size_t)n, e) < 0)
			return -1;
	}
	if (n < 0)
		return -1;
	is = hasher_final(&h);
	if (!digest_equal(&is, &s->man.entry[entry].sha256))
		return err_set(e, ERR_DAMAGED, "'%s' is not what the manifest says",
			s->man.entry[entry].path);
	return 0;
}

/* Tar order is manifest order: entry i of one is entry i of the other. */
static int extract(int dir_fd, const struct side *s, int scratch_fd, struct err *e)
{
	auto_fd int fd = fs_open_beneath(dir_fd, TAR, O_RDONLY, 0, e);
	auto_zst struct zst_reader *zst = NULL;
	auto_tar struct tar *tar = NULL;
	struct reader in = reader_of_fd(&fd), plain;
	struct tar_entry t;
	size_t entry = 0;
	int rc;

	if (fd < 0 || zst_open(&in, &zst, e) < 0)
		return -1;
	plain = zst_as_reader(zst);
	if (tar_open(&plain, &tar, e) < 0)
		return -1;
	for (; (rc = tar_next(tar, &t, e)) > 0; entry++) {
		if (entry == s->man.count)
			return err_set(e, ERR_DAMAGED,
				"'" TAR "' has more entries than its manifest");
		if (s->wanted[entry] && save_content(tar, s, entry, scratch_fd, e) < 0)
			return -1;
	}
	return rc;
}

static void mark_wanted(struct making *m)
{
	for (size_t i = 0; i < m->plan.count; i++) {
		const struct delta_record *r = &m->plan.record[i];

		m->new.wanted[r->entry] = true;
		if (r->base != DELTA_NO_BASE)
			m->old.wanted[r->base] = true;
	}
}

/* Piece `number` of an entry's content; empty behind its end. */
static int read_piece(struct making *m, const struct side *s, uint32_t entry,
	uint32_t number, struct buf *out, struct err *e)
{
	char name[32];
	uint64_t offset;
	size_t len, got = 0;
	unsigned char *to;

	if (!delta_piece_at(s->man.entry[entry].size, number, &offset, &len))
		return 0;
	content_name(s, entry, name);
	auto_fd int fd = openat(m->d->scratch_fd, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot open '%s'", name);
	to = buf_reserve(out, len);
	while (to && got < len) {
		ssize_t n = pread(fd, to + got, len - got, (off_t)(offset + got));

		if (n <= 0)
			return err_sys(e, "cannot read '%s'", name);
		got += (size_t)n;
	}
	buf_grew(out, got);
	return buf_check(out, name, e);
}

static int make_piece(void *job, void *ctx, struct err *e)
{
	auto_buf struct buf piece = BUF_INIT(DELTA_PIECE_MAX),
			    base = BUF_INIT(DELTA_PIECE_MAX),
			    again = BUF_INIT(DELTA_PIECE_MAX + 1);
	struct job *j = job;
	struct making *m = ctx;
	const struct delta_record *r = j->record;

	if (read_piece(m, &m->new, r->entry, j->number, &piece, e) < 0 ||
		(r->base != DELTA_NO_BASE &&
			read_piece(m, &m->old, r->base, j->number, &base, e) < 0))
		return -1;
	if (deltapiece_make(
		    buf_bytes(&piece), buf_bytes(&base), &j->method, &j->payload, e) < 0)
		return -1;
	if (deltapiece_apply(j->method, buf_bytes(&j->payload), buf_bytes(&base),
		    piece.len, &again, e) < 0)
		return err_wrap(
			e, "'%s' cannot be made again", m->new.man.entry[r->entry].path);
	if (!bytes_equal(buf_bytes(&again), buf_bytes(&piece)))
		return err_set(e, ERR_FAILED, "'%s' is not made again",
			m->new.man.entry[r->entry].path);
	return 0;
}

static int keep_piece(void *job, void *ctx, struct err *e)
{
	struct job *j = job;
	struct making *m = ctx;

	m->plan.piece[j->record->piece + j->number] = (struct delta_piece){
		.method = j->method,
		.len = (uint32_t)j->payload.len,
	};
	m->payload_size += j->payload.len;
	m->is_too_large = m->payload_size > m->d->max_size;
	if (m->is_too_large)
		return err_set(e, ERR_LIMIT, "the delta is too large");
	return fs_write_all(m->payload_fd, j->payload.data, j->payload.len, e);
}

static void discard(void *job, void *ctx)
{
	struct job *j = job;

	(void)ctx;
	buf_release(&j->payload);
	free(j);
}

static int make_pieces(struct making *m, struct err *e)
{
	static const struct pool_ops ops = { make_piece, keep_piece, discard };
	auto_pool struct pool *pool = NULL;

	if (pool_open(m->d->threads, &ops, m, &pool, e) < 0)
		return -1;
	for (size_t i = 0; i < m->plan.count; i++)
		for (uint32_t k = 0; k < m->plan.record[i].piece_count; k++) {
			struct job *j = xcalloc(1, sizeof(*j));

			*j = (struct job){ .m = m,
				.record = &m->plan.record[i],
				.number = k,
				.payload = BUF_INIT(DELTA_PIECE_MAX + DELTA_SLACK) };
			if (pool_submit(pool, j, e) < 0)
				return -1;
		}
	return pool_finish(pool, e);
}

/* Everything before the payloads. */
static int format_front(struct making *m, struct buf *out, struct err *e)
{
	auto_buf struct buf manifest = BUF_INIT(MANIFEST_BYTES_MAX + DELTA_SLACK),
			    table = BUF_INIT(TABLE_MAX),
			    packed = BUF_INIT(TABLE_MAX + DELTA_SLACK);
	struct delta_head h = {
		.old_id = digest_of(buf_bytes(&m->old.text)),
		.new_id = digest_of(buf_bytes(&m->new.text)),
		.records = (uint32_t)m->plan.count,
		.manifest_len = m->new.text.len,
	};

	delta_table_format(&m->plan, &table);
	if (buf_check(&table, "the table", e) < 0 ||
		delta_pack(buf_bytes(&m->new.text), buf_bytes(&m->old.text),
			&h.manifest_codec, &manifest, e) < 0 ||
		delta_pack(buf_bytes(&table), bytes_of(NULL, 0), &h.table_codec, &packed,
			e) < 0)
		return -1;
	h.manifest_packed = (uint32_t)manifest.len;
	h.table_len = (uint32_t)table.len;
	h.table_packed = (uint32_t)packed.len;
	delta_head_format(&h, out);
	buf_add(out, manifest.data, manifest.len);
	buf_add(out, packed.data, packed.len);
	return buf_check(out, "the delta", e);
}

static int assemble(struct making *m, const char *name, struct err *e)
{
	auto_buf struct buf front = BUF_INIT(2 * MANIFEST_BYTES_MAX);
	auto_fd int fd = -1;

	if (format_front(m, &front, e) < 0)
		return -1;
	m->is_too_large = front.len + m->payload_size > m->d->max_size;
	if (m->is_too_large)
		return err_set(e, ERR_LIMIT, "the delta is too large");
	fd = openat(
		m->d->scratch_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || lseek(m->payload_fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot make '%s'", name);
	if (fchmod(fd, 0644) < 0)
		return err_sys(e, "cannot set the mode of '%s'", name);
	if (fs_write_all(fd, front.data, front.len, e) < 0 ||
		fs_copy_fd(m->payload_fd, fd, (int64_t)m->payload_size, e) < 0)
		return err_wrap(e, "cannot write '%s'", name);
	return fs_sync(fd, name, e);
}

static int make(struct making *m, const char *name, struct err *e)
{
	if (read_manifest(m->d->old_fd, &m->old, e) < 0 ||
		read_manifest(m->d->new_fd, &m->new, e) < 0 ||
		delta_plan(&m->old.man, &m->new.man, &m->plan, e) < 0)
		return -1;
	mark_wanted(m);
	m->payload_fd = openat(m->d->scratch_fd, "payloads",
		O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (m->payload_fd < 0)
		return err_sys(e, "cannot make 'payloads'");
	if (extract(m->d->old_fd, &m->old, m->d->scratch_fd, e) < 0 ||
		extract(m->d->new_fd, &m->new, m->d->scratch_fd, e) < 0 ||
		make_pieces(m, e) < 0)
		return -1;
	return assemble(m, name, e);
}

static void side_release(struct side *s)
{
	buf_release(&s->text);
	manifest_release(&s->man);
	free(s->wanted);
}

int deltafile_make(const struct deltafile *d, const char *name, struct err *e)
{
	struct making m = { .d = d,
		.old = { .prefix = 'o' },
		.new = { .prefix = 'n' },
		.payload_fd = -1 };
	struct err why;
	int rc;

	manifest_init(&m.old.man);
	manifest_init(&m.new.man);
	rc = make(&m, name, &why) < 0 ? -1 : 1;
	if (rc < 0 && m.is_too_large)
		rc = 0;
	if (rc < 0)
		*e = why;
	side_release(&m.old);
	side_release(&m.new);
	delta_plan_release(&m.plan);
	if (m.payload_fd >= 0)
		close(m.payload_fd);
	return rc;
}
