#include "lib/adapt/tar.h"

#include <archive.h>
#include <archive_entry.h>

#include <inttypes.h>
#include <locale.h>

#define BLOCK       512
#define CHUNK_SIZE  ((size_t)512 * BLOCK)
#define END_MARK    (2 * BLOCK)
#define END_MAX     ((uint64_t)16 << 20) /* zeros from the end mark on */
#define SUM_OFFSET  148
#define TYPE_OFFSET 156

struct tar {
	struct reader in;
	struct archive *archive;
	locale_t c_locale;
	struct err in_err; /* what the stream below us said */
	bool in_failed, in_ended;
	uint64_t in_total;    /* bytes read so far */
	uint64_t nonzero_end; /* offset behind the last byte that is not zero */
	size_t chunk_len;
	unsigned char chunk[CHUNK_SIZE]; /* always begins at a multiple of BLOCK */
};

/* Fills the chunk entirely, so that no header spans two, and remembers where the last
 * byte that is not zero stood. */
static int chunk_fill(struct tar *t)
{
	t->chunk_len = 0;
	while (t->chunk_len < CHUNK_SIZE && !t->in_ended) {
		ssize_t n = reader_read(&t->in, t->chunk + t->chunk_len,
			CHUNK_SIZE - t->chunk_len, &t->in_err);

		if (n < 0) {
			t->in_failed = true;
			return -1;
		}
		t->in_ended = n == 0;
		t->chunk_len += (size_t)n;
	}
	for (size_t i = t->chunk_len; i > 0; i--) {
		if (t->chunk[i - 1]) {
			t->nonzero_end = t->in_total + i;
			break;
		}
	}
	t->in_total += t->chunk_len;
	return 0;
}

static la_ssize_t on_read(struct archive *a, void *ctx, const void **data)
{
	struct tar *t = ctx;

	if (chunk_fill(t) < 0) {
		archive_set_error(a, EIO, "cannot read");
		return -1;
	}
	*data = t->chunk;
	return (la_ssize_t)t->chunk_len;
}

/* The library's last error as ours. */
static int tar_fail(struct tar *t, struct err *e)
{
	const char *text = archive_error_string(t->archive);

	if (archive_errno(t->archive) == ENOMEM)
		err_abort("out of memory");
	if (t->in_failed) {
		*e = t->in_err;
		return -1;
	}
	return err_set(e, ERR_PARSE, "tar: %s", text ? text : "damaged");
}

int tar_open(const struct reader *in, struct tar **out, struct err *e)
{
	struct tar *t = xcalloc(1, sizeof(*t));
	struct archive *a = archive_read_new();

	t->in = *in;
	t->archive = a;
	t->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!a || !t->c_locale)
		err_abort("out of memory");
	if (archive_read_support_format_tar(a) != ARCHIVE_OK ||
		archive_read_support_filter_none(a) != ARCHIVE_OK ||
		archive_read_set_format_option(a, "tar", "mac-ext", NULL) != ARCHIVE_OK ||
		archive_read_open(a, t, NULL, on_read, NULL) != ARCHIVE_OK) {
		tar_fail(t, e);
		tar_close(&t);
		return -1;
	}
	*out = t;
	return 0;
}

/* libarchive takes a missing end mark and anything behind it; we do not. at: where the
 * last entry ended. */
static int check_end(struct tar *t, uint64_t at, struct err *e)
{
	while (!t->in_ended) {
		if (t->nonzero_end > at)
			break;
		if (t->in_total - at > END_MAX)
			return err_set(e, ERR_LIMIT,
				"tar: more than %" PRIu64 " bytes of zeros at the end",
				END_MAX);
		if (chunk_fill(t) < 0)
			return tar_fail(t, e);
	}
	if (t->nonzero_end > at)
		return err_set(e, ERR_PARSE,
			"tar: bytes behind the end-of-archive mark at %" PRIu64, at);
	if (t->in_total < at + END_MARK)
		return err_set(e, ERR_PARSE, "tar: no end-of-archive mark (truncated)");
	if (t->in_total % BLOCK)
		return err_set(e, ERR_PARSE, "tar: not a multiple of 512 bytes");
	return 0;
}

static bool checksum_is_right(const unsigned char *h)
{
	unsigned long sum = 8 * ' ', want = 0;
	size_t i;

	for (i = 0; i < BLOCK; i++)
		if (i < SUM_OFFSET || i >= SUM_OFFSET + 8)
			sum += h[i];
	for (i = SUM_OFFSET; i < SUM_OFFSET + 8 && h[i] == ' '; i++)
		continue;
	for (; i < SUM_OFFSET + 8 && h[i] >= '0' && h[i] <= '7'; i++)
		want = want * 8 + (unsigned long)(h[i] - '0');
	return sum == want;
}

/* The library makes regular files of typeflags that it does not know. The header is the
 * block that was read last, unless a sparse map followed it (then its type is known). */
static bool is_foreign_type(struct tar *t)
{
	int64_t end = archive_filter_bytes(t->archive, 0);
	uint64_t base = t->in_total - t->chunk_len;

	if (end < BLOCK || (uint64_t)end > t->in_total || (uint64_t)end < base + BLOCK)
		return false;

	const unsigned char *h = t->chunk + ((uint64_t)end - BLOCK - base);

	return checksum_is_right(h) && h[TYPE_OFFSET] &&
	       !strchr("01234567SD", h[TYPE_OFFSET]);
}

static enum tar_type entry_type(struct tar *t, struct archive_entry *entry)
{
	static const struct {
		unsigned int filetype;
		enum tar_type type;
	} table[] = {
		{ AE_IFREG, TAR_FILE },
		{ AE_IFLNK, TAR_SYMLINK },
		{ AE_IFDIR, TAR_DIR },
		{ AE_IFCHR, TAR_CHAR },
		{ AE_IFBLK, TAR_BLOCK },
		{ AE_IFIFO, TAR_FIFO },
	};

	if (is_foreign_type(t))
		return TAR_OTHER;
	if (archive_entry_hardlink(entry))
		return TAR_HARDLINK;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++)
		if (table[i].filetype == archive_entry_filetype(entry))
			return table[i].type;
	return TAR_OTHER;
}

/* 1 when it is there already with the same value (bsdtar writes each twice, in two
 * forms), -1 with another. */
static int xattr_is_known(const struct tar_entry *out, const struct tar_xattr *x)
{
	for (size_t i = 0; i < out->xattr_count; i++) {
		const struct tar_xattr *known = &out->xattr[i];

		if (strcmp(known->name, x->name) == 0)
			return bytes_equal(bytes_of(known->value, known->len),
				       bytes_of(x->value, x->len))
				       ? 1
				       : -1;
	}
	return 0;
}

static int take_xattrs(struct archive_entry *entry, struct tar_entry *out, struct err *e)
{
	struct tar_xattr x;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &x.name, &x.value, &x.len) == ARCHIVE_OK) {
		int known = xattr_is_known(out, &x);

		if (known < 0)
			return err_set(e, ERR_PARSE,
				"tar: '%s': two values of the attribute '%s'", out->path,
				x.name);
		if (known)
			continue;
		if (out->xattr_count == TAR_XATTR_MAX) {
			out->too_many_xattrs = true;
			break;
		}
		out->xattr[out->xattr_count++] = x;
	}
	return 0;
}

static int take_entry(
	struct tar *t, struct archive_entry *entry, struct tar_entry *out, struct err *e)
{
	const char *hard = archive_entry_hardlink(entry),
		   *soft = archive_entry_symlink(entry);

	memset(out, 0, sizeof(*out));
	out->path = archive_entry_pathname(entry);
	if (!out->path)
		return err_set(e, ERR_PARSE, "tar: an entry without a name");
	out->type = entry_type(t, entry);
	out->link = hard ? hard : soft ? soft : "";
	out->mode = archive_entry_perm(entry);
	out->uid = archive_entry_uid(entry);
	out->gid = archive_entry_gid(entry);
	out->mtime_s = archive_entry_mtime(entry);
	out->size = archive_entry_size(entry);
	out->dev_major = (uint32_t)archive_entry_rdevmajor(entry);
	out->dev_minor = (uint32_t)archive_entry_rdevminor(entry);
	out->sparse = archive_entry_sparse_count(entry) > 0;
	return take_xattrs(entry, out, e);
}

/* Names are bytes: that they are no text of this locale is nobody's fault. */
static bool is_harmless(const char *warning)
{
	return warning && strstr(warning, "can't be converted from");
}

int tar_next(struct tar *t, struct tar_entry *out, struct err *e)
{
	struct archive_entry *entry;

	/* In a UTF-8 locale the library would compose accented names; in C it leaves the
	 * bytes alone. */
	locale_t saved = uselocale(t->c_locale);

	archive_clear_error(t->archive);

	int r = archive_read_next_header(t->archive, &entry);

	uselocale(saved);
	if (r == ARCHIVE_EOF)
		return check_end(
			t, (uint64_t)archive_read_header_position(t->archive), e);
	if (r == ARCHIVE_WARN && is_harmless(archive_error_string(t->archive)))
		r = ARCHIVE_OK;
	if (r != ARCHIVE_OK)
		return tar_fail(t, e);

	return take_entry(t, entry, out, e) < 0 ? -1 : 1;
}

ssize_t tar_read(struct tar *t, void *buf, size_t size, struct err *e)
{
	ssize_t n = archive_read_data(t->archive, buf, size);

	return n < 0 ? tar_fail(t, e) : n;
}

void tar_close(struct tar **t)
{
	if (!*t)
		return;
	archive_read_free((*t)->archive);
	freelocale((*t)->c_locale);
	free(STEAL(*t));
}
