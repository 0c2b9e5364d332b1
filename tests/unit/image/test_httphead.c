#include "client/image/httphead.h"
#include "tests/unit/unit.h"

static struct httphead head_of(const char *const *lines, size_t count)
{
	struct httphead h = { 0 };

	for (size_t i = 0; i < count; i++)
		assert_true(httphead_line(&h, bytes_of_str(lines[i])));
	return h;
}

static struct httphead one(const char *line)
{
	return head_of(&line, 1);
}

static void httphead_takes_a_strong_etag(void **state)
{
	(void)state;
	assert_string_equal(one("ETag:  \"abc\" \r\n").etag, "\"abc\"");
	assert_string_equal(one("etag: \"a:b-c\"\r\n").etag, "\"a:b-c\"");
}

static void httphead_leaves_weak_and_broken_etags(void **state)
{
	static const char *const lines[] = { "ETag: W/\"abc\"\r\n", "ETag: abc\r\n",
		"ETag: \"\"\r\n", "ETag: \"a\"b\"\r\n", "ETag: \"a b\"\r\n",
		"ETag: \"a\x1b\"\r\n", "ETag:\r\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
		assert_string_equal(one(lines[i]).etag, "");
}

static void httphead_reads_a_range_to_the_end(void **state)
{
	struct httphead h = one("Content-Range: bytes 100-999/1000\r\n");

	(void)state;
	assert_true(h.has_range);
	assert_int_equal(h.range_first, 100);
	assert_int_equal(h.range_total, 1000);
}

static void httphead_leaves_other_ranges(void **state)
{
	static const char *const lines[] = { "Content-Range: bytes 100-998/1000\r\n",
		"Content-Range: bytes 100-999/*\r\n", "Content-Range: bytes */1000\r\n",
		"Content-Range: items 100-999/1000\r\n",
		"Content-Range: bytes -1-999/1000\r\n",
		"Content-Range: bytes 1000-999/1000\r\n",
		"Content-Range: bytes 100-999/1000 x\r\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
		assert_false(one(lines[i]).has_range);
}

static void httphead_sees_a_content_coding(void **state)
{
	(void)state;
	assert_true(one("Content-Encoding: gzip\r\n").coded);
	assert_true(one("content-encoding: identity, gzip\r\n").coded);
	assert_false(one("Content-Encoding: identity\r\n").coded);
	assert_false(one("X-Content-Encoding: gzip\r\n").coded);
}

static void httphead_starts_anew_with_the_next_response(void **state)
{
	static const char *const lines[] = { "HTTP/1.1 302 Found\r\n", "ETag: \"a\"\r\n",
		"Content-Encoding: gzip\r\n", "\r\n", "HTTP/1.1 200 OK\r\n" };
	struct httphead h = head_of(lines, ARRAY_COUNT(lines));

	(void)state;
	assert_string_equal(h.etag, "");
	assert_false(h.coded);
}

static void httphead_counts_the_bytes_of_all_responses(void **state)
{
	static char line[8192];
	struct httphead h = { 0 };
	unsigned int taken = 0;

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "HTTP/1.1 ", 9);
	while (httphead_line(&h, bytes_of(line, sizeof(line))))
		taken++;
	assert_int_equal(taken, HTTPHEAD_BYTES_MAX / sizeof(line));
}

static void httphead_reads_retry_after_in_seconds(void **state)
{
	(void)state;
	assert_int_equal(one("Retry-After: 7\r\n").retry_after_s, 7);
	assert_int_equal(one("Retry-After: 99999999999\r\n").retry_after_s, 3600);
	assert_int_equal(one("Retry-After: Fri, 31 Dec 1999\r\n").retry_after_s, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(httphead_takes_a_strong_etag),
		cmocka_unit_test(httphead_leaves_weak_and_broken_etags),
		cmocka_unit_test(httphead_reads_a_range_to_the_end),
		cmocka_unit_test(httphead_leaves_other_ranges),
		cmocka_unit_test(httphead_sees_a_content_coding),
		cmocka_unit_test(httphead_starts_anew_with_the_next_response),
		cmocka_unit_test(httphead_counts_the_bytes_of_all_responses),
		cmocka_unit_test(httphead_reads_retry_after_in_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
