#include "builder/sqlitefile.h"

#define MAGIC       "SQLite format 3"
#define FILE_HEADER 100
#define TABLE_LEAF  13
#define TABLE_INNER 5
#define RECORD_MAX  (64U << 20)
#define SCHEMA_NAME 1
#define SCHEMA_ROOT 3
#define DEPTH_MAX   16

struct reader_state {
	struct bytes file;
	size_t page_size, usable;
	size_t pages_left; /* of visits: a cycle ends here */
	sqlitefile_row *row;
	void *ctx;
	struct err *e;
};

static uint32_t be(const unsigned char *p, unsigned int size)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		value = value << 8 | p[i];
	return value;
}

static int damaged(struct reader_state *s, const char *what)
{
	return err_set(s->e, ERR_PARSE, "this is no whole SQLite file: %s", what);
}

/* Bytes used, 0 beyond the end. */
static size_t varint(struct bytes in, uint64_t *out)
{
	uint64_t value = 0;

	for (size_t i = 0; i < 9 && i < in.len; i++) {
		if (i == 8) {
			*out = value << 8 | in.data[i];
			return 9;
		}
		value = value << 7 | (in.data[i] & 0x7f);
		if (!(in.data[i] & 0x80)) {
			*out = value;
			return i + 1;
		}
	}
	return 0;
}

static int page_at(struct reader_state *s, uint32_t number, struct bytes *out)
{
	if (number == 0 || number > s->file.len / s->page_size)
		return damaged(s, "a page is not there");
	if (s->pages_left-- == 0)
		return damaged(s, "its pages form a circle");
	*out = bytes_of(s->file.data + (number - 1) * s->page_size, s->usable);
	return 0;
}

/* ---- one row: what lies in the page, then a chain of pages */

/* How much of a payload stays in the page (section 1.6 of the source). */
static size_t local_size(const struct reader_state *s, uint64_t size)
{
	uint64_t max = s->usable - 35, min = (s->usable - 12) * 32 / 255 - 23;
	uint64_t k = min + (size > min ? (size - min) % (s->usable - 4) : 0);

	if (size <= max)
		return (size_t)size;
	return (size_t)(k <= max ? k : min);
}

static int read_overflow(
	struct reader_state *s, uint32_t number, uint64_t left, struct buf *out)
{
	while (left) {
		struct bytes page;
		size_t take;

		if (page_at(s, number, &page) < 0)
			return -1;
		take = left < page.len - 4 ? (size_t)left : page.len - 4;
		buf_add(out, page.data + 4, take);
		left -= take;
		number = be(page.data, 4);
	}
	return buf_check(out, "a row", s->e);
}

static int read_cell(struct reader_state *s, struct bytes cell)
{
	auto_buf struct buf record = BUF_INIT(RECORD_MAX);
	uint64_t size, rowid;
	size_t at = varint(cell, &size), used, local;

	used = at ? varint(bytes_of(cell.data + at, cell.len - at), &rowid) : 0;
	if (!used || size > RECORD_MAX)
		return damaged(s, "a row has no size");
	at += used;
	local = local_size(s, size);
	if (cell.len - at < local || (local < size && cell.len - at - local < 4))
		return damaged(s, "a row leaves its page");
	buf_add(&record, cell.data + at, local);
	if (local < size && read_overflow(s, be(cell.data + at + local, 4), size - local,
				    &record) < 0)
		return -1;
	return s->row(s->ctx, buf_bytes(&record), s->e);
}

/* ---- the tree */

static int walk(struct reader_state *s, uint32_t number, unsigned int depth)
{
	struct bytes page;
	size_t head = number == 1 ? FILE_HEADER : 0, count, cells;
	unsigned char kind;

	if (depth == DEPTH_MAX)
		return damaged(s, "its tree is too deep");
	if (page_at(s, number, &page) < 0)
		return -1;
	kind = page.data[head];
	if (kind != TABLE_LEAF && kind != TABLE_INNER)
		return damaged(s, "a page is of another kind");
	count = be(page.data + head + 3, 2);
	cells = head + (kind == TABLE_LEAF ? 8 : 12);
	if (cells + count * 2 > page.len)
		return damaged(s, "a page has too many cells");
	for (size_t i = 0; i < count; i++) {
		size_t at = be(page.data + cells + i * 2, 2);

		if (at + 4 > page.len)
			return damaged(s, "a cell leaves its page");
		if (kind == TABLE_INNER) {
			if (walk(s, be(page.data + at, 4), depth + 1) < 0)
				return -1;
		} else if (read_cell(s, bytes_of(page.data + at, page.len - at)) < 0) {
			return -1;
		}
	}
	if (kind == TABLE_INNER)
		return walk(s, be(page.data + head + 8, 4), depth + 1);
	return 0;
}

/* ---- records */

static size_t width_of(uint64_t type)
{
	static const unsigned char widths[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0 };

	if (type < ARRAY_COUNT(widths))
		return widths[type];
	return type < 12 ? 0 : (size_t)((type - 12) / 2);
}

/* The type and bytes of column n. */
static bool find_column(
	struct bytes record, unsigned int n, uint64_t *type, struct bytes *out)
{
	uint64_t head;
	size_t at = varint(record, &head), data;

	if (!at || head > record.len)
		return false;
	data = (size_t)head;
	for (unsigned int i = 0;; i++) {
		size_t used =
			at < head ? varint(bytes_of(record.data + at, (size_t)head - at),
					    type)
				  : 0;

		if (!used || width_of(*type) > record.len - data)
			return false;
		*out = bytes_of(record.data + data, width_of(*type));
		if (i == n)
			return true;
		at += used;
		data += out->len;
	}
}

bool sqlitefile_column(struct bytes record, unsigned int n, struct bytes *out)
{
	uint64_t type;

	return find_column(record, n, &type, out) && type >= 12;
}

bool sqlitefile_number(struct bytes record, unsigned int n, int64_t *out)
{
	struct bytes value;
	uint64_t type;

	if (!find_column(record, n, &type, &value) || type == 0 || type == 7 ||
		type > 9 || value.len > 4)
		return false;
	*out = type >= 8 ? (int64_t)(type - 8)
			 : (int64_t)be(value.data, (unsigned int)value.len);
	return true;
}

/* ---- the table's root */

struct wanted {
	const char *table;
	int64_t root;
};

static int find_root(void *ctx, struct bytes record, struct err *e)
{
	struct wanted *w = ctx;
	struct bytes name;

	(void)e;
	if (sqlitefile_column(record, SCHEMA_NAME, &name) &&
		bytes_equal_str(name, w->table) &&
		!sqlitefile_number(record, SCHEMA_ROOT, &w->root))
		w->root = 0;
	return 0;
}

int sqlitefile_read(struct bytes file, const char *table, sqlitefile_row *row, void *ctx,
	struct err *e)
{
	struct wanted w = { .table = table };
	struct reader_state s = { .file = file, .row = find_root, .ctx = &w, .e = e };

	if (file.len < 512 || memcmp(file.data, MAGIC, sizeof(MAGIC)) != 0)
		return damaged(&s, "it does not begin like one");
	s.page_size = be(file.data + 16, 2) == 1 ? 65536 : be(file.data + 16, 2);
	if (s.page_size < 512 || (s.page_size & (s.page_size - 1)) || file.data[20] > 32)
		return damaged(&s, "its page size is none");
	s.usable = s.page_size - file.data[20];
	s.pages_left = file.len / s.page_size + 1;
	if (walk(&s, 1, 0) < 0)
		return -1;
	if (w.root <= 0)
		return err_set(e, ERR_PARSE, "it has no table '%s'", table);
	s.row = row;
	s.ctx = ctx;
	s.pages_left = file.len / s.page_size + 1;
	return walk(&s, (uint32_t)w.root, 0);
}
