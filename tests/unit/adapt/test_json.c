#include "lib/adapt/json.h"

#include "tests/unit/adapt/support.h"

static int opens(const char *text, size_t len, struct err *e)
{
	auto_json struct json_doc *doc = NULL;

	return json_open(bytes_of(text, len), &doc, e);
}

static void what_is_not_strict_json_is_refused(void **state)
{
	static const char *const bad[] = { "", " ", "{", "{\"a\":1", "{\"a\":1}}",
		"{\"a\":1} x", "{\"a\":1}{}", "{\"a\":1,}", "[1,]", "{a:1}", "{'a':1}",
		"{\"a\":01}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":0x10}", "{\"a\":NaN}",
		"{\"a\":Infinity}", "{\"a\":True}", "{\"a\":1 /* c */}", "// c\n{}",
		"{\"a\":\"\t\"}", "{\"a\":\"\n\"}", "{\"a\":\"\\x41\"}",
		"{\"a\":\"\\u12\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\ud800\\u0041\"}",
		"{\"a\":\"\\udc00\"}", "{\"a\":\"\xff\"}", "{\"a\":\"\xc0\xaf\"}",
		"{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\xf4\x90\x80\x80\"}",
		"{\"\xff\":1}", "\xef\xbb\xbf{}",
		/* no floats */
		"{\"a\":1.0}", "{\"a\":1e3}", "{\"a\":[[{\"b\":-0.5}]]}", "{\"a\":1E400}",
		/* no number that is no int64_t */
		"{\"a\":9223372036854775808}", "{\"a\":-9223372036854775809}",
		"{\"a\":99999999999999999999999999}",
		/* no key twice, also escaped, also deep */
		"{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}",
		"[{\"b\":{\"a\":1,\"a\":1}}]",
		/* no NUL */
		"{\"a\":\"x\\u0000y\"}", "{\"a\\u0000b\":1}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct err e = { 0 };

		if (opens(bad[i], strlen(bad[i]), &e) == 0)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(e.code, ERR_PARSE);
	}
}

static void raw_nul_bytes_are_refused(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(opens("{}\0", 3, &e), -1);
	assert_int_equal(opens("\0{}", 3, &e), -1);
	assert_int_equal(opens("{\"a\":\"\0\"}", 9, &e), -1);
	assert_int_equal(opens("{\"a\":1}\0{}", 10, &e), -1);
	assert_int_equal(opens("{\"a\":1}", 7, &e), 0);
}

static int nested_opens(int levels, const char *open, const char *close)
{
	auto_buf struct buf text = BUF_INIT(4096);
	struct err e = { 0 };
	int r;

	for (int i = 0; i < levels; i++)
		buf_add_str(&text, open);
	buf_add_byte(&text, '1');
	for (int i = 0; i < levels; i++)
		buf_add_str(&text, close);
	r = opens(buf_str(&text), text.len, &e);
	assert_int_equal(e.code, r ? ERR_PARSE : 0);
	return r;
}

static void depth_ends_at_32(void **state)
{
	(void)state;
	assert_int_equal(nested_opens(32, "[", "]"), 0);
	assert_int_equal(nested_opens(33, "[", "]"), -1);
	assert_int_equal(nested_opens(32, "{\"k\":", "}"), 0);
	assert_int_equal(nested_opens(33, "{\"k\":", "}"), -1);
}

static void a_million_brackets_are_refused_without_a_crash(void **state)
{
	auto_free char *text = xmalloc(1000000);
	struct err e = { 0 };

	(void)state;
	memset(text, '[', 1000000);
	assert_int_equal(opens(text, 1000000, &e), -1);
}

static const char document[] = "{\"s\":\"text\\n\\u00e9\\ud83d\\ude00\",\"i\":42,\"n\":-"
			       "7,\"max\":9223372036854775807,"
			       "\"t\":true,\"f\":false,\"o\":{\"k\":\"v\"},\"a\":[1,"
			       "\"two\",{\"x\":3}],\"z\":null,"
			       "\"unknown\":[]}";

static const struct json *open_document(struct json_doc **doc)
{
	const struct json *root = NULL;
	struct err e = { 0 };

	if (json_open(bytes_of_str(document), doc, &e) < 0 ||
		json_root(*doc, &root, &e) < 0)
		fail_msg("%s", e.text);
	return root;
}

static void members_come_with_their_types(void **state)
{
	auto_json struct json_doc *doc = NULL;
	const struct json *root = open_document(&doc), *o, *a;
	const char *s;
	int64_t i;
	bool b;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(json_get_str(root, "s", &s, &e), 0);
	assert_string_equal(s, "text\n\xc3\xa9\xf0\x9f\x98\x80");
	assert_int_equal(json_get_int(root, "i", 0, 42, &i, &e), 0);
	assert_int_equal(i, 42);
	assert_int_equal(json_get_int(root, "n", -7, 0, &i, &e), 0);
	assert_int_equal(i, -7);
	assert_int_equal(json_get_int(root, "max", 0, INT64_MAX, &i, &e), 0);
	assert_true(i == INT64_MAX);
	assert_int_equal(json_get_bool(root, "t", &b, &e), 0);
	assert_true(b);
	assert_int_equal(json_get_bool(root, "f", &b, &e), 0);
	assert_false(b);
	assert_int_equal(json_get_object(root, "o", &o, &e), 0);
	assert_int_equal(json_get_str(o, "k", &s, &e), 0);
	assert_int_equal(json_get_array(root, "a", &a, &e), 0);
	assert_int_equal(json_count(a), 3);
	assert_int_equal(json_int(json_at(a, 0), 0, 9, &i, &e), 0);
	assert_int_equal(json_str(json_at(a, 1), &s, &e), 0);
	assert_string_equal(s, "two");
	assert_int_equal(json_is_object(json_at(a, 2), &e), 0);
	assert_true(json_has(root, "z"));
	assert_false(json_has(root, "absent"));
}

static void wrong_types_and_ranges_name_the_key_and_leave_the_output(void **state)
{
	auto_json struct json_doc *doc = NULL;
	const struct json *root = open_document(&doc), *node = NULL;
	const char *s = "kept";
	int64_t i = 5;
	bool b = true;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(json_get_int(root, "i", 0, 41, &i, &e), -1);
	assert_string_equal(e.text, "'i': not an integer of 0..41");
	assert_int_equal(json_get_int(root, "i", 43, 100, &i, &e), -1);
	assert_int_equal(json_get_int(root, "s", 0, 9, &i, &e), -1);
	assert_int_equal(json_get_int(root, "t", 0, 9, &i, &e), -1);
	assert_int_equal(json_get_int(root, "absent", 0, 9, &i, &e), -1);
	assert_string_equal(e.text, "'absent': missing");
	assert_int_equal(i, 5);
	assert_int_equal(json_get_str(root, "i", &s, &e), -1);
	assert_string_equal(e.text, "'i': not a string");
	assert_int_equal(json_get_str(root, "z", &s, &e), -1);
	assert_string_equal(s, "kept");
	assert_int_equal(json_get_bool(root, "i", &b, &e), -1);
	assert_int_equal(json_get_object(root, "a", &node, &e), -1);
	assert_int_equal(json_get_array(root, "o", &node, &e), -1);
	assert_int_equal(e.code, ERR_PARSE);
	assert_null(node);
}

static void optional_members_may_be_absent_but_not_wrong(void **state)
{
	auto_json struct json_doc *doc = NULL;
	const struct json *root = open_document(&doc);
	const char *s = "default";
	int64_t i = 5;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(json_opt_str(root, "absent", &s, &e), 0);
	assert_string_equal(s, "default");
	assert_int_equal(json_opt_int(root, "absent", 0, 9, &i, &e), 0);
	assert_int_equal(i, 5);
	assert_int_equal(json_opt_str(root, "i", &s, &e), -1);
	assert_int_equal(json_opt_int(root, "i", 0, 9, &i, &e), -1);
	assert_int_equal(json_opt_int(root, "i", 0, 99, &i, &e), 0);
	assert_int_equal(i, 42);
}

static void members_are_walked_in_their_order(void **state)
{
	static const char *const want[] = { "s", "i", "n", "max", "t", "f", "o", "a", "z",
		"unknown" };
	auto_json struct json_doc *doc = NULL;
	const struct json *root = open_document(&doc), *value;
	const char *key;
	size_t n = 0;

	(void)state;
	for (void *it = json_next(root, NULL, &key, &value); it;
		it = json_next(root, it, &key, &value))
		assert_string_equal(key, want[n++]);
	assert_int_equal(n, ARRAY_COUNT(want));
}

static void root_may_be_asked_to_be_an_object(void **state)
{
	auto_json struct json_doc *doc = NULL;
	const struct json *root = NULL;
	const char *s;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(json_open(bytes_of_str("[\"line\",4211]\n"), &doc, &e), 0);
	assert_int_equal(json_root(doc, &root, &e), -1);
	assert_int_equal(e.code, ERR_PARSE);
	assert_int_equal(json_count(json_any(doc)), 2);
	assert_int_equal(json_str(json_at(json_any(doc), 0), &s, &e), 0);
	assert_string_equal(s, "line");
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_not_strict_json_is_refused),
		T(raw_nul_bytes_are_refused),
		T(depth_ends_at_32),
		T(a_million_brackets_are_refused_without_a_crash),
		T(members_come_with_their_types),
		T(wrong_types_and_ranges_name_the_key_and_leave_the_output),
		T(optional_members_may_be_absent_but_not_wrong),
		T(members_are_walked_in_their_order),
		T(root_may_be_asked_to_be_an_object),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
