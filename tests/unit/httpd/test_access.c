#include "httpd/access.h"

#include "tests/unit/unit.h"

static struct access_entry entry(void)
{
	return (struct access_entry){
		.peer = { { [10] = 0xff, 0xff, 127, 0, 0, 1 } },
		.time_s = 784111777,
		.method = "GET",
		.target = "/a",
		.version = "HTTP/1.1",
		.status = 200,
		.body_bytes = 17,
		.user_agent = bytes_of_str("curl/7"),
	};
}

static void line_is(struct access_entry a, const char *want)
{
	auto_buf struct buf b = BUF_INIT(8192);

	access_format(&b, ACCESS_COMBINED, &a);
	assert_string_equal(buf_str(&b), want);
}

static void access_line_is_the_combined_format(void **state)
{
	(void)state;
	line_is(entry(),
		"127.0.0.1 - - [06/Nov/1994:08:49:37 +0000] \"GET /a HTTP/1.1\" 200 17 "
		"\"-\" \"curl/7\"\n");
}

static void access_line_escapes_what_came_from_outside(void **state)
{
	struct access_entry a = entry();

	(void)state;
	a.target = "/\"\\\x1b[2J\xff\n";
	a.user_agent = bytes_of("x\0\r\ny", 5);
	line_is(a, "127.0.0.1 - - [06/Nov/1994:08:49:37 +0000] "
		   "\"GET /\\x22\\x5c\\x1b[2J\\xff\\x0a HTTP/1.1\" 200 17 "
		   "\"-\" \"x\\x00\\x0d\\x0ay\"\n");
}

static void access_line_is_bounded(void **state)
{
	static char target[6000];
	struct access_entry a = entry();
	auto_buf struct buf b = BUF_INIT(65536);

	(void)state;
	memset(target, '"', sizeof(target) - 1);
	a.target = target;
	a.user_agent = bytes_of_str(target);
	access_format(&b, ACCESS_COMBINED, &a);
	assert_in_range(b.len, 1000, 4096);
}

static void access_line_shows_v6_and_cut_replies(void **state)
{
	struct access_entry a = entry();

	(void)state;
	a.peer = (struct address){ { [15] = 1 } };
	a.is_cut = true;
	line_is(a, "::1 - - [06/Nov/1994:08:49:37 +0000] \"GET /a HTTP/1.1\" 200 - \"-\" "
		   "\"curl/7\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(access_line_is_the_combined_format),
		cmocka_unit_test(access_line_escapes_what_came_from_outside),
		cmocka_unit_test(access_line_is_bounded),
		cmocka_unit_test(access_line_shows_v6_and_cut_replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
