/* RPM's: header blobs in the table Packages of an SQLite file, or in the slots of an ndb
 * file. */
#include "builder/packagedb.h"
#include "builder/sqlitefile.h"

#include "lib/base/fs.h"
#include "lib/base/relpath.h"

#include <fcntl.h>

#define HEADER_ENTRY  16
#define ENTRIES_MAX   65536
#define TYPE_INT32    4
#define TYPE_INT64    5
#define TYPE_STRING   6
#define TYPE_ARRAY    8
#define TYPE_I18N     9
#define NDB_SLOT      16
#define NDB_BLOCK     16
#define NDB_PAGE      4096
#define NDB_BLOB_HEAD 16

enum tag {
	TAG_NAME = 1000,
	TAG_VERSION = 1001,
	TAG_RELEASE = 1002,
	TAG_EPOCH = 1003,
	TAG_SIZE = 1009,
	TAG_LICENSE = 1014,
	TAG_GROUP = 1016,
	TAG_ARCH = 1022,
	TAG_SOURCERPM = 1044,
	TAG_DIRINDEXES = 1116,
	TAG_BASENAMES = 1117,
	TAG_DIRNAMES = 1118,
	TAG_LONGSIZE = 5009,
};

/* ---- one header: an index of tags, then their data */

struct header {
	struct bytes index, data;
};

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool open_header(struct bytes blob, struct header *h)
{
	uint32_t entries, size;

	if (blob.len < 8)
		return false;
	entries = be32(blob.data);
	size = be32(blob.data + 4);
	if (entries > ENTRIES_MAX || blob.len - 8 < (size_t)entries * HEADER_ENTRY ||
		blob.len - 8 - (size_t)entries * HEADER_ENTRY < size)
		return false;
	h->index = bytes_of(blob.data + 8, (size_t)entries * HEADER_ENTRY);
	h->data = bytes_of(h->index.data + h->index.len, size);
	return true;
}

/* What a tag has: type, number of values, and the data from its first one on. */
static bool find_tag(const struct header *h, enum tag tag, uint32_t *type,
	uint32_t *count, struct bytes *out)
{
	for (size_t at = 0; at < h->index.len; at += HEADER_ENTRY) {
		const unsigned char *p = h->index.data + at;
		uint32_t offset = be32(p + 8);

		if (be32(p) != (uint32_t)tag || offset > h->data.len)
			continue;
		*type = be32(p + 4);
		*count = be32(p + 12);
		*out = bytes_of(h->data.data + offset, h->data.len - offset);
		return true;
	}
	return false;
}

static bool next_string(struct bytes *rest, struct bytes *out)
{
	const unsigned char *end = rest->len ? memchr(rest->data, '\0', rest->len) : NULL;

	if (!end)
		return false;
	*out = bytes_of(rest->data, (size_t)(end - rest->data));
	*rest = bytes_of(end + 1, rest->len - out->len - 1);
	return true;
}

static struct bytes string_of(const struct header *h, enum tag tag)
{
	struct bytes rest, out;
	uint32_t type, count;

	if (!find_tag(h, tag, &type, &count, &rest) || count == 0 ||
		(type != TYPE_STRING && type != TYPE_ARRAY && type != TYPE_I18N) ||
		!next_string(&rest, &out))
		return bytes_of("", 0);
	return out;
}

static bool number_of(const struct header *h, enum tag tag, uint64_t *out)
{
	struct bytes data;
	uint32_t type, count;

	if (!find_tag(h, tag, &type, &count, &data) || count == 0)
		return false;
	if (type == TYPE_INT32 && data.len >= 4)
		*out = be32(data.data);
	else if (type == TYPE_INT64 && data.len >= 8)
		*out = (uint64_t)be32(data.data) << 32 | be32(data.data + 4);
	else
		return false;
	return true;
}

/* ---- a package */

/* "name-1.2-3.src.rpm" -> "name" and "1.2-3" */
static void set_source(struct packages *p, struct package *x, struct bytes file)
{
	auto_free char *text = xasprintf("%.*s", (int)file.len, (const char *)file.data);
	char *tail = strstr(text, ".src.rpm"), *release, *version;

	x->source = x->name;
	x->source_version = x->version;
	if (!tail)
		return;
	*tail = '\0';
	release = strrchr(text, '-');
	if (!release)
		return;
	*release = '\0';
	version = strrchr(text, '-');
	*release = '-';
	if (!version)
		return;
	*version = '\0';
	x->source = arena_strdup(&p->arena, text);
	x->source_version = arena_strdup(&p->arena, version + 1);
}

static void add_paths(struct packages *p, const struct header *h)
{
	auto_free struct bytes *dir = NULL;
	struct bytes dirs, bases, indexes, base;
	uint32_t type, dir_count, base_count, index_count, got = 0;

	if (!find_tag(h, TAG_DIRNAMES, &type, &dir_count, &dirs) || type != TYPE_ARRAY ||
		!find_tag(h, TAG_BASENAMES, &type, &base_count, &bases) ||
		type != TYPE_ARRAY ||
		!find_tag(h, TAG_DIRINDEXES, &type, &index_count, &indexes) ||
		type != TYPE_INT32 || dir_count > dirs.len ||
		indexes.len / 4 < index_count)
		return;
	dir = xcalloc((size_t)dir_count + 1, sizeof(*dir));
	while (got < dir_count && next_string(&dirs, &dir[got]))
		got++;
	for (uint32_t i = 0; i < base_count && i < index_count; i++) {
		uint32_t at = be32(indexes.data + (size_t)i * 4);
		auto_free char *path = NULL;

		if (!next_string(&bases, &base) || at >= got || dir[at].len == 0 ||
			dir[at].data[0] != '/')
			return;
		/* One directory's name stands for every file in it: it may not be huge. */
		if (dir[at].len + base.len > RELPATH_MAX)
			continue;
		path = xasprintf("%.*s%.*s", (int)dir[at].len - 1,
			(const char *)dir[at].data + 1, (int)base.len,
			(const char *)base.data);
		packagedb_add_path(p, path, strlen(path), p->count - 1);
	}
}

static const char *version_of(struct packages *p, const struct header *h)
{
	struct bytes version = string_of(h, TAG_VERSION),
		     release = string_of(h, TAG_RELEASE);
	uint64_t epoch;

	if (number_of(h, TAG_EPOCH, &epoch) && epoch)
		return arena_printf(&p->arena, "%llu:%.*s-%.*s",
			(unsigned long long)epoch, (int)version.len,
			(const char *)version.data, (int)release.len,
			(const char *)release.data);
	return arena_printf(&p->arena, "%.*s-%.*s", (int)version.len,
		(const char *)version.data, (int)release.len, (const char *)release.data);
}

static int take_header(struct packages *p, struct bytes blob, struct err *e)
{
	struct package *x;
	struct header h;

	if (!open_header(blob, &h))
		return err_set(e, ERR_PARSE, "a package's header is cut off");
	/* Keys of archives stand there as packages. */
	if (bytes_equal_str(string_of(&h, TAG_NAME), "gpg-pubkey"))
		return 0;
	if (packagedb_add(p, &x, e) < 0)
		return -1;
	x->name = packagedb_text(p, string_of(&h, TAG_NAME));
	x->arch = packagedb_text(p, string_of(&h, TAG_ARCH));
	x->section = packagedb_text(p, string_of(&h, TAG_GROUP));
	x->license = packagedb_text(p, string_of(&h, TAG_LICENSE));
	x->version = version_of(p, &h);
	if (!number_of(&h, TAG_LONGSIZE, &x->installed_size) &&
		!number_of(&h, TAG_SIZE, &x->installed_size))
		x->installed_size = 0;
	set_source(p, x, string_of(&h, TAG_SOURCERPM));
	add_paths(p, &h);
	return 0;
}

/* ---- the two files */

static int take_row(void *ctx, struct bytes record, struct err *e)
{
	struct bytes blob;

	if (!sqlitefile_column(record, 1, &blob))
		return err_set(e, ERR_PARSE, "a row of 'Packages' has no header");
	return take_header(ctx, blob, e);
}

/* Little endian: a head and slots in the first pages, blobs in blocks behind. */
static int read_ndb(struct bytes file, struct packages *p, struct err *e)
{
	size_t slots = file.len >= 32 ? (size_t)bytes_le32(file.data + 12) * NDB_PAGE : 0;

	if (file.len < 32 || memcmp(file.data, "RpmP", 4) != 0 || slots > file.len)
		return err_set(
			e, ERR_PARSE, "it begins like neither an SQLite nor an ndb file");
	for (size_t at = 32; at + NDB_SLOT <= slots; at += NDB_SLOT) {
		const unsigned char *slot = file.data + at;
		size_t offset = (size_t)bytes_le32(slot + 8) * NDB_BLOCK, len;

		if (memcmp(slot, "Slot", 4) != 0 || bytes_le32(slot + 4) == 0)
			continue;
		if (offset + NDB_BLOB_HEAD > file.len ||
			memcmp(file.data + offset, "BlbS", 4) != 0)
			return err_set(e, ERR_PARSE, "a slot names no blob");
		len = bytes_le32(file.data + offset + 12);
		if (len > file.len - offset - NDB_BLOB_HEAD)
			return err_set(e, ERR_PARSE, "a blob leaves the file");
		if (take_header(p, bytes_of(file.data + offset + NDB_BLOB_HEAD, len), e) <
			0)
			return -1;
	}
	return 0;
}

static const char *const places[] = {
	"usr/lib/sysimage/rpm/rpmdb.sqlite",
	"var/lib/rpm/rpmdb.sqlite",
	"usr/lib/sysimage/rpm/Packages.db",
	"var/lib/rpm/Packages.db",
};

int packagedb_rpm_parse(struct bytes file, struct packages *p, struct err *e)
{
	static const char sqlite[] = "SQLite format 3";

	if (file.len >= sizeof(sqlite) && memcmp(file.data, sqlite, sizeof(sqlite)) == 0)
		return sqlitefile_read(file, "Packages", take_row, p, e);
	return read_ndb(file, p, e);
}

/* Rows that only the write-ahead log holds would be missed. */
static int check_merged(int root_dir, const char *path, struct err *e)
{
	auto_free char *log = xasprintf("%s-wal", path);
	struct stat st;

	if (fstatat(root_dir, log, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0)
		return err_set(
			e, ERR_PARSE, "'%s' was not merged into its database", log);
	return 0;
}

int packagedb_rpm(int root_dir, struct packages *p, struct err *e)
{
	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		auto_buf struct buf file = BUF_INIT(PACKAGE_DB_MAX);

		if (!fs_exists_at(root_dir, places[i]))
			continue;
		p->kind = "rpm";
		if (check_merged(root_dir, places[i], e) < 0 ||
			fs_read_at(root_dir, places[i], &file, e) < 0)
			return -1;
		if (packagedb_rpm_parse(buf_bytes(&file), p, e) < 0)
			return err_wrap(e, "'%s'", places[i]);
		return 0;
	}
	return 1;
}
