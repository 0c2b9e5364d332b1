#include "lib/base/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void is_text(const char *in, const char *want)
{
	struct buf out auto_buf = BUF_INIT(1000);

	html_text(&out, in);
	assert_string_equal(buf_str(&out), want);
}

static void what_has_a_meaning_is_a_reference(void **state)
{
	(void)state;
	is_text("<a href='x'>\"&\"", "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&quot;");
	is_text("caf\xc3\xa9", "caf\xc3\xa9");
}

static void what_no_reader_should_see_is_replaced(void **state)
{
	(void)state;
	is_text("a\x1b[0m\x7f", "a\xef\xbf\xbd[0m\xef\xbf\xbd");
	is_text("\xe2\x80\xae"
		"exe",
		"\xef\xbf\xbd"
		"exe");
	is_text("\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd");
	is_text("\xc2\x85", "\xef\xbf\xbd");
}

static void formats_escape_their_strings(void **state)
{
	struct buf out auto_buf = BUF_INIT(1000);

	(void)state;
	html_printf(&out, "<b>%s</b> %d %lld %llu 100%%", "<i>", -1, (long long)1 << 40,
		(unsigned long long)7);
	assert_string_equal(buf_str(&out), "<b>&lt;i&gt;</b> -1 1099511627776 7 100%");
}

static void sizes_are_short(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *want;
	} cases[] = { { 0, "0 B" }, { 999, "999 B" }, { 1000, "1.0 kB" },
		{ 99949, "99.9 kB" }, { 123456, "123 kB" }, { 1400000, "1.4 MB" },
		{ 5000000000ULL, "5.0 GB" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct buf out auto_buf = BUF_INIT(100);

		html_size(&out, cases[i].bytes);
		assert_string_equal(buf_str(&out), cases[i].want);
	}
}

static void dates_carry_their_time(void **state)
{
	struct buf out auto_buf = BUF_INIT(100);

	(void)state;
	html_date(&out, 1795399620);
	assert_string_equal(buf_str(&out),
		"<time datetime=\"2026-11-23T02:07:00Z\">2026-11-23</time>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_a_meaning_is_a_reference),
		cmocka_unit_test(what_no_reader_should_see_is_replaced),
		cmocka_unit_test(formats_escape_their_strings),
		cmocka_unit_test(sizes_are_short),
		cmocka_unit_test(dates_carry_their_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
