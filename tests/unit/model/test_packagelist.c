#include "lib/model/packagelist.h"

#include "tests/unit/unit.h"

static int parse(const char *text, struct packagelist *out, struct err *e)
{
	return packagelist_parse(bytes_of_str(text), out, e);
}

static void packagelist_reads_what_it_writes(void **state)
{
	const struct package one = { "bash", "5.2-1", "amd64", "bash", "5.2-1", "shells",
		7168, "GPL-3.0-or-later" };
	auto_packagelist struct packagelist l = { .kind = "" };
	auto_buf struct buf text = BUF_INIT(4096), again = BUF_INIT(4096);
	struct err e;

	(void)state;
	assert_int_equal(packagelist_format("dpkg", &one, 1, &text, &e), 0);
	assert_int_equal(packagelist_parse(buf_bytes(&text), &l, &e), 0);
	assert_int_equal(l.count, 1);
	assert_string_equal(l.item[0].version, "5.2-1");
	assert_int_equal(l.item[0].installed_size, 7168);
	assert_string_equal(l.item[0].license, "GPL-3.0-or-later");
	assert_int_equal(packagelist_format(l.kind, l.item, l.count, &again, &e), 0);
	assert_string_equal(buf_str(&again), buf_str(&text));
}

static void packagelist_may_be_empty(void **state)
{
	auto_packagelist struct packagelist l = { .kind = "" };
	struct err e;

	(void)state;
	assert_int_equal(
		parse("{\"schema\":1,\"kind\":\"\",\"packages\":[]}", &l, &e), 0);
	assert_int_equal(l.count, 0);
}

static void packagelist_refuses(const char *text, const char *sentence)
{
	struct packagelist l = { .kind = "" };
	struct err e;

	assert_int_equal(parse(text, &l, &e), -1);
	assert_int_equal(e.code, ERR_PARSE);
	if (!strstr(e.text, sentence))
		fail_msg("'%s' does not say '%s'", e.text, sentence);
}

static void packagelist_refuses_what_no_page_can_carry(void **state)
{
	(void)state;
	packagelist_refuses("[]", "object");
	packagelist_refuses("{\"schema\":2,\"packages\":[]}", "schema");
	packagelist_refuses("{\"schema\":1,\"packages\":[{\"version\":\"1\"}]}",
		"'packages': element 1: 'name'");
	packagelist_refuses("{\"schema\":1,\"packages\":[{\"name\":\"a\\u001b[0m\","
			    "\"version\":\"1\"}]}",
		"control character");
	packagelist_refuses(
		"{\"schema\":1,\"packages\":[{\"name\":\"a\",\"version\":\"\"}]}",
		"'version'");
	packagelist_refuses(
		"{\"schema\":1,\"packages\":[{\"name\":\"a\",\"version\":\"1\","
		"\"installed_size\":-1}]}",
		"'installed_size'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packagelist_reads_what_it_writes),
		cmocka_unit_test(packagelist_may_be_empty),
		cmocka_unit_test(packagelist_refuses_what_no_page_can_carry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
