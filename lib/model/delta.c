#include "lib/model/delta.h"

#include "lib/model/varint.h"

static const char magic[8] = "RYDELTA1";

#define TABLE_MAX (16U << 20)

/* What a base is called in the table. */
enum base_word {
	BASE_NONE = 0,
	BASE_USUAL = 1,
	BASE_OTHER = 2, /* and more: an entry of the old manifest, counted from here */
};

void delta_head_format(const struct delta_head *h, struct buf *out)
{
	buf_add(out, magic, sizeof(magic));
	buf_add_le(out, 1, 4);
	buf_add_le(out, 0, 4);
	buf_add(out, h->old_id.byte, DIGEST_SIZE);
	buf_add(out, h->new_id.byte, DIGEST_SIZE);
	buf_add_le(out, h->records, 4);
	buf_add_byte(out, (unsigned char)h->manifest_codec);
	buf_add_byte(out, (unsigned char)h->table_codec);
	buf_add_le(out, 0, 2);
	buf_add_le(out, h->manifest_len, 8);
	buf_add_le(out, h->manifest_packed, 4);
	buf_add_le(out, h->table_len, 4);
	buf_add_le(out, h->table_packed, 4);
	buf_add_le(out, 0, 4);
}

int delta_head_parse(struct bytes in, struct delta_head *out, struct err *e)
{
	const unsigned char *p = in.data;
	struct delta_head h;

	if (in.len != DELTA_HEAD_SIZE || memcmp(p, magic, sizeof(magic)) != 0)
		return err_set(e, ERR_PARSE, "not a delta");
	if (bytes_le32(p + 8) != 1 || bytes_le32(p + 12) || bytes_le16(p + 86) ||
		bytes_le32(p + 108))
		return err_set(e, ERR_PARSE, "a delta of an unknown version");
	memcpy(h.old_id.byte, p + 16, DIGEST_SIZE);
	memcpy(h.new_id.byte, p + 48, DIGEST_SIZE);
	h.records = bytes_le32(p + 80);
	h.manifest_codec = (enum delta_codec)p[84];
	h.table_codec = (enum delta_codec)p[85];
	h.manifest_len = bytes_le64(p + 88);
	h.manifest_packed = bytes_le32(p + 96);
	h.table_len = bytes_le32(p + 100);
	h.table_packed = bytes_le32(p + 104);
	if (h.manifest_len > MANIFEST_BYTES_MAX ||
		h.manifest_packed > MANIFEST_BYTES_MAX + DELTA_SLACK ||
		h.table_len > TABLE_MAX || h.table_packed > TABLE_MAX)
		return err_set(e, ERR_LIMIT, "a delta of a manifest that is too large");
	*out = h;
	return 0;
}

int delta_manifest(const struct delta_head *h, struct bytes packed,
	struct bytes old_manifest, struct buf *out, struct err *e)
{
	auto_buf struct buf raw = BUF_INIT(MANIFEST_BYTES_MAX + 1);
	struct digest is = digest_of(old_manifest);

	if (!digest_equal(&is, &h->old_id))
		return err_set(e, ERR_CONFLICT, "the delta is of another base");
	if (delta_unpack(h->manifest_codec, packed, old_manifest, (size_t)h->manifest_len,
		    &raw, e) < 0)
		return err_wrap(e, "the manifest");
	is = digest_of(buf_bytes(&raw));
	if (!digest_equal(&is, &h->new_id))
		return err_set(e, ERR_UNTRUSTED,
			"the delta makes another manifest than it says");
	buf_add(out, raw.data, raw.len);
	return buf_check(out, "the manifest", e);
}

void delta_table_format(const struct delta_plan *p, struct buf *out)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct delta_record *r = &p->record[i];

		varint_add(out, r->base == DELTA_NO_BASE ? BASE_NONE : BASE_USUAL);
		for (uint32_t k = 0; k < r->piece_count; k++) {
			const struct delta_piece *piece = &p->piece[r->piece + k];

			buf_add_byte(out, piece->method);
			varint_add(out, piece->len);
		}
	}
}

static int take_base(struct bytes *table, const struct manifest *old,
	struct delta_record *r, struct err *e)
{
	uint64_t word, entry;

	if (varint_take(table, (uint64_t)MANIFEST_ENTRIES_MAX + BASE_OTHER, &word, e) < 0)
		return -1;
	if (word == BASE_USUAL) {
		if (r->base == DELTA_NO_BASE)
			return err_set(e, ERR_PARSE, "there is no usual base");
		return 0;
	}
	if (word == BASE_NONE) {
		r->base = DELTA_NO_BASE;
		return 0;
	}
	entry = word - BASE_OTHER;
	if (entry >= old->count || old->entry[entry].type != '0' ||
		!old->entry[entry].size)
		return err_set(e, ERR_PARSE, "a base that is no file: %llu",
			(unsigned long long)entry);
	r->base = (uint32_t)entry;
	return 0;
}

static int take_pieces(struct bytes *table, const struct delta_record *r, uint64_t *at,
	struct delta_plan *p, struct err *e)
{
	for (uint32_t k = 0; k < r->piece_count; k++) {
		struct bytes method;
		uint64_t len;

		if (varint_take_bytes(table, 1, &method, e) < 0 ||
			varint_take(table, DELTA_PIECE_MAX + DELTA_SLACK, &len, e) < 0)
			return -1;
		p->piece[r->piece + k] = (struct delta_piece){
			.method = method.data[0],
			.offset = *at,
			.len = (uint32_t)len,
		};
		*at += len;
	}
	return 0;
}

int delta_table_parse(struct bytes table, const struct manifest *old, uint64_t at,
	struct delta_plan *p, uint64_t *end, struct err *e)
{
	for (size_t i = 0; i < p->count; i++)
		if (take_base(&table, old, &p->record[i], e) < 0 ||
			take_pieces(&table, &p->record[i], &at, p, e) < 0)
			return err_wrap(e, "record %zu", i);
	if (table.len)
		return err_set(e, ERR_PARSE, "the table names more than there is");
	*end = at;
	return 0;
}
