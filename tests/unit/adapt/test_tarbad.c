/* Archives that the tar reader must refuse. */
#include "lib/adapt/tar.h"

#include "tests/unit/adapt/tarmake.h"

static void missing_end_mark_is_refused(void **state)
{
	auto_buf struct buf a = BUF_INIT(TEST_MAX), none = BUF_INIT(TEST_MAX);

	(void)state;
	assert_refused(&none, "");
	tar_file(&a, "file", "text");
	assert_refused(&a, "end-of-archive");
	buf_add_fill(&a, 0, 512); /* half a mark */
	assert_refused(&a, "end-of-archive");
	buf_add_fill(&a, 0, 511);
	assert_refused(&a, "");
	buf_add_fill(&a, 0, 1);
	assert_accepted(&a, 1);
	buf_add_fill(&a, 0, 100);
	assert_refused(&a, "512");
}

static void every_truncation_is_refused(void **state)
{
	auto_buf struct buf a = BUF_INIT(TEST_MAX);

	(void)state;
	tar_pax_str(&a, "path", "a longer name");
	tar_file(&a, "file", "text");
	tar_file(&a, "next", "text");
	tar_end(&a);
	for (size_t len = 0; len < a.len; len += len % 512 == 511 ? 1 : 73) {
		struct seen seen;
		struct err e = { 0 };

		assert_int_equal(walk(bytes_of(a.data, len), 0, len % 2, &seen, &e), -1);
		assert_int_equal(e.code, ERR_PARSE);
	}
}

static void anything_behind_the_end_is_refused(void **state)
{
	static const size_t gaps[] = { 0, 1, 511, 512, 9216, 300000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(gaps); i++) {
		auto_buf struct buf a = BUF_INIT(TEST_MAX);

		tar_file(&a, "file", "text");
		tar_end(&a);
		buf_add_fill(&a, 0, gaps[i]);
		buf_add_byte(&a, 'x');
		buf_add_fill(&a, 0, (512 - a.len % 512) % 512);
		assert_refused(&a, "behind the end-of-archive mark");
	}
}

static void second_archive_behind_the_first_is_refused(void **state)
{
	auto_buf struct buf a = BUF_INIT(TEST_MAX);

	(void)state;
	tar_file(&a, "file", "text");
	tar_end(&a);
	tar_file(&a, "hidden", "text");
	tar_end(&a);
	assert_refused(&a, "behind the end-of-archive mark");
}

static void single_zero_block_between_entries_is_refused(void **state)
{
	auto_buf struct buf a = BUF_INIT(TEST_MAX);

	(void)state;
	tar_file(&a, "file", "text");
	buf_add_fill(&a, 0, 512);
	tar_file(&a, "hidden", "text");
	tar_end(&a);
	assert_refused(&a, "behind the end-of-archive mark");
}

static void zeros_without_end_are_refused(void **state)
{
	auto_buf struct buf a = BUF_INIT(TEST_MAX);

	(void)state;
	tar_file(&a, "file", "text");
	buf_add_fill(&a, 0, 17 << 20);
	assert_refused(&a, "zeros");
}

static void bad_checksum_in_the_middle_is_refused(void **state)
{
	auto_buf struct buf a = BUF_INIT(TEST_MAX);
	size_t at;

	(void)state;
	tar_file(&a, "file", "text");
	at = a.len;
	tar_file(&a, "spoilt", "text");
	tar_file(&a, "file", "text");
	tar_end(&a);
	a.data[at + 3] ^= 1;
	assert_refused(&a, "");
}

static void header_that_stands_askew_is_refused(void **state)
{
	auto_buf struct buf a = BUF_INIT(TEST_MAX);

	(void)state;
	tar_file(&a, "file", "text");
	buf_add(&a, "x", 1);
	tar_file(&a, "file", "text");
	buf_add_fill(&a, 0, 511);
	tar_end(&a);
	assert_refused(&a, "");
}

static void pax_header_without_its_entry_is_refused(void **state)
{
	auto_buf struct buf a = BUF_INIT(TEST_MAX);

	(void)state;
	tar_pax_str(&a, "path", "name");
	tar_end(&a);
	assert_refused(&a, "");
}

static void malformed_pax_records_are_refused(void **state)
{
	static const char *const bad[] = { "nonsense\n", "9999 path=x\n", "3 path=x\n",
		"-9 path=x\n", "10 path x\n", "9 path=x", "99999999999999999999 path=x\n",
		"0 path=x\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		auto_buf struct buf a = BUF_INIT(TEST_MAX);

		tar_pax(&a, 'x', bytes_of_str(bad[i]));
		tar_file(&a, "file", "");
		tar_end(&a);
		assert_refused(&a, "");
	}
}

static void extended_header_over_a_mebibyte_is_refused(void **state)
{
	auto_buf struct buf a = BUF_INIT(TEST_MAX), records = BUF_INIT(TEST_MAX);
	auto_free unsigned char *value = sample(2 << 20, 1);

	(void)state;
	pax_record(&records, "SCHILY.xattr.user.big", value, 2 << 20);
	tar_pax(&a, 'x', buf_bytes(&records));
	tar_file(&a, "file", "");
	tar_end(&a);
	assert_refused(&a, "");
}

static void long_chain_of_extended_headers_is_refused(void **state)
{
	auto_buf struct buf a = BUF_INIT(TEST_MAX);

	(void)state;
	for (int i = 0; i < 10000; i++)
		tar_pax_str(&a, "comment", "x");
	tar_file(&a, "file", "");
	tar_end(&a);
	assert_refused(&a, "");
}

static void huge_and_negative_sizes_are_refused(void **state)
{
	static const int64_t sizes[] = { -1, INT64_MIN / 2, INT64_MAX / 4,
		(int64_t)1 << 40 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		auto_buf struct buf a = BUF_INIT(TEST_MAX);
		size_t at = tar_header(&a, '0', "file", "", 0);

		tar_base256(a.data + at + 124, 12, sizes[i]);
		tar_sum(&a, at);
		tar_end(&a);
		assert_refused(&a, "");
	}
}

static void other_formats_are_refused(void **state)
{
	static const struct {
		const char *name, *script;
	} made[] = {
		{ "gzip'ed tar", "tar -c --format=ustar -f - -C / etc/passwd | gzip" },
		{ "xz'ed tar", "tar -c --format=ustar -f - -C / etc/passwd | xz -0" },
		{ "zst'ed tar", "tar -c --format=ustar -f - -C / etc/passwd | zstd -q" },
		{ "empty zip", "printf 'PK\\005\\006'; head -c 2000 /dev/zero" },
		{ "cpio newc", "printf '070701%0104d' 0; printf 'TRAILER!!!'; head -c "
			       "512 /dev/zero" },
		{ "mtree", "printf '#mtree\\n./x type=file mode=0644\\n'; head -c 1024 "
			   "/dev/zero" },
		{ "shell", "printf '#!/bin/sh\\n'; seq 1000" },
		{ "ar", "printf '!<arch>\\ndebian-binary   0 0 0 100644 4 `\\n2.0\\n'" },
		{ "html", "printf '<!DOCTYPE html><title>404</title>'; head -c 2000 "
			  "/dev/zero" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(made); i++) {
		const char *const argv[] = { "sh", "-c", made[i].script, NULL };
		auto_buf struct buf a = BUF_INIT(TEST_MAX);

		assert_int_equal(judge(argv, (struct bytes){ 0 }, &a), 0);
		assert_refused(&a, "Unrecognized");
	}
}

static ssize_t broken_read(void *ctx, void *buf, size_t size, struct err *e)
{
	(void)ctx, (void)buf, (void)size;
	return err_set(e, ERR_NETWORK, "the cable is cut");
}

static void error_of_the_source_comes_through(void **state)
{
	const struct reader broken = { .read = broken_read };
	auto_tar struct tar *t = NULL;
	struct tar_entry entry;
	struct err e = { 0 };

	(void)state;
	if (tar_open(&broken, &t, &e) == 0)
		assert_int_equal(tar_next(t, &entry, &e), -1);
	assert_int_equal(e.code, ERR_NETWORK);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(missing_end_mark_is_refused),
		T(every_truncation_is_refused),
		T(anything_behind_the_end_is_refused),
		T(second_archive_behind_the_first_is_refused),
		T(single_zero_block_between_entries_is_refused),
		T(zeros_without_end_are_refused),
		T(bad_checksum_in_the_middle_is_refused),
		T(header_that_stands_askew_is_refused),
		T(pax_header_without_its_entry_is_refused),
		T(malformed_pax_records_are_refused),
		T(extended_header_over_a_mebibyte_is_refused),
		T(long_chain_of_extended_headers_is_refused),
		T(huge_and_negative_sizes_are_refused),
		T(other_formats_are_refused),
		T(error_of_the_source_comes_through),
	};

	return cmocka_run_group_tests_name("tarbad", tests, NULL, NULL);
}
