#include "lib/adapt/gz.h"

#include "tests/unit/unit.h"

#include <archive.h>

static void gunzip(struct bytes packed, struct buf *out)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	char chunk[4096];
	la_ssize_t n;

	archive_read_support_format_raw(a);
	archive_read_support_filter_gzip(a);
	archive_read_support_format_empty(a);
	assert_int_equal(
		archive_read_open_memory(a, packed.data, packed.len), ARCHIVE_OK);
	if (archive_read_next_header(a, &entry) == ARCHIVE_OK) {
		while ((n = archive_read_data(a, chunk, sizeof(chunk))) > 0)
			buf_add(out, chunk, (size_t)n);
		assert_int_equal(n, 0);
	}
	archive_read_free(a);
}

static void member_has_neither_time_nor_name(void **state)
{
	auto_buf struct buf out = BUF_INIT(4096);
	struct err e;

	(void)state;
	assert_int_equal(gz_encode(bytes_of_str("hello\n"), 9, &out, &e), 0);
	assert_memory_equal(out.data, "\x1f\x8b\x08\x00\x00\x00\x00\x00", 8);
}

static void same_bytes_twice_and_back_again(void **state)
{
	auto_buf struct buf raw = BUF_INIT(1 << 20), a = BUF_INIT(1 << 20),
			    b = BUF_INIT(1 << 20), back = BUF_INIT(1 << 20);
	struct err e;

	(void)state;
	for (int i = 0; i < 40000; i++)
		buf_printf(&raw, "%d\n", i);
	assert_int_equal(gz_encode(buf_bytes(&raw), 9, &a, &e), 0);
	assert_int_equal(gz_encode(buf_bytes(&raw), 9, &b, &e), 0);
	assert_true(a.len < raw.len / 2);
	assert_true(bytes_equal(buf_bytes(&a), buf_bytes(&b)));
	gunzip(buf_bytes(&a), &back);
	assert_true(bytes_equal(buf_bytes(&back), buf_bytes(&raw)));
}

static void nothing_is_a_member_too(void **state)
{
	auto_buf struct buf out = BUF_INIT(4096), back = BUF_INIT(4096);
	struct err e;

	(void)state;
	assert_int_equal(gz_encode(bytes_of(NULL, 0), 9, &out, &e), 0);
	gunzip(buf_bytes(&out), &back);
	assert_int_equal(back.len, 0);
}

static void ceiling_is_an_error(void **state)
{
	auto_buf struct buf out = BUF_INIT(16);
	struct err e;

	(void)state;
	assert_int_equal(gz_encode(bytes_of_str("hello\n"), 9, &out, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

static int refuse(void *ctx, const void *p, size_t len, struct err *e)
{
	(void)ctx;
	(void)p;
	(void)len;
	return err_set(e, ERR_NOSPACE, "full");
}

static void sink_error_comes_through(void **state)
{
	const struct writer sink = { .write = refuse };
	auto_gz struct gz_writer *g = NULL;
	struct err e;
	int rc;

	(void)state;
	rc = gz_open(&sink, 9, &g, &e);
	if (rc == 0)
		rc = gz_write(g, "x", 1, &e);
	if (rc == 0)
		rc = gz_finish(g, &e);
	assert_int_equal(rc, -1);
	assert_int_equal(e.code, ERR_NOSPACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(member_has_neither_time_nor_name),
		cmocka_unit_test(same_bytes_twice_and_back_again),
		cmocka_unit_test(nothing_is_a_member_too),
		cmocka_unit_test(ceiling_is_an_error),
		cmocka_unit_test(sink_error_comes_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
