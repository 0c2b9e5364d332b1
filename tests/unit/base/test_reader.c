#include "lib/base/reader.h"

#include "tests/unit/unit.h"

static void reader_and_writer_are_views_of_a_descriptor(void **state)
{
	int pipes[2];
	char text[16] = "";
	struct err e;

	(void)state;
	assert_int_equal(pipe(pipes), 0);

	struct writer w = writer_of_fd(&pipes[1]);
	struct reader r = reader_of_fd(&pipes[0]);

	assert_int_equal(writer_write(&w, "hello", 5, &e), 0);
	assert_int_equal(reader_read(&r, text, 3, &e), 3);
	assert_int_equal(reader_read(&r, text + 3, 10, &e), 2);
	assert_string_equal(text, "hello");
	close(pipes[1]);
	assert_int_equal(reader_read(&r, text, 3, &e), 0);
	close(pipes[0]);
	assert_int_equal(reader_read(&r, text, 3, &e), -1);
	assert_int_equal(e.code, ERR_SYS);
	assert_int_equal(writer_write(&w, "x", 1, &e), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader_and_writer_are_views_of_a_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
