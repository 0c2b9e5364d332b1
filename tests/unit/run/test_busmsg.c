#include "client/run/busmsg.h"
#include "tests/unit/unit.h"

static void a_call_has_its_fields_at_their_places(void **state)
{
	/* written by hand from the specification: Hello of serial 1 */
	static const char want[] = "l\1\0\1\0\0\0\0\1\0\0\0\x6e\0\0\0"
				   "\1\1o\0\x15\0\0\0/org/freedesktop/DBus\0\0\0"
				   "\6\1s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0"
				   "\2\1s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0"
				   "\3\1s\0\5\0\0\0Hello\0\0\0";
	const struct busmsg_call hello = { 1, "org.freedesktop.DBus",
		"/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", "" };
	auto_buf struct buf out = BUF_INIT(BUSMSG_MAX);

	(void)state;
	busmsg_call(&hello, bytes_of("", 0), &out);
	assert_int_equal(out.len, sizeof(want) - 1);
	assert_int_equal(out.len % 8, 0);
	assert_memory_equal(out.data, want, out.len);
}

static void an_array_counts_from_its_first_element(void **state)
{
	static const char want[] = "\1\0\0\0\0\0\0\0";
	auto_buf struct buf body = BUF_INIT(64);
	size_t mark;

	(void)state;
	mark = busmsg_array_begin(&body, 8); /* length, then four bytes of space */
	busmsg_align(&body, 8);
	buf_add_byte(&body, 'x');
	busmsg_array_end(&body, mark, 8);
	assert_int_equal(body.len, 9);
	assert_memory_equal(body.data, want, 8);
	assert_int_equal(body.data[8], 'x');
}

/* An error reply to serial 2 with one string. */
static const unsigned char error_reply[] = "l\3\0\1\x0a\0\0\0\7\0\0\0\x0f\0\0\0"
					   "\5\1u\0\2\0\0\0\x08\1g\0\1s\0\0"
					   "\5\0\0\0no\nno\0";
#define REPLY_LEN (sizeof(error_reply) - 1)

static void an_answer_tells_whom_and_what(void **state)
{
	struct busmsg m;

	(void)state;
	assert_int_equal(busmsg_parse(bytes_of(error_reply, REPLY_LEN), &m), REPLY_LEN);
	assert_int_equal(m.type, BUSMSG_ERROR);
	assert_int_equal(m.reply_to, 2);
	assert_string_equal(m.text, "no?no");
}

static void an_answer_may_be_big_endian(void **state)
{
	static const unsigned char reply[] = "B\2\0\1\0\0\0\0\0\0\0\7\0\0\0\x08"
					     "\5\1u\0\0\0\1\2";
	struct busmsg m;

	(void)state;
	assert_int_equal(busmsg_parse(bytes_of(reply, sizeof(reply) - 1), &m), 24);
	assert_int_equal(m.type, BUSMSG_RETURN);
	assert_int_equal(m.reply_to, 258);
	assert_string_equal(m.text, "");
}

static void half_a_message_is_waited_for(void **state)
{
	struct busmsg m;

	(void)state;
	for (size_t len = 0; len < REPLY_LEN; len++)
		assert_int_equal(busmsg_parse(bytes_of(error_reply, len), &m), 0);
}

/* Whatever one byte becomes, nothing is read behind the end (the sanitizers watch). */
static void a_damaged_message_is_refused_or_read(void **state)
{
	(void)state;
	for (size_t at = 0; at < REPLY_LEN; at++)
		for (unsigned int value = 0; value < 256; value++) {
			unsigned char *copy = xmalloc(REPLY_LEN);
			struct busmsg m;

			memcpy(copy, error_reply, REPLY_LEN);
			copy[at] = (unsigned char)value;
			assert_true(busmsg_parse(bytes_of(copy, REPLY_LEN), &m) <=
				    (long)REPLY_LEN);
			free(copy);
		}
}

static void what_is_no_message_is_refused(void **state)
{
	unsigned char noise[64];
	struct busmsg m;

	(void)state;
	memset(noise, 0xff, sizeof(noise));
	assert_int_equal(busmsg_parse(bytes_of(noise, sizeof(noise)), &m), -1);
	memcpy(noise, error_reply, 16);
	noise[6] = 0xff; /* sixteen megabytes to come */
	assert_int_equal(busmsg_parse(bytes_of(noise, sizeof(noise)), &m), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_has_its_fields_at_their_places),
		cmocka_unit_test(an_array_counts_from_its_first_element),
		cmocka_unit_test(an_answer_tells_whom_and_what),
		cmocka_unit_test(an_answer_may_be_big_endian),
		cmocka_unit_test(half_a_message_is_waited_for),
		cmocka_unit_test(a_damaged_message_is_refused_or_read),
		cmocka_unit_test(what_is_no_message_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
