#include "lib/model/lxcindex.h"
#include "tests/unit/model/hostile.h"

static const char golden[] = "debian;trixie;amd64;default;20261123_0207;"
			     "/images/debian/trixie/amd64/default/20261123_0207/\n";

static int parse(struct bytes text, struct err *e)
{
	struct lxcindex_entry entry;
	int rc;

	do
		rc = lxcindex_next(&text, &entry, e);
	while (rc > 0);
	return rc;
}

static void line_has_the_bytes_that_lxc_reads(void **state)
{
	struct buf out auto_buf = BUF_INIT(1000);
	struct image image;
	struct err e;

	(void)state;
	assert_int_equal(image_parse("debian/trixie/amd64/default", &image, &e), 0);
	lxcindex_line(&out, &image, "20261123_0207");
	assert_string_equal(buf_str(&out), golden);
}

static void line_is_read_back(void **state)
{
	struct bytes text = bytes_of_str(golden);
	struct lxcindex_entry entry;
	struct err e;

	(void)state;
	assert_int_equal(lxcindex_next(&text, &entry, &e), 1);
	assert_string_equal(entry.image.distro, "debian");
	assert_string_equal(entry.image.variant, "default");
	assert_string_equal(entry.serial, "20261123_0207");
	assert_true(bytes_equal_str(
		entry.path, "/images/debian/trixie/amd64/default/20261123_0207/"));
	assert_int_equal(lxcindex_next(&text, &entry, &e), 0);
}

static void foreign_serials_with_a_colon_are_read(void **state)
{
	struct bytes text =
		bytes_of_str("busybox;1.35;amd64;default;20261123_16:30;"
			     "/images/busybox/1.35/amd64/default/20261123_16:30/\n");
	struct lxcindex_entry entry;
	struct err e;

	(void)state;
	assert_int_equal(lxcindex_next(&text, &entry, &e), 1);
	assert_string_equal(entry.serial, "20261123_16:30");
}

static void lines_that_name_no_image_are_skipped(void **state)
{
	char *many = xasprintf("a;b;amd64;default;20261123_0207;\n"
			       "Bad Name;b;amd64;default;20261123_0207;/x/\n"
			       "a;b;pdp11;default;20261123_0207;/x/\n"
			       "a;b;amd64;default;yesterday;/x/\n%s",
		golden);
	struct bytes text = bytes_of_str(many);
	struct lxcindex_entry entry;
	struct err e;

	(void)state;
	assert_int_equal(lxcindex_next(&text, &entry, &e), 1);
	assert_string_equal(entry.image.distro, "debian");
	assert_int_equal(lxcindex_next(&text, &entry, &e), 0);
	free(many);
}

static void hostile_lines_are_refused(void **state)
{
	static const struct crime crimes[] = {
		{ "\n", "", "no end" },
		{ "debian;", "", "not six fields" },
		{ "debian;", "debian;debian;", "not six fields" },
		{ "/images/debian", "images/debian", "does not begin with '/'" },
		{ "/images/debian", "/../debian", "" },
		{ "/images/debian", "/images/../debian", "" },
		{ "/images/debian", "/images/./debian", "" },
		{ "/images/debian", "//images/debian", "" },
		{ "0207/\n", "0207//\n", "" },
		{ "/images/debian", "/images/de bian", "other bytes" },
		{ "/images/debian", "/images/de\033[2Jbian", "other bytes" },
		{ "/images/debian/trixie/amd64/default/20261123_0207/", "/", "" },
		{ "debian;", "\n", "" },
	};
	char *lone = hostile_padded("a;b;amd64;default;20261123_0207;/x", 1100);

	(void)state;
	hostile_all(parse, golden, crimes, ARRAY_COUNT(crimes));
	hostile_refused(parse, bytes_of("a;b;amd64;default;20261123_0207;/\0x/\n", 37),
		ERR_PARSE, "NUL");
	lone[1099] = '\n';
	hostile_refused(parse, bytes_of_str(lone), ERR_PARSE, "longer than");
	free(lone);
}

static void empty_index_has_no_entry(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(parse(bytes_of_str(""), &e), 0);
	assert_int_equal(parse(bytes_of(NULL, 0), &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_has_the_bytes_that_lxc_reads),
		cmocka_unit_test(line_is_read_back),
		cmocka_unit_test(foreign_serials_with_a_colon_are_read),
		cmocka_unit_test(lines_that_name_no_image_are_skipped),
		cmocka_unit_test(hostile_lines_are_refused),
		cmocka_unit_test(empty_index_has_no_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
