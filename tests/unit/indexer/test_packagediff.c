#include "indexer/packagediff.h"

#include "tests/unit/unit.h"

static int note(const struct packagediff *d, void *ctx, struct err *e)
{
	(void)e;
	buf_printf(ctx, "%s %s %s>%s\n", packagediff_words[d->kind],
		d->new ? d->new->name : d->old->name, d->old ? d->old->version : "",
		d->new ? d->new->version : "");
	return 0;
}

#define P(n, v)                                                                          \
	{                                                                                \
		.name = (n), .version = (v), .arch = "amd64"                             \
	}

static void check(const struct package *old, size_t old_count, const struct package *new,
	size_t new_count, const char *want)
{
	auto_buf struct buf got = BUF_INIT(4096);
	struct err e;

	assert_int_equal(
		packagediff_walk(old, old_count, new, new_count, note, &got, &e), 0);
	assert_string_equal(buf_str(&got), want);
}

static void each_change_has_its_word(void **state)
{
	const struct package old[] = { P("a", "1"), P("b", "1"), P("c", "2"),
		P("d", "1") };
	const struct package new[] = { P("a", "1"), P("b", "1.1"), P("c", "2~1"),
		P("e", "1") };

	(void)state;
	check(old, 4, new, 4,
		"upgraded b 1>1.1\ndowngraded c 2>2~1\nremoved d 1>\nadded e >1\n");
}

static void equal_or_empty_lists(void **state)
{
	const struct package one[] = { P("a", "1") };

	(void)state;
	check(one, 1, one, 1, "");
	check(NULL, 0, NULL, 0, "");
	check(NULL, 0, one, 1, "added a >1\n");
	check(one, 1, NULL, 0, "removed a 1>\n");
}

static void several_versions_of_a_name(void **state)
{
	const struct package old[] = { P("kernel", "1"), P("kernel", "2"), P("z", "1") };
	const struct package new[] = { P("kernel", "2"), P("kernel", "3"), P("z", "1") };

	(void)state;
	check(old, 3, new, 3, "upgraded kernel 1>3\n");
	check(old, 2, new, 1, "removed kernel 1>\n");
}

static void architectures_are_different_packages(void **state)
{
	const struct package old[] = { P("libc6", "1"),
		{ .name = "libc6", .version = "1", .arch = "i386" } };
	const struct package new[] = { P("libc6", "2") };

	(void)state;
	check(old, 2, new, 1, "upgraded libc6 1>2\nremoved libc6 1>\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_change_has_its_word),
		cmocka_unit_test(equal_or_empty_lists),
		cmocka_unit_test(several_versions_of_a_name),
		cmocka_unit_test(architectures_are_different_packages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
