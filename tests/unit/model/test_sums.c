#include "lib/model/sums.h"
#include "tests/unit/model/hostile.h"

static int parse(struct bytes text, struct err *e)
{
	struct bytes name;
	struct digest d;
	int rc;

	do
		rc = sums_next(&text, &d, &name, e);
	while (rc > 0);
	return rc;
}

static void round_trip_gives_the_same_bytes(void **state)
{
	static const char good[] = HEX_1 "  rootfs.tar.xz\n" HEX_2 "  meta.tar.xz\n";
	struct buf out auto_buf = BUF_INIT(1000);
	struct bytes text = bytes_of_str(good), name;
	struct digest d;
	struct err e;

	(void)state;
	assert_int_equal(sums_next(&text, &d, &name, &e), 1);
	assert_true(bytes_equal_str(name, "rootfs.tar.xz"));
	assert_int_equal(d.byte[0], 0x11);
	sums_line(&out, &d, "rootfs.tar.xz");
	assert_int_equal(sums_next(&text, &d, &name, &e), 1);
	assert_true(bytes_equal_str(name, "meta.tar.xz"));
	sums_line(&out, &d, "meta.tar.xz");
	assert_int_equal(sums_next(&text, &d, &name, &e), 0);
	assert_string_equal(buf_str(&out), good);
}

static void binary_mark_is_accepted(void **state)
{
	struct bytes text = bytes_of_str(HEX_1 " *a\n"), name;
	struct digest d;
	struct err e;

	(void)state;
	assert_int_equal(sums_next(&text, &d, &name, &e), 1);
	assert_true(bytes_equal_str(name, "a"));
}

static void hostile_lines_are_refused(void **state)
{
	static const struct crime crimes[] = {
		{ "\n", "", "no end" },
		{ "  ", " ", "not 'DIGEST  NAME'" },
		{ "  ", "   ", "plain file name" },
		{ "  ", "\t\t", "not 'DIGEST  NAME'" },
		{ "rootfs", "../rootfs", "plain file name" },
		{ "rootfs.tar.xz", "..", "plain file name" },
		{ "rootfs.tar.xz", "/", "plain file name" },
		{ "rootfs.tar.xz", "", "not 'DIGEST  NAME'" },
		{ "rootfs", "root\\nfs", "plain file name" },
		{ "rootfs", "root\tfs", "plain file name" },
		{ "rootfs", "root\rfs", "plain file name" },
		{ "11111111", "1111111G", "" },
		{ "1111", "111", "" },
		{ HEX_1, "\\" HEX_1, "" }, /* sha256sum's mark of an escaped name */
		{ HEX_1, "", "" },
		{ "\n", "\n\n", "" },
	};

	(void)state;
	hostile_all(parse, HEX_1 "  rootfs.tar.xz\n", crimes, ARRAY_COUNT(crimes));
	hostile_refused(parse, bytes_of(HEX_1 "  a\0b\n", 70), ERR_PARSE, "plain");
}

static void cut_lists_are_refused(void **state)
{
	static const char line[] = HEX_1 "  rootfs.tar.xz\n";
	struct err e;

	(void)state;
	for (size_t n = 1; n + 1 < sizeof(line); n++)
		assert_int_equal(parse(bytes_of(line, n), &e), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip_gives_the_same_bytes),
		cmocka_unit_test(binary_mark_is_accepted),
		cmocka_unit_test(hostile_lines_are_refused),
		cmocka_unit_test(cut_lists_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
