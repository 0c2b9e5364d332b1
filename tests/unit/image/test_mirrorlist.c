#include "client/image/mirrorlist.h"
#include "tests/unit/unit.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char text[] =
	"rootyard-mirror 1 lxc https://example.org 7\n" A " 10 0 images/a\n" B
	" 20 1700000000 images/b\n" A " 10 0 images/c\n";

static void list_comes_back_as_it_was_written(void **state)
{
	auto_mirrorlist struct mirrorlist l = { 0 };
	auto_buf struct buf out = BUF_INIT(4096);
	struct err e;

	(void)state;
	assert_int_equal(mirrorlist_parse(bytes_of_str(text), &l, &e), 0);
	assert_int_equal(l.keys, 7);
	mirrorlist_format(&l, &out);
	assert_string_equal(buf_str(&out), text);
}

static void list_finds_by_path_and_by_content(void **state)
{
	auto_mirrorlist struct mirrorlist l = { 0 };
	const struct mirrorline *const *end, *const *found;
	const struct mirrorline *b;
	struct err e;

	(void)state;
	assert_int_equal(mirrorlist_parse(bytes_of_str(text), &l, &e), 0);
	b = mirrorlist_find(&l, "images/b");
	assert_non_null(b);
	assert_int_equal(b->since_s, 1700000000);
	assert_null(mirrorlist_find(&l, "images/d"));
	found = mirrorlist_find_content(
		&l, &mirrorlist_find(&l, "images/c")->content, &end);
	assert_int_equal(end - found, 2);
}

static void list_prefers_what_the_source_names(void **state)
{
	auto_mirrorlist struct mirrorlist l = { 0 };
	struct trust_object o = { .path = "x", .size = 1 };

	(void)state;
	mirrorlist_add(&l, &o, 5);
	mirrorlist_add(&l, &o, 0);
	mirrorlist_add(&l, &o, 3);
	mirrorlist_sort(&l);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.line[0].since_s, 0);
}

static void list_that_is_not_ours_is_damaged(void **state)
{
	static const char *const bad[] = {
		"",
		"rootyard-mirror 2 lxc u 7\n",
		"rootyard-mirror 1 lxc u\n",
		"rootyard-mirror 1 lxc u 7\n" A " 10 0 ../x\n",
		"rootyard-mirror 1 lxc u 7\n" A " ten 0 x\n",
		"rootyard-mirror 1 lxc u 7\n" A " 10 -1 x\n",
		"rootyard-mirror 1 lxc u 7\n" A " 10 0 x",
		"rootyard-mirror 1 lxc u 7\nA 10 0 x\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		auto_mirrorlist struct mirrorlist l = { 0 };
		struct err e = { 0 };

		assert_int_equal(mirrorlist_parse(bytes_of_str(bad[i]), &l, &e), -1);
		assert_int_equal(e.code, ERR_DAMAGED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_comes_back_as_it_was_written),
		cmocka_unit_test(list_finds_by_path_and_by_content),
		cmocka_unit_test(list_prefers_what_the_source_names),
		cmocka_unit_test(list_that_is_not_ours_is_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
