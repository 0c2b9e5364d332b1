#include "indexer/admit_tree.h"
#include "lib/model/manifest.h"

#include "tests/unit/unit.h"

struct row {
	char type;
	const char *path, *link;
};

static int judge(const struct row *rows, size_t count, struct err *e)
{
	auto_manifest struct manifest m = { 0 };

	manifest_init(&m);
	for (size_t i = 0; i < count; i++) {
		struct manifest_entry entry = { .type = rows[i].type,
			.mode = 0644,
			.path = rows[i].path,
			.link = rows[i].link };

		if (manifest_add(&m, &entry, e) < 0)
			fail_msg("%s", e->text);
	}
	return admit_shape(&m, e);
}

#define ROWS(...)                                                                        \
	(const struct row[])                                                             \
	{                                                                                \
		__VA_ARGS__                                                              \
	}
#define COUNT(...) ARRAY_COUNT(((const struct row[]){ __VA_ARGS__ }))
#define ROOT                                                                             \
	{                                                                                \
		'5', "", ""                                                              \
	}

#define ACCEPTS(...)                                                                     \
	do {                                                                             \
		struct err why;                                                          \
		if (judge(ROWS(__VA_ARGS__), COUNT(__VA_ARGS__), &why) < 0)              \
			fail_msg("%s", why.text);                                        \
	} while (0)
#define REFUSES(says, ...)                                                               \
	do {                                                                             \
		struct err why;                                                          \
		assert_int_equal(                                                        \
			judge(ROWS(__VA_ARGS__), COUNT(__VA_ARGS__), &why), -1);         \
		if (!strstr(why.text, says))                                             \
			fail_msg("says: %s", why.text);                                  \
	} while (0)

static void shape_accepts_directories_before_their_entries(void **state)
{
	(void)state;
	ACCEPTS(ROOT, { '5', "a", "" }, { '5', "a/b", "" }, { '0', "a/b/c", "" },
		{ '0', "d", "" });
}

static void shape_refuses_an_entry_before_its_directory(void **state)
{
	(void)state;
	REFUSES("'a/b' comes before its directory", ROOT, { '0', "a/b", "" },
		{ '5', "a", "" });
	REFUSES("'a/b' comes before its directory", ROOT, { '0', "a/b", "" });
}

static void shape_refuses_an_entry_beneath_a_link(void **state)
{
	(void)state;
	REFUSES("comes before its directory", ROOT, { '2', "a", "/etc" },
		{ '0', "a/b", "" });
	REFUSES("comes before its directory", ROOT, { '0', "a", "" }, { '0', "a/b", "" });
}

static void shape_refuses_a_path_twice(void **state)
{
	(void)state;
	REFUSES("comes twice", ROOT, { '0', "a", "" }, { '2', "a", "x" });
	REFUSES("comes twice", ROOT, ROOT);
}

static void shape_refuses_a_tree_without_root(void **state)
{
	struct err e;

	(void)state;
	REFUSES("does not begin with the root", { '5', "a", "" });
	assert_int_equal(judge(NULL, 0, &e), -1);
}

static void shape_wants_hard_links_to_earlier_files(void **state)
{
	(void)state;
	ACCEPTS(ROOT, { '0', "a", "" }, { '1', "b", "a" });
	REFUSES("no earlier file", ROOT, { '1', "b", "a" }, { '0', "c", "" });
	REFUSES("no earlier file", ROOT, { '2', "a", "/etc/shadow" }, { '1', "b", "a" });
	REFUSES("no earlier file", ROOT, { '0', "a", "" }, { '1', "b", "a" },
		{ '1', "c", "b" });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shape_accepts_directories_before_their_entries),
		cmocka_unit_test(shape_refuses_an_entry_before_its_directory),
		cmocka_unit_test(shape_refuses_an_entry_beneath_a_link),
		cmocka_unit_test(shape_refuses_a_path_twice),
		cmocka_unit_test(shape_refuses_a_tree_without_root),
		cmocka_unit_test(shape_wants_hard_links_to_earlier_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
