#include "lib/base/buf.h"

#include "tests/unit/unit.h"

static void buf_is_an_empty_string_at_first(void **state)
{
	auto_buf struct buf b = BUF_INIT(10);

	(void)state;
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(buf_bytes(&b).len, 0);
	buf_add(&b, NULL, 0);
	assert_int_equal(b.len, 0);
}

static void buf_appends_and_stays_terminated(void **state)
{
	auto_buf struct buf b = BUF_INIT(100000);

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%03d,", i);
	assert_int_equal(b.len, 4000);
	assert_int_equal(b.data[b.len], 0);
	assert_memory_equal(b.data + 3996, "999,", 4);
	buf_clear(&b);
	assert_string_equal(buf_str(&b), "");
	buf_add_str(&b, "ab");
	buf_add_byte(&b, 'c');
	buf_add_fill(&b, '-', 3);
	assert_string_equal(buf_str(&b), "abc---");
}

static void buf_in_which_nothing_came_is_an_empty_string(void **state)
{
	auto_buf struct buf b = BUF_INIT(65536);
	void *used = malloc(4096);

	(void)state;
	memset(used, 'x', 4096);
	free(used);
	assert_non_null(buf_reserve(&b, 4000));
	buf_grew(&b, 0);
	assert_string_equal(buf_str(&b), "");
}

static void buf_takes_exactly_its_ceiling(void **state)
{
	auto_buf struct buf b = BUF_INIT(8);
	struct err e;

	(void)state;
	buf_add_str(&b, "12345678");
	assert_int_equal(buf_check(&b, "it", &e), 0);
	buf_add_byte(&b, '9');
	assert_int_equal(buf_check(&b, "it", &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_string_equal(e.text, "it is larger than 8 bytes");
	assert_string_equal(buf_str(&b), "12345678");
}

static void buf_drops_everything_once_over(void **state)
{
	auto_buf struct buf b = BUF_INIT(8);

	(void)state;
	buf_add_str(&b, "123456789");
	buf_add_byte(&b, 'x');
	assert_true(b.over);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
	buf_add_byte(&b, 'x');
	assert_string_equal(buf_str(&b), "x");
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_true(b.over);
}

static void buf_printf_over_the_ceiling_writes_nothing(void **state)
{
	auto_buf struct buf b = BUF_INIT(4);

	(void)state;
	buf_printf(&b, "%d", 12345);
	assert_true(b.over);
	assert_int_equal(b.len, 0);
}

static void buf_writes_little_endian(void **state)
{
	auto_buf struct buf b = BUF_INIT(64);

	(void)state;
	buf_add_le(&b, 0x1234, 2);
	buf_add_le(&b, 0x8070605040302010ULL, 8);
	assert_memory_equal(b.data, "\x34\x12\x10\x20\x30\x40\x50\x60\x70\x80", 10);
	assert_int_equal(bytes_le16(b.data), 0x1234);
	assert_true(bytes_le64(b.data + 2) == 0x8070605040302010ULL);
	assert_int_equal(bytes_le32(b.data + 2), 0x40302010);
}

static void buf_writes_hex(void **state)
{
	auto_buf struct buf b = BUF_INIT(64);

	(void)state;
	buf_add_hex(&b, (const unsigned char *)"\x00\xab\xff", 3);
	assert_string_equal(buf_str(&b), "00abff");
}

static void base64_follows_the_rfc_vectors(void **state)
{
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" },
		{ "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xfe", "+//+" } };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
		auto_buf struct buf text = BUF_INIT(64), back = BUF_INIT(64);

		buf_add_base64(&text, bytes_of_str(pairs[i][0]));
		assert_string_equal(buf_str(&text), pairs[i][1]);
		assert_int_equal(buf_decode_base64(buf_bytes(&text), &back, &e), 0);
		assert_string_equal(buf_str(&back), pairs[i][0]);
	}
}

static void base64_refuses_every_other_form(void **state)
{
	static const char *const bad[] = { "Zg",
		"Zg=", "Zg===", "=Zg=", "Z===", "====", "Zm9v\n", "Zm 9", "Zm9-", "Zm9_",
		"Zg==Zg==", "Zh==", "Zm9=" };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		auto_buf struct buf out = BUF_INIT(64);

		buf_add_str(&out, "kept");
		assert_int_equal(buf_decode_base64(bytes_of_str(bad[i]), &out, &e), -1);
		assert_int_equal(e.code, ERR_PARSE);
		assert_string_equal(buf_str(&out), "kept");
	}
}

static void base64_stops_at_the_ceiling(void **state)
{
	auto_buf struct buf out = BUF_INIT(2);
	struct err e;

	(void)state;
	assert_int_equal(buf_decode_base64(bytes_of_str("Zm9v"), &out, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

static void buf_hands_its_text_over(void **state)
{
	struct buf b = BUF_INIT(64);
	auto_free char *empty = buf_steal_str(&b), *text = NULL;

	(void)state;
	buf_add_str(&b, "mine");
	text = buf_steal_str(&b);
	assert_string_equal(empty, "");
	assert_string_equal(text, "mine");
	assert_null(b.data);
	assert_int_equal(b.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_is_an_empty_string_at_first),
		cmocka_unit_test(buf_appends_and_stays_terminated),
		cmocka_unit_test(buf_in_which_nothing_came_is_an_empty_string),
		cmocka_unit_test(buf_takes_exactly_its_ceiling),
		cmocka_unit_test(buf_drops_everything_once_over),
		cmocka_unit_test(buf_printf_over_the_ceiling_writes_nothing),
		cmocka_unit_test(buf_writes_little_endian),
		cmocka_unit_test(buf_writes_hex),
		cmocka_unit_test(base64_follows_the_rfc_vectors),
		cmocka_unit_test(base64_refuses_every_other_form),
		cmocka_unit_test(base64_stops_at_the_ceiling),
		cmocka_unit_test(buf_hands_its_text_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
