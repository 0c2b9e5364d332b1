#include "lib/model/manifest.h"

#include "lib/model/manifest_check.h"
#include "lib/model/unpackpolicy.h"

#define MAGIC          "RYMANIF1"
#define VERSION_1      1U
#define ENTRY_MIN_SIZE 32U /* with no text and no xattr */

void manifest_init(struct manifest *m)
{
	*m = (struct manifest){ 0 };
}

void manifest_release(struct manifest *m)
{
	int saved = errno;

	arena_release(&m->arena);
	free(m->entry);
	*m = (struct manifest){ 0 };
	errno = saved;
}

/* ---- building one */

static struct manifest_entry *append(
	struct manifest *m, const struct manifest_entry *entry)
{
	if (m->count == m->room) {
		m->room = m->room ? m->room * 2 : 256;
		m->entry = xrealloc(m->entry, m->room * sizeof(*m->entry));
	}
	m->entry[m->count] = *entry;
	return &m->entry[m->count++];
}

static const struct manifest_xattr *copy_xattrs(
	struct arena *a, const struct manifest_xattr *from, size_t count)
{
	struct manifest_xattr *x;

	if (count == 0)
		return NULL;
	x = arena_array(a, count, sizeof(*x));
	for (size_t i = 0; i < count; i++) {
		x[i].name = arena_strdup(a, from[i].name);
		x[i].value = (const unsigned char *)arena_strndup(
			a, from[i].len ? (const void *)from[i].value : "", from[i].len);
		x[i].len = from[i].len;
	}
	return x;
}

int manifest_add(struct manifest *m, const struct manifest_entry *entry, struct err *e)
{
	struct manifest_entry copy = *entry;

	if (m->count >= MANIFEST_ENTRIES_MAX)
		return err_set(e, ERR_LIMIT, "manifest: more than %u entries",
			MANIFEST_ENTRIES_MAX);
	if (manifest_check_entry(entry, e) < 0)
		return -1;
	copy.path = arena_strdup(&m->arena, entry->path);
	copy.link = arena_strdup(&m->arena, entry->link);
	copy.xattr = copy_xattrs(&m->arena, entry->xattr, entry->xattr_count);
	append(m, &copy);
	return 0;
}

static int compare_xattrs(const void *a, const void *b)
{
	const struct manifest_xattr *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int take_xattrs(
	const struct tar_entry *t, struct manifest_xattr *out, struct err *e)
{
	if (t->too_many_xattrs)
		return err_set(
			e, ERR_LIMIT, "more than %d extended attributes", TAR_XATTR_MAX);
	for (size_t i = 0; i < t->xattr_count; i++) {
		if (t->xattr[i].len > UINT16_MAX)
			return err_set(e, ERR_LIMIT,
				"extended attribute '%s' is larger than 65535 bytes",
				t->xattr[i].name);
		out[i] = (struct manifest_xattr){ .name = t->xattr[i].name,
			.value = t->xattr[i].value,
			.len = (uint16_t)t->xattr[i].len };
	}
	if (t->xattr_count)
		qsort(out, t->xattr_count, sizeof(*out), compare_xattrs);
	return 0;
}

static int take_numbers(
	const struct tar_entry *t, struct manifest_entry *out, struct err *e)
{
	if (t->uid < 0 || t->uid >= UINT32_MAX || t->gid < 0 || t->gid >= UINT32_MAX)
		return err_set(e, ERR_PARSE, "its owner or group is no id");
	if (t->type == TAR_OTHER)
		return err_set(e, ERR_PARSE, "its type is unknown");
	if (t->type == TAR_FILE && t->size < 0)
		return err_set(e, ERR_PARSE, "its size is negative");
	out->type = (char)t->type;
	out->mode = (uint16_t)(t->mode & 07777);
	out->uid = (uint32_t)t->uid;
	out->gid = (uint32_t)t->gid;
	out->mtime_s = t->mtime_s;
	if (t->type == TAR_FILE)
		out->size = (uint64_t)t->size;
	if (t->type == TAR_CHAR || t->type == TAR_BLOCK)
		out->size = (uint64_t)t->dev_major << 32 | t->dev_minor;
	return 0;
}

static int take_names(const struct tar_entry *t, char path[RELPATH_MAX + 1],
	char link[RELPATH_MAX + 1], struct manifest_entry *out, struct err *e)
{
	if (unpack_path(t->path, path, e) < 0)
		return -1;
	if (t->type == TAR_HARDLINK && unpack_path(t->link, link, e) < 0)
		return -1;
	out->path = path;
	out->link = t->type == TAR_HARDLINK  ? link
		    : t->type == TAR_SYMLINK ? t->link
					     : "";
	return 0;
}

int manifest_add_tar(struct manifest *m, const struct tar_entry *t,
	struct manifest_entry **slot, struct err *e)
{
	char path[RELPATH_MAX + 1], link[RELPATH_MAX + 1];
	struct manifest_xattr xattr[TAR_XATTR_MAX];
	struct manifest_entry entry = { .xattr = xattr };

	if (take_numbers(t, &entry, e) < 0 || take_names(t, path, link, &entry, e) < 0 ||
		take_xattrs(t, xattr, e) < 0)
		return err_wrap(e, "manifest: '%.*s'", RELPATH_MAX / 4, t->path);
	entry.xattr_count = (uint8_t)t->xattr_count;
	if (manifest_add(m, &entry, e) < 0)
		return -1;
	*slot = &m->entry[m->count - 1];
	return 0;
}

/* ---- writing */

static void format_entry(const struct manifest_entry *m, struct buf *out)
{
	size_t path_len = strlen(m->path), link_len = strlen(m->link);

	buf_add_byte(out, (unsigned char)m->type);
	buf_add_byte(out, m->xattr_count);
	buf_add_le(out, m->mode, 2);
	buf_add_le(out, m->uid, 4);
	buf_add_le(out, m->gid, 4);
	buf_add_le(out, (uint64_t)m->mtime_s, 8);
	buf_add_le(out, m->size, 8);
	buf_add_le(out, path_len, 2);
	buf_add_le(out, link_len, 2);
	buf_add(out, m->path, path_len);
	buf_add(out, m->link, link_len);
	for (size_t i = 0; i < m->xattr_count; i++) {
		size_t name_len = strlen(m->xattr[i].name);

		buf_add_le(out, name_len, 2);
		buf_add_le(out, m->xattr[i].len, 2);
		buf_add(out, m->xattr[i].name, name_len);
		buf_add(out, m->xattr[i].value, m->xattr[i].len);
	}
	if (m->type == '0' && m->size > 0)
		buf_add(out, m->sha256.byte, sizeof(m->sha256.byte));
}

int manifest_format(const struct manifest *m, struct buf *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(MANIFEST_BYTES_MAX);

	if (manifest_check(m, e) < 0)
		return -1;
	buf_add_str(&text, MAGIC);
	buf_add_le(&text, VERSION_1, 4);
	buf_add_le(&text, 0, 4);
	buf_add_le(&text, m->count, 8);
	buf_add_le(&text, m->tar_size, 8);
	buf_add(&text, m->diff_id.byte, sizeof(m->diff_id.byte));
	for (size_t i = 0; i < m->count; i++)
		format_entry(&m->entry[i], &text);
	if (buf_check(&text, "the manifest", e) < 0)
		return -1;
	buf_add(out, text.data, text.len);
	return buf_check(out, "the manifest", e);
}

int manifest_id(const struct manifest *m, struct digest *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(MANIFEST_BYTES_MAX);

	if (manifest_format(m, &text, e) < 0)
		return -1;
	*out = digest_of(buf_bytes(&text));
	return 0;
}

/* ---- reading */

static int truncated(struct err *e)
{
	return err_set(e, ERR_PARSE, "manifest: it ends in the middle of an entry");
}

/* The next len bytes, or NULL when there are not as many. */
static const unsigned char *take(struct bytes *in, size_t len)
{
	const unsigned char *p = in->data;

	if (len > in->len)
		return NULL;
	*in = bytes_of(p + len, in->len - len);
	return p;
}

static int take_string(
	struct bytes *in, size_t len, struct arena *a, const char **out, struct err *e)
{
	const unsigned char *p = take(in, len);

	if (!p)
		return truncated(e);
	if (len && memchr(p, '\0', len))
		return err_set(e, ERR_PARSE, "manifest: a name has a NUL byte");
	*out = len ? arena_strndup(a, p, len) : "";
	return 0;
}

static int parse_xattrs(
	struct bytes *in, struct manifest_entry *entry, struct arena *a, struct err *e)
{
	struct manifest_xattr *x;

	if (entry->xattr_count == 0)
		return 0;
	x = arena_array(a, entry->xattr_count, sizeof(*x));
	for (size_t i = 0; i < entry->xattr_count; i++) {
		const unsigned char *p = take(in, 4), *value;

		if (!p)
			return truncated(e);
		x[i].len = bytes_le16(p + 2);
		if (take_string(in, bytes_le16(p), a, &x[i].name, e) < 0)
			return -1;
		value = take(in, x[i].len);
		if (!value)
			return truncated(e);
		x[i].value = (const unsigned char *)arena_strndup(a, value, x[i].len);
	}
	entry->xattr = x;
	return 0;
}

static int parse_entry(
	struct bytes *in, struct manifest_entry *entry, struct arena *a, struct err *e)
{
	const unsigned char *p = take(in, ENTRY_MIN_SIZE), *digest;

	if (!p)
		return truncated(e);
	entry->type = (char)p[0];
	entry->xattr_count = p[1];
	entry->mode = bytes_le16(p + 2);
	entry->uid = bytes_le32(p + 4);
	entry->gid = bytes_le32(p + 8);
	entry->mtime_s = (int64_t)bytes_le64(p + 12);
	entry->size = bytes_le64(p + 20);
	if (take_string(in, bytes_le16(p + 28), a, &entry->path, e) < 0 ||
		take_string(in, bytes_le16(p + 30), a, &entry->link, e) < 0 ||
		parse_xattrs(in, entry, a, e) < 0)
		return -1;
	if (entry->type != '0' || entry->size == 0)
		return 0;
	digest = take(in, DIGEST_SIZE);
	if (!digest)
		return truncated(e);
	memcpy(entry->sha256.byte, digest, DIGEST_SIZE);
	return 0;
}

static int parse_header(
	struct bytes *in, struct manifest *m, uint64_t *count, struct err *e)
{
	const unsigned char *p;

	if (in->len > MANIFEST_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "manifest: larger than %u bytes",
			MANIFEST_BYTES_MAX);
	p = take(in, MANIFEST_HEADER_SIZE);
	if (!p || memcmp(p, MAGIC, 8) != 0)
		return err_set(e, ERR_PARSE, "manifest: it does not begin as one");
	if (bytes_le32(p + 8) != VERSION_1 || bytes_le32(p + 12) != 0)
		return err_set(e, ERR_PARSE,
			"manifest: version %u with flags %u is not known",
			bytes_le32(p + 8), bytes_le32(p + 12));
	*count = bytes_le64(p + 16);
	if (*count == 0 || *count > MANIFEST_ENTRIES_MAX)
		return err_set(e, ERR_LIMIT, "manifest: not 1 to %u entries",
			MANIFEST_ENTRIES_MAX);
	if (*count > in->len / ENTRY_MIN_SIZE)
		return truncated(e);
	m->tar_size = bytes_le64(p + 24);
	memcpy(m->diff_id.byte, p + 32, DIGEST_SIZE);
	return 0;
}

int manifest_parse(struct bytes in, struct manifest *out, struct err *e)
{
	auto_manifest struct manifest m = { 0 };
	uint64_t count = 0;

	if (parse_header(&in, &m, &count, e) < 0)
		return -1;
	m.room = (size_t)count;
	m.entry = xcalloc(m.room, sizeof(*m.entry));
	for (; m.count < m.room; m.count++)
		if (parse_entry(&in, &m.entry[m.count], &m.arena, e) < 0)
			return -1;
	if (in.len > 0)
		return err_set(e, ERR_PARSE, "manifest: %zu bytes behind the last entry",
			in.len);
	if (manifest_check(&m, e) < 0)
		return -1;

	*out = m;
	m = (struct manifest){ 0 };
	return 0;
}

/* ---- sums */

uint64_t manifest_unpacked_size(const struct manifest *m)
{
	uint64_t total = 0;

	for (size_t i = 0; i < m->count; i++)
		if (m->entry[i].type == '0')
			total += m->entry[i].size;
	return total;
}

void manifest_max_ids(const struct manifest *m, uint32_t *uid, uint32_t *gid)
{
	*uid = *gid = 0;
	for (size_t i = 0; i < m->count; i++) {
		if (m->entry[i].uid > *uid)
			*uid = m->entry[i].uid;
		if (m->entry[i].gid > *gid)
			*gid = m->entry[i].gid;
	}
}
