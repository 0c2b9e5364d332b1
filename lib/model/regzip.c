#include "lib/model/regzip.h"

#include "lib/model/deflate.h"
#include "lib/model/varint.h"

#define FIXED_HEADER 10
#define TRAILER      8
#define NAME_MAX_LEN 1024
#define BY_GZIP      0x80

enum gzip_flags {
	GZIP_HEADER_CRC = 2,
	GZIP_EXTRA = 4,
	GZIP_NAME = 8,
	GZIP_COMMENT = 16,
	GZIP_RESERVED = 0xe0,
};

/* Length of a NUL-terminated string at pos, with its NUL; 0 when it has none. */
static size_t string_length(struct bytes gz, size_t pos)
{
	for (size_t i = pos; i < gz.len && i - pos < NAME_MAX_LEN; i++)
		if (!gz.data[i])
			return i - pos + 1;
	return 0;
}

/* Length of the header, 0 when this is no .gz. */
static size_t header_length(struct bytes gz)
{
	size_t pos = FIXED_HEADER;
	unsigned int flags;

	if (gz.len < FIXED_HEADER + TRAILER || gz.data[0] != 0x1f || gz.data[1] != 0x8b ||
		gz.data[2] != 8)
		return 0;
	flags = gz.data[3];
	if (flags & (GZIP_RESERVED | GZIP_EXTRA | GZIP_HEADER_CRC))
		return 0; /* nobody's documentation has those */
	for (unsigned int i = 0; i < 2; i++) {
		size_t n;

		if (!(flags & (i ? GZIP_COMMENT : GZIP_NAME)))
			continue;
		n = string_length(gz, pos);
		if (!n)
			return 0;
		pos += n;
	}
	return pos;
}

struct member {
	size_t header, stream; /* bytes of each; the trailer follows */
	struct deflate_blocks blocks;
};

static int read_member(
	struct bytes gz, struct member *m, struct buf *content, struct err *e)
{
	m->header = header_length(gz);
	if (!m->header)
		return err_set(e, ERR_PARSE, "not a .gz file");
	if (deflate_read(bytes_of(gz.data + m->header, gz.len - m->header), content,
		    &m->blocks, &m->stream, e) < 0)
		return -1;
	if (gz.len - m->header - m->stream != TRAILER)
		return err_set(e, ERR_PARSE, "a .gz file of more than one member");
	return 0;
}

int regzip_contents(struct bytes gz, struct buf *content, struct err *e)
{
	struct member m = { 0 };
	int rc = read_member(gz, &m, content, e);

	deflate_blocks_release(&m.blocks);
	return rc;
}

static void format_recipe(struct bytes gz, const struct member *m,
	const struct deflate_search *search, struct buf *out)
{
	size_t end = m->header + m->stream;

	varint_add(out, m->header);
	buf_add(out, gz.data, m->header);
	buf_add_byte(
		out, (unsigned char)(search->level | (search->is_gzip ? BY_GZIP : 0)));
	varint_add(out, m->blocks.count);
	for (size_t i = 0; i < m->blocks.count; i++)
		varint_add(out, (uint64_t)m->blocks.block[i].count << 2 |
					(unsigned int)m->blocks.block[i].kind);
	varint_add(out, gz.len - end);
	buf_add(out, gz.data + end, gz.len - end);
}

/* The levels in the order in which they are likely, by what the header says. */
static const unsigned char *levels(const unsigned char *header)
{
	static const unsigned char best[] = { 9, 8, 0 }, fast[] = { 1, 2, 0 },
				   other[] = { 6, 5, 7, 4, 3, 2, 8, 9, 1, 0 };

	return header[8] == 2 ? best : header[8] == 4 ? fast : other;
}

/* Tries what may have made the stream: 1 found, 0, -1. */
static int find_search(struct bytes gz, const struct member *m, struct bytes content,
	struct deflate_search *out, struct err *e)
{
	struct bytes stream = bytes_of(gz.data + m->header, m->stream);

	for (const unsigned char *level = levels(gz.data); *level; level++)
		for (int is_gzip = 1; is_gzip >= 0; is_gzip--) {
			auto_buf struct buf made = BUF_INIT(m->stream + 1);
			struct deflate_search search = { *level, is_gzip != 0 };

			if (deflate_write(content, &search, &m->blocks, &made, e) < 0) {
				if (e->code == ERR_PARSE || e->code == ERR_LIMIT)
					continue;
				return -1;
			}
			if (bytes_equal(buf_bytes(&made), stream)) {
				*out = search;
				return 1;
			}
		}
	return 0;
}

int regzip_analyse(
	struct bytes gz, struct buf *content, struct buf *recipe, struct err *e)
{
	struct member m = { 0 };
	struct deflate_search search;
	struct err ignored;
	int rc = read_member(gz, &m, content, &ignored) < 0 ? 0 : 1;

	if (rc > 0)
		rc = find_search(gz, &m, buf_bytes(content), &search, &ignored);
	if (rc > 0) {
		format_recipe(gz, &m, &search, recipe);
		rc = recipe->over ? 0 : 1;
	}
	if (rc < 0)
		*e = ignored;
	deflate_blocks_release(&m.blocks);
	return rc;
}

static int parse_blocks(struct bytes *in, struct deflate_blocks *out, struct err *e)
{
	uint64_t count;

	if (varint_take(in, DEFLATE_BLOCKS_MAX, &count, e) < 0)
		return -1;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t v;
		struct deflate_block block;

		if (varint_take(in, (uint64_t)DEFLATE_CONTENT_MAX << 2 | 3, &v, e) < 0)
			return -1;
		block = (struct deflate_block){ (enum deflate_kind)(v & 3),
			(uint32_t)(v >> 2) };
		if ((v & 3) > DEFLATE_DYNAMIC ||
			(block.kind == DEFLATE_STORED && block.count > 0xffff))
			return err_set(e, ERR_PARSE, "a block that is none");
		if (deflate_blocks_add(out, block, e) < 0)
			return -1;
	}
	return 0;
}

int regzip_make(struct bytes content, struct bytes recipe, struct buf *out, struct err *e)
{
	auto_deflate_blocks struct deflate_blocks blocks = { 0 };
	struct deflate_search search;
	struct bytes header, how, trailer;
	uint64_t n;

	if (varint_take(&recipe, REGZIP_RECIPE_MAX, &n, e) < 0 ||
		varint_take_bytes(&recipe, n, &header, e) < 0 ||
		varint_take_bytes(&recipe, 1, &how, e) < 0 ||
		parse_blocks(&recipe, &blocks, e) < 0 ||
		varint_take(&recipe, REGZIP_RECIPE_MAX, &n, e) < 0 ||
		varint_take_bytes(&recipe, n, &trailer, e) < 0)
		return err_wrap(e, "regzip");
	if (recipe.len)
		return err_set(e, ERR_PARSE, "regzip: bytes are left over");
	search = (struct deflate_search){ how.data[0] & (BY_GZIP - 1U),
		(how.data[0] & BY_GZIP) != 0 };
	buf_add(out, header.data, header.len);
	if (deflate_write(content, &search, &blocks, out, e) < 0)
		return err_wrap(e, "regzip");
	buf_add(out, trailer.data, trailer.len);
	return buf_check(out, "a .gz file", e);
}
