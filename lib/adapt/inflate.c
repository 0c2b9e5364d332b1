#include "lib/adapt/inflate.h"

#include "lib/base/bytes.h"

#include <archive.h>
#include <archive_entry.h>

#define CHUNK_SIZE ((size_t)256 << 10)

struct inflate {
	struct reader in;
	struct archive *archive;
	struct err in_err; /* what the stream below us said */
	bool in_failed, is_empty;
	unsigned char chunk[CHUNK_SIZE];
};

static la_ssize_t on_read(struct archive *a, void *ctx, const void **data)
{
	struct inflate *i = ctx;
	ssize_t n = reader_read(&i->in, i->chunk, CHUNK_SIZE, &i->in_err);

	if (n < 0) {
		i->in_failed = true;
		archive_set_error(a, EIO, "cannot read");
	}
	*data = i->chunk;
	return n;
}

static int inflate_fail(struct inflate *i, struct err *e)
{
	const char *text = archive_error_string(i->archive);

	if (archive_errno(i->archive) == ENOMEM)
		err_abort("out of memory");
	if (i->in_failed) {
		*e = i->in_err;
		return -1;
	}
	return err_set(e, ERR_PARSE, "decompress: %s", text ? text : "damaged");
}

/* Those that the library decodes itself: it would run programs for others. */
static int add_filters(struct archive *a)
{
	static int (*const filters[])(
		struct archive * a) = { archive_read_support_filter_gzip,
		archive_read_support_filter_bzip2, archive_read_support_filter_xz,
		archive_read_support_filter_lzma, archive_read_support_filter_zstd,
		archive_read_support_filter_lz4, archive_read_support_filter_compress };

	for (size_t i = 0; i < ARRAY_COUNT(filters); i++)
		if (filters[i](a) != ARCHIVE_OK)
			return -1;
	return archive_read_support_format_raw(a) == ARCHIVE_OK &&
			       archive_read_support_format_empty(a) == ARCHIVE_OK
		       ? 0
		       : -1;
}

int inflate_open(const struct reader *in, struct inflate **out, struct err *e)
{
	struct inflate *i = xcalloc(1, sizeof(*i));
	struct archive_entry *entry;
	int r = ARCHIVE_FATAL;

	i->in = *in;
	i->archive = archive_read_new();
	if (!i->archive)
		err_abort("out of memory");
	if (add_filters(i->archive) == 0 &&
		archive_read_open(i->archive, i, NULL, on_read, NULL) == ARCHIVE_OK)
		r = archive_read_next_header(i->archive, &entry);
	if (r != ARCHIVE_OK && r != ARCHIVE_EOF) {
		inflate_fail(i, e);
		inflate_close(&i);
		return -1;
	}
	i->is_empty = r == ARCHIVE_EOF;
	*out = i;
	return 0;
}

static ssize_t inflate_read(void *ctx, void *buf, size_t size, struct err *e)
{
	struct inflate *i = ctx;
	la_ssize_t n = i->is_empty ? 0 : archive_read_data(i->archive, buf, size);

	return n < 0 ? inflate_fail(i, e) : n;
}

struct reader inflate_as_reader(struct inflate *i)
{
	return (struct reader){ .read = inflate_read, .ctx = i };
}

const char *inflate_name(struct inflate *i)
{
	return archive_filter_name(i->archive, 0);
}

void inflate_close(struct inflate **i)
{
	if (!*i)
		return;
	archive_read_free((*i)->archive);
	free(STEAL(*i));
}
