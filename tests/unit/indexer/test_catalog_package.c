#include "indexer/catalog.h"
#include "indexer/query.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#define PACKAGES 300

static void must(int rc, const struct err *e)
{
	if (rc < 0)
		fail_msg("%s", e->text);
}

static struct catalog *fresh(const struct scratch *s)
{
	auto_free char *path = xasprintf("%s/%s", s->path, CATALOG_NAME);
	struct catalog *c = NULL;
	struct err e;

	must(catalog_open(path, CATALOG_CREATE, &c, &e), &e);
	return c;
}

/* A build whose packages are p0..p299, of which p<changed> has this night's version. */
static int64_t add_night(struct catalog *c, int night, struct arena *a)
{
	struct catalog_build b = {
		.image = { "toy", "one", "amd64", "default" },
		.state = "active",
		.tested = "",
		.origin = "",
		.init = "",
		.stop_signal = "",
		.description = "",
	};
	struct catalog_file none = { .name = "" };
	struct package list[PACKAGES];
	struct digest d;
	char text[32];
	int64_t id = 0;
	struct err e;

	for (int i = 0; i < PACKAGES; i++)
		list[i] = (struct package){
			.name = arena_printf(a, "p%03d", i),
			.version = arena_printf(
				a, "%d", night >= i ? night - (night - i) % 100 : 0),
			.arch = "amd64",
			.installed_size = (uint64_t)i,
		};
	snprintf(text, sizeof(text), "night %d", night);
	d = digest_of(bytes_of_str(text));
	snprintf(b.serial, sizeof(b.serial), "2026%04d_0000", night);
	must(catalog_begin(c, &e), &e);
	must(catalog_build_add(c, &b, &none, 0, &e), &e);
	assert_int_equal(catalog_build_find(c, &b.image, b.serial, &id, &e), 1);
	must(catalog_packages_put(c, id, &d, list, PACKAGES, &e), &e);
	must(catalog_commit(c, &e), &e);
	return id;
}

struct seen {
	size_t count;
	char text[64]; /* "name=version" of the one looked for */
	const char *want;
};

static int see(const struct catalog_package *p, void *ctx, struct err *e)
{
	struct seen *s = ctx;

	(void)e;
	s->count++;
	if (strcmp(p->name, s->want) == 0)
		snprintf(s->text, sizeof(s->text), "%s=%s", p->name, p->version);
	return 0;
}

static int64_t count_of(struct catalog *c, const char *table)
{
	auto_free char *sql = xasprintf("SELECT count(*) FROM %s", table);
	int64_t n = -1;
	struct err e;

	assert_int_equal(query_one_int(c, &n, &e, sql, ""), 1);
	return n;
}

static void packages_of_every_night_can_be_told(void **state)
{
	auto_catalog struct catalog *c = fresh(*state);
	auto_arena struct arena arena = { 0 };
	int64_t id[150], count = 0;
	struct err e;

	for (int n = 0; n < 150; n++)
		id[n] = add_night(c, n, &arena);
	for (int n = 0; n < 150; n += 7) {
		struct seen s = { .want = "p003" };
		char want[64];

		assert_int_equal(catalog_package_walk(c, id[n], see, &s, &e), 1);
		assert_int_equal(s.count, PACKAGES);
		snprintf(want, sizeof(want), "p003=%d", n >= 3 ? n - (n - 3) % 100 : 0);
		assert_string_equal(s.text, want);
		assert_int_equal(catalog_package_count(c, id[n], &count, &e), 1);
		assert_int_equal(count, PACKAGES);
	}
	/* 45,000 rows in full */
	assert_true(count_of(c, "package_change") < 45000 / 20);
}

static void packages_of_builds_that_went_are_forgotten(void **state)
{
	auto_catalog struct catalog *c = fresh(*state);
	auto_arena struct arena arena = { 0 };
	struct seen s = { .want = "p003" };
	int64_t last = 0;
	struct err e;

	for (int n = 0; n < 20; n++)
		last = add_night(c, n, &arena);
	must(catalog_begin(c, &e), &e);
	must(query_run(c, &e, "DELETE FROM build WHERE serial < '20260015'", ""), &e);
	must(catalog_packages_sweep(c, &e), &e);
	must(catalog_commit(c, &e), &e);
	assert_int_equal(catalog_package_walk(c, last, see, &s, &e), 1);
	assert_int_equal(s.count, PACKAGES);

	must(catalog_begin(c, &e), &e);
	must(query_run(c, &e, "DELETE FROM build", ""), &e);
	must(catalog_packages_sweep(c, &e), &e);
	must(catalog_commit(c, &e), &e);
	assert_int_equal(count_of(c, "package_list"), 0);
	assert_int_equal(count_of(c, "package_change"), 0);
}

static void a_build_without_a_list_has_none(void **state)
{
	auto_catalog struct catalog *c = fresh(*state);
	struct seen s = { .want = "" };
	int64_t count = 0;
	struct err e;

	assert_int_equal(catalog_package_walk(c, 7, see, &s, &e), 0);
	assert_int_equal(catalog_package_count(c, 7, &count, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(packages_of_every_night_can_be_told,
			scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(
			packages_of_builds_that_went_are_forgotten, scratch_setup,
			scratch_teardown),
		cmocka_unit_test_setup_teardown(
			a_build_without_a_list_has_none, scratch_setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
