#include "client/image/s3list.h"
#include "tests/unit/unit.h"

static int note(const char *key, uint64_t size, void *ctx, struct err *e)
{
	(void)e;
	buf_printf(ctx, "%s=%llu;", key, (unsigned long long)size);
	return 0;
}

static int parse(const char *xml, struct buf *seen, struct buf *next)
{
	struct err e;

	return s3list_parse(bytes_of_str(xml), note, seen, next, &e);
}

static void listing_gives_keys_and_the_next_page(void **state)
{
	auto_buf struct buf seen = BUF_INIT(4096), next = BUF_INIT(100);

	(void)state;
	assert_int_equal(
		parse("<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><IsTruncated>"
		      "true</IsTruncated><Contents><Key>a&amp;b</Key><Size>7</Size>"
		      "</Contents><Contents><Key>c</Key><ETag>\"1\"</ETag><Size>0</Size>"
		      "</Contents><NextContinuationToken>c&lt;1</NextContinuationToken>"
		      "</ListBucketResult>",
			&seen, &next),
		0);
	assert_string_equal(buf_str(&seen), "a&b=7;c=0;");
	assert_string_equal(buf_str(&next), "c<1");
}

static void listing_ends(void **state)
{
	auto_buf struct buf seen = BUF_INIT(4096), next = BUF_INIT(100);

	(void)state;
	assert_int_equal(parse("<ListBucketResult><IsTruncated>false</IsTruncated>"
			       "</ListBucketResult>",
				 &seen, &next),
		0);
	assert_int_equal(seen.len, 0);
	assert_int_equal(next.len, 0);
}

static void other_answers_are_no_listing(void **state)
{
	static const char *const bad[] = {
		"",
		"<html>",
		"<ListBucketResult><Contents><Key>a</Key></Contents>",
		"<ListBucketResult><Contents><Key>a</Key><Size>x</Size></Contents>",
		"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		auto_buf struct buf seen = BUF_INIT(4096), next = BUF_INIT(100);

		assert_int_equal(parse(bad[i], &seen, &next), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listing_gives_keys_and_the_next_page),
		cmocka_unit_test(listing_ends),
		cmocka_unit_test(other_answers_are_no_listing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
