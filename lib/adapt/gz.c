#include "lib/adapt/gz.h"

#include <archive.h>
#include <archive_entry.h>

#include <stdio.h>

struct gz_writer {
	struct archive *archive;
	struct writer sink;
	struct err sink_err; /* what the sink said */
	bool sink_failed;
};

static la_ssize_t on_write(struct archive *a, void *ctx, const void *p, size_t len)
{
	struct gz_writer *g = ctx;

	if (writer_write(&g->sink, p, len, &g->sink_err) < 0) {
		g->sink_failed = true;
		archive_set_error(a, EIO, "cannot write");
		return -1;
	}
	return (la_ssize_t)len;
}

static int fail(struct gz_writer *g, struct err *e)
{
	const char *text = archive_error_string(g->archive);

	if (archive_errno(g->archive) == ENOMEM)
		err_abort("out of memory");
	if (g->sink_failed) {
		*e = g->sink_err;
		return -1;
	}
	return err_set(e, ERR_FAILED, "gzip: %s", text ? text : "failed");
}

/* One raw entry of unknown length, straight through the filter. */
static int begin(struct gz_writer *g, int level, struct err *e)
{
	struct archive *a = g->archive;
	struct archive_entry *entry;
	char digits[8];
	int rc;

	snprintf(digits, sizeof(digits), "%d", level);
	if (archive_write_set_format_raw(a) != ARCHIVE_OK ||
		archive_write_add_filter_gzip(a) != ARCHIVE_OK ||
		archive_write_set_filter_option(a, "gzip", "compression-level", digits) !=
			ARCHIVE_OK ||
		archive_write_set_filter_option(a, "gzip", "timestamp", NULL) !=
			ARCHIVE_OK ||
		archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK ||
		archive_write_open(a, g, NULL, on_write, NULL) != ARCHIVE_OK)
		return fail(g, e);

	entry = archive_entry_new();
	if (!entry)
		err_abort("out of memory");
	archive_entry_set_filetype(entry, AE_IFREG);
	rc = archive_write_header(a, entry);
	archive_entry_free(entry);
	return rc == ARCHIVE_OK ? 0 : fail(g, e);
}

int gz_open(const struct writer *sink, int level, struct gz_writer **out, struct err *e)
{
	auto_gz struct gz_writer *g = xcalloc(1, sizeof(*g));

	g->sink = *sink;
	g->archive = archive_write_new();
	if (!g->archive)
		err_abort("out of memory");
	if (begin(g, level, e) < 0)
		return -1;
	*out = STEAL(g);
	return 0;
}

int gz_write(struct gz_writer *g, const void *p, size_t len, struct err *e)
{
	const unsigned char *at = p;

	while (len > 0) {
		la_ssize_t n = archive_write_data(g->archive, at, len);

		if (n <= 0)
			return fail(g, e);
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int gz_finish(struct gz_writer *g, struct err *e)
{
	return archive_write_close(g->archive) == ARCHIVE_OK ? 0 : fail(g, e);
}

void gz_close(struct gz_writer **g)
{
	if (!*g)
		return;
	if ((*g)->archive)
		archive_write_free((*g)->archive);
	free(*g);
	*g = NULL;
}

static int to_buf(void *ctx, const void *p, size_t len, struct err *e)
{
	(void)e;
	buf_add(ctx, p, len);
	return 0;
}

int gz_encode(struct bytes raw, int level, struct buf *out, struct err *e)
{
	const struct writer sink = { .write = to_buf, .ctx = out };
	auto_gz struct gz_writer *g = NULL;

	if (gz_open(&sink, level, &g, e) < 0 || gz_write(g, raw.data, raw.len, e) < 0 ||
		gz_finish(g, e) < 0)
		return -1;
	return buf_check(out, "a gzip file", e);
}
