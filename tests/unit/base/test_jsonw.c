#include "lib/base/jsonw.h"

#include "tests/unit/unit.h"

static void jsonw_writes_nested_documents_without_spaces(void **state)
{
	auto_buf struct buf b = BUF_INIT(1000);
	struct jsonw w = jsonw_to(&b);

	(void)state;
	jsonw_object(&w);
	jsonw_kint(&w, "schema", 1);
	jsonw_kstr(&w, "name", "x");
	jsonw_key(&w, "list");
	jsonw_array(&w);
	jsonw_int(&w, -9007199254740991);
	jsonw_bool(&w, true);
	jsonw_null(&w);
	jsonw_object(&w);
	jsonw_end_object(&w);
	jsonw_array(&w);
	jsonw_end_array(&w);
	jsonw_end_array(&w);
	jsonw_kbool(&w, "ok", false);
	jsonw_end_object(&w);
	assert_string_equal(buf_str(&b),
		"{\"schema\":1,\"name\":\"x\",\"list\":[-9007199254740991,"
		"true,null,{},[]],\"ok\":false}");
}

static void expect(const char *text, size_t len, const char *json)
{
	auto_buf struct buf b = BUF_INIT(1000);
	struct jsonw w = jsonw_to(&b);

	jsonw_bytes(&w, bytes_of(text, len));
	assert_string_equal(buf_str(&b), json);
}

static void jsonw_escapes_only_what_it_must(void **state)
{
	(void)state;
	expect("\"\\\b\f\n\r\t", 7, "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
	expect("\0\x01\x1f", 3, "\"\\u0000\\u0001\\u001f\"");
	expect("/\x7f", 2, "\"/\x7f\"");
	expect("\xc3\xbc\xf0\x9f\x98\x80", 6, "\"\xc3\xbc\xf0\x9f\x98\x80\"");
}

static void jsonw_replaces_what_is_no_utf8(void **state)
{
	(void)state;
	expect("a\xff"
	       "b",
		3,
		"\"a\xef\xbf\xbd"
		"b\"");
	expect("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	expect("\xe2\x82", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void jsonw_reports_overflow_through_the_buffer(void **state)
{
	auto_buf struct buf b = BUF_INIT(5);
	struct jsonw w = jsonw_to(&b);
	struct err e;

	(void)state;
	jsonw_str(&w, "123456789");
	assert_int_equal(buf_check(&b, "the document", &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jsonw_writes_nested_documents_without_spaces),
		cmocka_unit_test(jsonw_escapes_only_what_it_must),
		cmocka_unit_test(jsonw_replaces_what_is_no_utf8),
		cmocka_unit_test(jsonw_reports_overflow_through_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
