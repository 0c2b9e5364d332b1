#include "lib/model/tarwrite.h"

#include "lib/base/relpath.h"

#include <inttypes.h>

#define BLOCK          TARWRITE_BLOCK
#define RECORD         10240U
#define NAME_SIZE      100U
#define PREFIX_SIZE    155U
#define USTAR_ID_MAX   07777777U
#define USTAR_SIZE_MAX 077777777777ULL
#define MEMBER_SIZE    (RELPATH_MAX + 4) /* "./", "/", NUL */
#define HEADER_MAX     (4U << 20)        /* far above what a valid entry takes */

struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8];
	char typeflag, linkname[100], magic[6], version[2], uname[32], gname[32];
	char devmajor[8], devminor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct ustar) == BLOCK, "a header is one block");

/* How an entry's member name fits: split at a slash, or not at all. */
struct name_fit {
	bool fits;
	size_t prefix_len; /* 0: no prefix */
};

static void put_octal(char *field, size_t size, uint64_t value)
{
	for (size_t i = size - 1; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
	field[size - 1] = '\0';
}

static void put_text(char *field, size_t size, const char *text, size_t len)
{
	memcpy(field, text, len < size ? len : size);
}

static void put_checksum(struct ustar *h)
{
	const unsigned char *p = (const unsigned char *)h;
	uint64_t sum = 0;

	memset(h->chksum, ' ', sizeof(h->chksum));
	for (size_t i = 0; i < BLOCK; i++)
		sum += p[i];
	put_octal(h->chksum, 7, sum);
}

static void start_header(struct ustar *h, char type, unsigned int mode)
{
	memset(h, 0, sizeof(*h));
	h->typeflag = type;
	put_octal(h->mode, sizeof(h->mode), mode);
	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	put_octal(h->devmajor, sizeof(h->devmajor), 0);
	put_octal(h->devminor, sizeof(h->devminor), 0);
}

/* The member name: ./path, with a slash behind a directory's. */
static size_t member_name(const struct manifest_entry *m, char out[MEMBER_SIZE])
{
	bool slash = m->type == '5' && *m->path;

	return (size_t)snprintf(out, MEMBER_SIZE, "./%s%s", m->path, slash ? "/" : "");
}

/* A link's text in the archive: hard links name their member. */
static size_t link_name(const struct manifest_entry *m, char out[MEMBER_SIZE])
{
	return (size_t)snprintf(
		out, MEMBER_SIZE, "%s%s", m->type == '1' ? "./" : "", m->link);
}

/* The shortest prefix that leaves a name short enough: one rule, so one archive. */
static struct name_fit fit_name(const char *name, size_t len)
{
	size_t first = len > NAME_SIZE + 1 ? len - NAME_SIZE - 1 : 1;

	if (len <= NAME_SIZE)
		return (struct name_fit){ .fits = true };
	for (size_t i = first; i <= PREFIX_SIZE && i + 1 < len; i++)
		if (name[i] == '/')
			return (struct name_fit){ .fits = true, .prefix_len = i };
	return (struct name_fit){ .fits = false };
}

/* ---- the extended header */

static size_t decimal_digits(size_t n)
{
	size_t count = 1;

	while (n >= 10) {
		n /= 10;
		count++;
	}
	return count;
}

/* "LEN key=value\n", where LEN counts itself. */
static void add_record(struct buf *out, const char *prefix, const char *key,
	const void *value, size_t len)
{
	size_t body = strlen(prefix) + strlen(key) + len + 3;
	size_t total = body + decimal_digits(body);

	if (decimal_digits(total) > decimal_digits(body))
		total++;
	buf_printf(out, "%zu %s%s=", total, prefix, key);
	buf_add(out, value, len);
	buf_add_byte(out, '\n');
}

static void add_number(struct buf *out, const char *key, uint64_t value)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%" PRIu64, value);

	add_record(out, "", key, text, (size_t)len);
}

/* Records in the order of their keys by bytes. */
static void add_records(const struct manifest_entry *m, const char *name, size_t name_len,
	const char *link, size_t link_len, struct buf *out)
{
	for (size_t i = 0; i < m->xattr_count; i++)
		add_record(out, "SCHILY.xattr.", m->xattr[i].name, m->xattr[i].value,
			m->xattr[i].len);
	if (m->gid > USTAR_ID_MAX)
		add_number(out, "gid", m->gid);
	if (link_len > NAME_SIZE)
		add_record(out, "", "linkpath", link, link_len);
	if (!fit_name(name, name_len).fits)
		add_record(out, "", "path", name, name_len);
	if (m->type == '0' && m->size > USTAR_SIZE_MAX)
		add_number(out, "size", m->size);
	if (m->uid > USTAR_ID_MAX)
		add_number(out, "uid", m->uid);
}

static void add_extended(const struct buf *records, size_t number, struct buf *out)
{
	struct ustar h;
	char name[40];
	int len = snprintf(name, sizeof(name), "./PaxHeaders/%zu", number);

	start_header(&h, 'x', 0644);
	put_text(h.name, sizeof(h.name), name, (size_t)len);
	put_octal(h.uid, sizeof(h.uid), 0);
	put_octal(h.gid, sizeof(h.gid), 0);
	put_octal(h.size, sizeof(h.size), records->len);
	put_octal(h.mtime, sizeof(h.mtime), 0);
	put_checksum(&h);
	buf_add(out, &h, sizeof(h));
	buf_add(out, records->data, records->len);
	buf_add_fill(out, 0, tarwrite_padding(records->len));
}

/* ---- the header proper; a field that its record overrides holds zero or the beginning
 */

static void put_name(struct ustar *h, const char *name, size_t len)
{
	struct name_fit fit = fit_name(name, len);

	if (fit.prefix_len > 0) {
		put_text(h->prefix, sizeof(h->prefix), name, fit.prefix_len);
		name += fit.prefix_len + 1;
		len -= fit.prefix_len + 1;
	}
	put_text(h->name, sizeof(h->name), name, len);
}

static void add_header(const struct manifest_entry *m, const char *name, size_t name_len,
	const char *link, size_t link_len, struct buf *out)
{
	struct ustar h;
	uint64_t size = m->type == '0' && m->size <= USTAR_SIZE_MAX ? m->size : 0;

	start_header(&h, m->type, m->mode);
	put_name(&h, name, name_len);
	put_octal(h.uid, sizeof(h.uid), m->uid <= USTAR_ID_MAX ? m->uid : 0);
	put_octal(h.gid, sizeof(h.gid), m->gid <= USTAR_ID_MAX ? m->gid : 0);
	put_octal(h.size, sizeof(h.size), size);
	put_octal(h.mtime, sizeof(h.mtime), (uint64_t)m->mtime_s);
	put_text(h.linkname, sizeof(h.linkname), link, link_len);
	if (m->type == '3' || m->type == '4') {
		put_octal(h.devmajor, sizeof(h.devmajor), m->size >> 32);
		put_octal(h.devminor, sizeof(h.devminor), m->size & 0xffffffff);
	}
	put_checksum(&h);
	buf_add(out, &h, sizeof(h));
}

void tarwrite_header(const struct manifest_entry *entry, size_t number, struct buf *out)
{
	auto_buf struct buf records = BUF_INIT(HEADER_MAX);
	char name[MEMBER_SIZE], link[MEMBER_SIZE];
	size_t name_len = member_name(entry, name);
	size_t link_len = link_name(entry, link);

	add_records(entry, name, name_len, link, link_len, &records);
	if (records.len > 0)
		add_extended(&records, number, out);
	add_header(entry, name, name_len, link, link_len, out);
}

unsigned int tarwrite_padding(uint64_t size)
{
	return (unsigned int)((BLOCK - size % BLOCK) % BLOCK);
}

uint64_t tarwrite_trailer(uint64_t so_far)
{
	uint64_t with_mark = so_far + (uint64_t)2 * BLOCK;

	return (with_mark + RECORD - 1) / RECORD * RECORD - so_far;
}

uint64_t tarwrite_size(const struct manifest *m)
{
	auto_buf struct buf header = BUF_INIT(HEADER_MAX);
	uint64_t total = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct manifest_entry *entry = &m->entry[i];

		buf_clear(&header);
		tarwrite_header(entry, i, &header);
		total += header.len;
		if (entry->type == '0')
			total += entry->size + tarwrite_padding(entry->size);
	}
	return total + tarwrite_trailer(total);
}
