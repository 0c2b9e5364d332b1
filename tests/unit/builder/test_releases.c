#include "builder/mapping.h"
#include "builder/releases.h"

#include "tests/unit/unit.h"

#define BASE                                                                             \
	"schema: 1\ndistro: toy\nreleases:\n"                                            \
	"  \"1\": {arches: [amd64, arm64], variants: [default, cloud], eol: "            \
	"2026-06-30}\n"

static void read_text(struct releases *r, struct complaints *c, const char *text)
{
	struct err e;

	releases_init(r);
	complaints_init(c, "releases.yaml");
	if (releases_parse(r, bytes_of_str(text), c, &e) < 0)
		fail_msg("%s", e.text);
}

static void complains(const char *text, const char *words)
{
	auto_complaints struct complaints c;
	auto_releases struct releases r;

	read_text(&r, &c, text);
	assert_int_equal(c.errors, 1);
	if (!strstr(c.item[0].text, words))
		fail_msg("'%s' does not say '%s'", c.item[0].text, words);
}

static void releases_refuse_what_they_do_not_know(void **state)
{
	(void)state;
	complains("schema: 2\n" /* */ "distro: toy\nreleases: {a: {arches: [amd64], "
		  "variants: [default]}}\n",
		"'schema' must be 1");
	complains(BASE "colour: red\n", "unknown key 'colour'");
	complains(BASE "  b: {arches: [amd64], variants: [default], mirrors: x}\n",
		"did you mean 'mirror'?");
	complains(BASE "  b: {arches: [vax], variants: [default]}\n",
		"bad architecture 'vax'");
	complains(BASE "  b: {arches: [amd64], variants: [../x]}\n", "bad variant");
	complains(BASE "  b: {variants: [default]}\n", "needs 'arches'");
	complains(BASE "  b: {arches: [amd64], variants: [default], eol: soon}\n",
		"YYYY-MM-DD");
	complains(BASE "  b: {arches: [amd64], variants: [default], keys: [../k]}\n",
		"bad key file");
	complains(BASE "  b: {arches: [amd64], variants: [default], sha256: {u: ab}}\n",
		"64 lower-case");
}

static void picks(const char *target, const char *want)
{
	auto_complaints struct complaints c;
	auto_releases struct releases r;
	const struct release *release;
	char name[IMAGE_NAME_MAX];
	struct image image;
	struct err e;

	read_text(&r, &c, BASE);
	if (releases_pick(&r, target, &image, &release, &e) < 0)
		fail_msg("%s", e.text);
	image_format(&image, name);
	assert_string_equal(name, want);
}

static void releases_pick_in_either_order(void **state)
{
	(void)state;
	picks("1/amd64/default", "toy/1/amd64/default");
	picks("1/cloud/arm64", "toy/1/arm64/cloud");
	picks("1/arm64", "toy/1/arm64/default");
}

static void releases_pick_only_what_is_offered(void **state)
{
	static const char *const bad[] = { "2", "", "1/riscv64", "1/nocloud",
		"1/amd64/arm64", "1/amd64/default/x", "1//amd64", "1/amd64/../x" };
	auto_complaints struct complaints c;
	auto_releases struct releases r;
	const struct release *release;
	struct image image;
	struct err e;

	(void)state;
	read_text(&r, &c, BASE);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		if (releases_pick(&r, bad[i], &image, &release, &e) == 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(e.code, ERR_USAGE);
	}
}

static void releases_end_with_their_last_day(void **state)
{
	auto_complaints struct complaints c;
	auto_releases struct releases r;
	struct release none = { .accept_eol = false };

	(void)state;
	read_text(&r, &c, BASE);
	assert_int_equal(release_eol_s(&r.releases.item[0]), 1782864000);
	assert_true(release_eol_s(&none) == INT64_MAX);
}

static void mapping_knows_aliases(void **state)
{
	(void)state;
	assert_string_equal(mapping_kernel_name("amd64"), "x86_64");
	assert_string_equal(mapping_kernel_name("x86_64"), "x86_64");
	assert_string_equal(mapping_kernel_name("ppc64el"), "ppc64le");
	assert_null(mapping_kernel_name("vax"));
	assert_null(mapping_kernel_name(""));
	assert_string_equal(mapping_personality("i686"), "linux32");
}

static void maps(const char *map, const char *arch, const char *want)
{
	auto_arena struct arena a = { 0 };
	struct text_pair pair = { .key = { .text = "x86_64" },
		.value = { .text = "mine" } };
	const struct text_map own = { .item = &pair, .count = 1 };

	assert_string_equal(mapping_apply(map, &own, arch, &a), want);
}

static void mapping_speaks_the_distributions_names(void **state)
{
	(void)state;
	maps("debian", "x86_64", "amd64");
	maps("debian", "aarch64", "arm64");
	maps("debian", "riscv64", "riscv64");
	maps("debian", "ppc64le", "ppc64el");
	maps("debian", "armel", "armel");
	maps("plamolinux", "i686", "x86");
	maps("voidlinux", "amd64", "x86_64");
	maps("", "amd64", "mine");
	maps("", "aarch64", "aarch64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(releases_refuse_what_they_do_not_know),
		cmocka_unit_test(releases_pick_in_either_order),
		cmocka_unit_test(releases_pick_only_what_is_offered),
		cmocka_unit_test(releases_end_with_their_last_day),
		cmocka_unit_test(mapping_knows_aliases),
		cmocka_unit_test(mapping_speaks_the_distributions_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
