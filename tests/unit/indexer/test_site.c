#include "indexer/site.h"
#include "lib/base/atomic.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#define RELEASES                                                                         \
	"schema: 1\ndistro: debian\ndefault_release: trixie\nreleases:\n"                \
	"  trixie: {version: \"13\", aliases: [stable], eol: 2030-06-30}\n"              \
	"  bookworm: {version: \"12\"}\n"

static void put(
	const struct scratch *s, const char *dir, const char *name, const char *text)
{
	auto_fd int fd = -1;
	struct err e;

	mkdirat(s->fd, "releases", 0755);
	fd = openat(s->fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	if (atomic_write_file(fd, name, bytes_of_str(text), 0644, &e) < 0)
		fail_msg("%s", e.text);
}

static void site_reads_what_init_writes(void **state)
{
	const struct scratch *s = *state;
	const char *releases[] = { "debian.yaml" };
	auto_buf struct buf text = BUF_INIT(SITE_MAX);
	auto_site struct site site = { 0 };
	struct image trixie = { .distro = "debian", .release = "trixie" };
	const struct site_release *r;
	struct err e;

	site_format(&text, "yes: no #1", releases, 1);
	put(s, ".", SITE_NAME, buf_str(&text));
	put(s, "releases", "debian.yaml", RELEASES);
	if (site_read(s->fd, &site, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(site.name, "yes: no #1");
	assert_string_equal(site.base_url, "");
	assert_int_equal(site.release_count, 2);
	r = site_find(&site, &trixie);
	assert_non_null(r);
	assert_true(r->is_default);
	assert_int_equal(r->alias_count, 2);
	assert_string_equal(r->alias[0], "13");
	assert_string_equal(r->alias[1], "stable");
	assert_string_equal(r->eol, "2030-06-30");
}

static void site_release_ends_after_its_last_day(void **state)
{
	struct site_release r = { .eol = "2030-06-30" };

	(void)state;
	assert_false(site_release_is_eol(&r, 1909094399)); /* 2030-06-30 23:59:59 */
	assert_true(site_release_is_eol(&r, 1909094400));
	r.eol = "";
	assert_false(site_release_is_eol(&r, 1909094400));
}

static void site_facts_change_with_what_is_published(void **state)
{
	const struct scratch *s = *state;
	auto_site struct site a = { 0 }, b = { 0 };
	struct digest first, over, second;
	struct err e;

	put(s, "releases", "debian.yaml", RELEASES);
	put(s, ".", SITE_NAME, "schema: 1\nname: x\nreleases: [debian.yaml]\n");
	assert_int_equal(site_read(s->fd, &a, &e), 0);
	put(s, ".", SITE_NAME,
		"schema: 1\nname: x\nreleases: [debian.yaml]\nmirrors: ['https://m/']\n");
	assert_int_equal(site_read(s->fd, &b, &e), 0);
	first = site_facts(&a, 1700000000);
	over = site_facts(&a, 1909094400);
	second = site_facts(&b, 1700000000);
	assert_false(digest_equal(&first, &over));
	assert_false(digest_equal(&first, &second));
	over = site_facts(&a, 1700000001);
	assert_true(digest_equal(&first, &over));
}

static void site_complaints_name_place_and_reason(void **state)
{
	static const struct {
		const char *site, *releases, *says;
	} cases[] = {
		{ "schema: 2\nname: x\n", RELEASES, "site.yaml:1:9: 'schema' must be 1" },
		{ "schema: 1\n", RELEASES, "'name' is missing" },
		{ "schema: 1\nname: x\nnmae: y\n", RELEASES,
			"site.yaml:3:1: unknown key 'nmae'" },
		{ "schema: 1\nname: [x]\n", RELEASES, "'name' must be a scalar" },
		{ "schema: 1\nname: ''\n", RELEASES, "'name' must be one line" },
		{ "schema: 1\nname: x\nbase_url: ftp://x\n", RELEASES, "not a URL" },
		{ "schema: 1\nname: x\nreleases: [../site.yaml]\n", RELEASES,
			"not a file name in releases/" },
		{ "schema: 1\nname: x\nreleases: [absent.yaml]\n", RELEASES,
			"absent.yaml" },
		{ "", RELEASES, "is empty" },
		{ "schema: 1\nname: x\nreleases: [debian.yaml]\n",
			"schema: 1\ndistro: debian\nreleases:\n  a: {surprise: 1}\n",
			"releases/debian.yaml:4:7: unknown key 'surprise'" },
		{ "schema: 1\nname: x\nreleases: [debian.yaml]\n",
			"schema: 1\ndistro: debian\nreleases:\n  a: {eol: soon}\n",
			"'eol' must be YYYY-MM-DD" },
		{ "schema: 1\nname: x\nreleases: [debian.yaml]\n",
			"schema: 1\ndistro: debian\ndefault_release: b\nreleases:\n  a: "
			"{}\n",
			"none of the releases" },
		{ "schema: 1\nname: x\nreleases: [debian.yaml]\n",
			"schema: 1\ndistro: debian\nreleases:\n  a: {aliases: ['b/c']}\n",
			"not a name" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const struct scratch *s = *state;
		auto_site struct site site = { 0 };
		struct err e;

		put(s, ".", SITE_NAME, cases[i].site);
		put(s, "releases", "debian.yaml", cases[i].releases);
		if (site_read(s->fd, &site, &e) == 0)
			fail_msg("accepted case %zu", i);
		if (!strstr(e.text, cases[i].says))
			fail_msg("case %zu says: %s", i, e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(site_reads_what_init_writes),
		cmocka_unit_test(site_release_ends_after_its_last_day),
		scratch_test(site_facts_change_with_what_is_published),
		scratch_test(site_complaints_name_place_and_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
