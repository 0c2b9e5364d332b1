#include "httpd/coding.h"

#include "tests/unit/unit.h"

/* The suffixes of what is accepted, best first. */
static const char *accepted(const char *field)
{
	static char text[40];
	enum coding out[CODING_COUNT];
	size_t count =
		coding_accepted(field ? bytes_of_str(field) : bytes_of(NULL, 0), out);

	snprintf(text, sizeof(text), "%s%s%s",
		count > 0 ? coding_names[out[0]].suffix : "",
		count > 1 ? coding_names[out[1]].suffix : "",
		count > 2 ? coding_names[out[2]].suffix : "");
	return text;
}

static void coding_unasked_is_none(void **state)
{
	(void)state;
	assert_string_equal(accepted(NULL), "");
	assert_string_equal(accepted(""), "");
	assert_string_equal(accepted(" , ,;"), "");
	assert_string_equal(accepted("identity"), "");
	assert_string_equal(accepted("deflate, compress"), "");
}

static void coding_smallest_of_equals_first(void **state)
{
	(void)state;
	assert_string_equal(accepted("gzip, deflate, br, zstd"), ".br.zst.gz");
	assert_string_equal(accepted("gzip"), ".gz");
	assert_string_equal(accepted("X-GZip"), ".gz");
	assert_string_equal(accepted("*"), ".br.zst.gz");
}

static void coding_order_follows_q(void **state)
{
	(void)state;
	assert_string_equal(accepted("br;q=0.2, gzip;q=0.9, zstd;q=0.5"), ".gz.zst.br");
	assert_string_equal(accepted("gzip ; q=1.000 , br ; Q=0.999"), ".gz.br");
	assert_string_equal(accepted("gzip;q=0, *"), ".br.zst");
	assert_string_equal(accepted("*;q=0"), "");
	assert_string_equal(accepted("br;q=0.5,*;q=0.1"), ".br.zst.gz");
}

static void coding_identity_liked_better_wins(void **state)
{
	(void)state;
	assert_string_equal(accepted("gzip;q=0.5, identity;q=0.8"), "");
	assert_string_equal(accepted("gzip;q=0.8, identity;q=0.5"), ".gz");
	assert_string_equal(accepted("gzip, identity;q=0"), ".gz");
}

static void coding_nonsense_is_not_accepted(void **state)
{
	(void)state;
	assert_string_equal(accepted("gzip;q=2"), "");
	assert_string_equal(accepted("gzip;q=1.001"), "");
	assert_string_equal(accepted("gzip;q=0.1234"), "");
	assert_string_equal(accepted("gzip;q=-1"), "");
	assert_string_equal(accepted("gzip;q="), "");
	assert_string_equal(accepted("gzip;q=0x1"), "");
	assert_string_equal(accepted("gzipped, brr"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(coding_unasked_is_none),
		cmocka_unit_test(coding_smallest_of_equals_first),
		cmocka_unit_test(coding_order_follows_q),
		cmocka_unit_test(coding_identity_liked_better_wins),
		cmocka_unit_test(coding_nonsense_is_not_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
