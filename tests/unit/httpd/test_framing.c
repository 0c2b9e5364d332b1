#include "httpd/framing.h"

#include "tests/unit/unit.h"

/* Splits a head as libmicrohttpd 0.9 does, and says what framing makes of it: the fields
 * are where the lines are, unless a fold moved one. */
static bool is_sound(const char *text, size_t len)
{
	static char buffer[512], moved[1024];
	char *line = buffer, *method = buffer, *target, *version, *name = NULL,
	     *value = NULL;
	struct framing f;
	bool first = true;
	size_t size = 0;

	memset(buffer, 0xaa, sizeof(buffer));
	memcpy(buffer, text, len);
	for (char *p = buffer; p < buffer + len; p++) {
		bool crlf = p[0] == '\r' && p[1] == '\n';

		if (!crlf && *p != '\n')
			continue;
		*p++ = '\0';
		if (crlf)
			*p = '\0';
		else
			p--;
		if (first) {
			target = strchr(method, ' ');
			*target++ = '\0';
			target += strspn(target, " ");
			version = memrchr(target, ' ', (size_t)(p - target));
			*version++ = '\0';
			framing_begin(&f, bytes_of_str(method),
				bytes_of(target, strcspn(target, " ")),
				bytes_of_str(version));
			first = false;
		} else if (*line == ' ') {
			snprintf(moved, sizeof(moved), "%s%s", name, line + 1);
			name = moved;
			value = moved + sizeof(moved) - 1;
		} else {
			if (name)
				framing_field(
					&f, bytes_of_str(name), bytes_of_str(value));
			size = (size_t)(p + 1 - buffer);
			if (!*line)
				break;
			name = line;
			value = strchr(name, ':');
			*value++ = '\0';
			while (*value == ' ' || *value == '\t')
				value++;
		}
		line = p + 1;
	}
	return framing_is_sound(&f, size);
}

#define SOUND(text) is_sound(text, sizeof(text) - 1)

static void framing_takes_what_is_one_head_for_everybody(void **state)
{
	(void)state;
	assert_true(SOUND("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
	assert_true(SOUND("GET / HTTP/1.0\r\n\r\n"));
	assert_true(SOUND("GET /?a=b HTTP/1.1\r\nHost:x\r\nA: \t b  \r\nC:\r\n\r\nGET"));
}

static void framing_refuses_bare_line_feeds(void **state)
{
	(void)state;
	assert_false(SOUND("GET / HTTP/1.1\nHost: x\r\n\r\n"));
	assert_false(SOUND("GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n"));
	assert_false(SOUND("GET / HTTP/1.1\r\nHost: x\r\nA: b\n\r\n"));
	assert_false(SOUND("GET / HTTP/1.1\r\nHost: x\r\nA: b\n\n"));
	assert_false(SOUND("GET / HTTP/1.1\nHost: x\n\n"));
	assert_false(SOUND("GET / HTTP/1.0\n\n"));
	assert_false(SOUND("GET / HTTP/1.1\r\nHost: x\r\n\nGET / HTTP/1.1\r\n"));
}

static void framing_refuses_folds_nuls_and_blanks(void **state)
{
	(void)state;
	assert_false(SOUND("GET / HTTP/1.1\r\nHost: x\r\nA:\r\n b\r\n\r\n"));
	assert_false(SOUND(
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n 5\r\nA: b\r\n\r\n"));
	assert_false(SOUND("GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"));
	assert_false(SOUND("GET / HTTP/1.1\r\nHost: x\r\nA: b\0\0C: d\r\nE: f\r\n\r\n"));
	assert_false(SOUND("GET /\0a HTTP/1.1\r\nHost: x\r\n\r\n"));
	assert_false(SOUND("GET / HTTP/1.1\0\r\nHost: x\r\n\r\n"));
	assert_false(SOUND("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"));
	assert_false(SOUND("GET  / HTTP/1.1\r\nHost: x\r\n\r\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(framing_takes_what_is_one_head_for_everybody),
		cmocka_unit_test(framing_refuses_bare_line_feeds),
		cmocka_unit_test(framing_refuses_folds_nuls_and_blanks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
