#include "httpd/head.h"

#include "tests/unit/unit.h"

struct field {
	const char *name, *value;
};

static struct head head_of(const struct field *f, size_t count)
{
	struct head h;

	head_begin(&h, 10);
	for (size_t i = 0; i < count; i++)
		head_add(&h, bytes_of_str(f[i].name), bytes_of_str(f[i].value));
	head_end(&h, true);
	return h;
}

#define HEAD(...)                                                                        \
	head_of((const struct field[]){ __VA_ARGS__ },                                   \
		ARRAY_COUNT(((const struct field[]){ __VA_ARGS__ })))

static void head_keeps_what_is_needed(void **state)
{
	struct head h = HEAD({ "host", "x" }, { "RANGE", "bytes=0-1" },
		{ "If-None-Match", "\"a\"" }, { "if-range", "\"b\"" },
		{ "User-Agent", "curl" }, { "Accept", "*/*" }, { "Accept", "text/html" });

	(void)state;
	assert_int_equal(h.refuse, 0);
	assert_false(h.has_body);
	assert_true(bytes_equal_str(h.range, "bytes=0-1"));
	assert_true(bytes_equal_str(h.cond.if_none_match, "\"a\""));
	assert_true(bytes_equal_str(h.cond.if_range, "\"b\""));
	assert_true(bytes_equal_str(h.user_agent, "curl"));
}

static void head_wants_one_host_in_http_1_1(void **state)
{
	struct head h;

	(void)state;
	assert_int_equal(HEAD({ "Accept", "x" }).refuse, 400);
	assert_int_equal(HEAD({ "Host", "a" }, { "Host", "a" }).refuse, 400);
	head_begin(&h, 1);
	head_end(&h, false);
	assert_int_equal(h.refuse, 0);
}

static void head_rejects_repeated_framing(void **state)
{
	(void)state;
	assert_int_equal(HEAD({ "Host", "a" }, { "Content-Length", "0" },
				 { "content-length", "0" })
				 .refuse,
		400);
	assert_int_equal(HEAD({ "Host", "a" }, { "Transfer-Encoding", "chunked" },
				 { "Transfer-Encoding", "identity" })
				 .refuse,
		400);
}

static void head_knows_a_body(void **state)
{
	(void)state;
	assert_false(HEAD({ "Host", "a" }, { "Content-Length", "0" }).has_body);
	assert_false(HEAD({ "Host", "a" }, { "Content-Length", "00" }).has_body);
	assert_true(HEAD({ "Host", "a" }, { "Content-Length", "1" }).has_body);
	assert_true(HEAD({ "Host", "a" }, { "Content-Length", "" }).has_body);
	assert_true(HEAD({ "Host", "a" }, { "Content-Length", "-0" }).has_body);
	assert_int_equal(
		HEAD({ "Host", "a" }, { "Content-Length", "99999999999999999999" })
			.refuse,
		413);
	assert_int_equal(
		HEAD({ "Host", "a" }, { "Content-Length", "000000000000000000000" })
			.refuse,
		0);
	assert_int_equal(
		HEAD({ "Host", "a" }, { "Content-Length", "9999999999999999999x" })
			.refuse,
		0);
	assert_true(HEAD({ "Host", "a" }, { "Transfer-Encoding", "identity" }).has_body);
}

static void head_rejects_names_that_are_no_tokens(void **state)
{
	static const char *const bad[] = { "", "Range ", " Range", "Ra\tnge", "R(x)",
		"a\x80", "a/b", "a\"b", "Content-Length\r" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(HEAD({ "Host", "a" }, { bad[i], "1" }).refuse, 400);
}

static void head_rejects_control_bytes_in_values(void **state)
{
	(void)state;
	assert_int_equal(HEAD({ "Host", "a\rContent-Length: 5" }).refuse, 400);
	assert_int_equal(HEAD({ "Host", "a" }, { "X", "\x01" }).refuse, 400);
	assert_int_equal(HEAD({ "Host", "a" }, { "X", "\x7f" }).refuse, 400);
	assert_int_equal(HEAD({ "Host", "a" }, { "X", "a\tb \xc3\xa4" }).refuse, 0);
}

static void head_ignores_a_repeated_range(void **state)
{
	struct head h =
		HEAD({ "Host", "a" }, { "Range", "bytes=0-1" }, { "Range", "bytes=2-3" });

	(void)state;
	assert_int_equal(h.refuse, 0);
	assert_null(h.range.data);
}

static void head_bounds_size_and_fields(void **state)
{
	static char long_text[HEAD_BYTES_MAX];
	struct field many[HEAD_FIELDS_MAX + 1];

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	assert_int_equal(HEAD({ "Host", "a" }, { "X", long_text }).refuse, 431);
	for (size_t i = 0; i < ARRAY_COUNT(many); i++)
		many[i] = (struct field){ i ? "X" : "Host", "y" };
	assert_int_equal(head_of(many, HEAD_FIELDS_MAX).refuse, 0);
	assert_int_equal(head_of(many, HEAD_FIELDS_MAX + 1).refuse, 431);
}

static void head_closes_for_old_systemd_pull(void **state)
{
	static const struct {
		const char *agent;
		bool close;
	} known[] = { { "systemd-pull/252", true }, { "systemd-pull/256", true },
		{ "systemd-pull/252.39-1~deb12u1", true }, { "systemd-pull/257", false },
		{ "systemd-pull/258.1", false }, { "systemd-pull/25", false },
		{ "systemd-pull/2520", false }, { "curl/7.88", false }, { "", false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
		struct head h = HEAD({ "Host", "a" }, { "User-Agent", known[i].agent });

		assert_int_equal(head_needs_close(&h), known[i].close);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(head_keeps_what_is_needed),
		cmocka_unit_test(head_wants_one_host_in_http_1_1),
		cmocka_unit_test(head_rejects_repeated_framing),
		cmocka_unit_test(head_knows_a_body),
		cmocka_unit_test(head_rejects_names_that_are_no_tokens),
		cmocka_unit_test(head_rejects_control_bytes_in_values),
		cmocka_unit_test(head_ignores_a_repeated_range),
		cmocka_unit_test(head_bounds_size_and_fields),
		cmocka_unit_test(head_closes_for_old_systemd_pull),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
