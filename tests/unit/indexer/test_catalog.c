#include "indexer/catalog.h"
#include "indexer/query.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

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

static struct digest digest_text(const char *text)
{
	return digest_of(bytes_of_str(text));
}

static void add_build(
	struct catalog *c, const char *release, const char *serial, const char *content)
{
	struct catalog_build b = {
		.image = { .distro = "toy", .arch = "amd64", .variant = "default" },
		.state = "active",
		.tree = digest_text("tree"),
		.diff = digest_text("diff"),
		.tested = "passed",
		.origin = "rootyard",
		.init = "",
		.stop_signal = "SIGTERM",
		.description = "",
	};
	struct catalog_file f = { .name = "rootfs.man",
		.size = strlen(content),
		.sha256 = digest_text(content),
		.is_signed = true };
	struct err e;

	snprintf(b.image.release, sizeof(b.image.release), "%s", release);
	snprintf(b.serial, sizeof(b.serial), "%s", serial);
	must(catalog_begin(c, &e), &e);
	must(catalog_build_add(c, &b, &f, 1, &e), &e);
	must(catalog_commit(c, &e), &e);
}

struct seen {
	char text[512];
};

static int see_image(const struct catalog_image *i, void *ctx, struct err *e)
{
	struct seen *s = ctx;
	size_t len = strlen(s->text);

	(void)e;
	snprintf(s->text + len, sizeof(s->text) - len, "%s@%s%s ", i->image.release,
		i->serial, i->is_dirty ? "*" : "");
	return 0;
}

static void catalog_sorts_images_part_by_part(void **state)
{
	auto_catalog struct catalog *c = fresh(*state);
	struct seen s = { "" };
	struct err e;

	add_build(c, "b", "20260101_0000", "1");
	add_build(c, "a-b", "20260101_0000", "2");
	add_build(c, "a", "20260101_0000", "3");
	add_build(c, "a", "20260103_0000", "4");
	add_build(c, "a", "20260102_0000", "5");
	must(catalog_image_walk(c, see_image, &s, &e), &e);
	assert_string_equal(
		s.text, "a@20260103_0000* a-b@20260101_0000* b@20260101_0000* ");
}

static void catalog_finds_equal_content(void **state)
{
	auto_catalog struct catalog *c = fresh(*state);
	struct digest d = digest_text("same"), other = digest_text("other");
	char path[LAYOUT_PATH_MAX];
	struct err e;

	add_build(c, "a", "20260101_0000", "same");
	add_build(c, "b", "20260102_0000", "same");
	assert_int_equal(catalog_object_find(c, &d, 4, path, &e), 1);
	assert_string_equal(path, "images/toy/b/amd64/default/20260102_0000/rootfs.man");
	assert_int_equal(catalog_object_find(c, &d, 5, path, &e), 0);
	assert_int_equal(catalog_object_find(c, &other, 4, path, &e), 0);
}

static void catalog_refuses_a_serial_twice(void **state)
{
	auto_catalog struct catalog *c = fresh(*state);
	struct catalog_build b = {
		.image = { "toy", "a", "amd64", "default" },
		.serial = "20260101_0000",
		.state = "active",
		.tested = "",
		.origin = "",
		.init = "",
		.stop_signal = "",
		.description = "",
	};
	struct catalog_file none = { .name = "" };
	struct err e;

	add_build(c, "a", "20260101_0000", "1");
	must(catalog_begin(c, &e), &e);
	assert_int_equal(catalog_build_add(c, &b, &none, 0, &e), -1);
	catalog_rollback(c);
}

static void stage(struct catalog *c, int64_t number, int64_t image, int64_t build,
	struct catalog_generation *g)
{
	struct catalog_signing s = { .version = number, .generation = number };
	struct digest doc;
	struct err e;
	char text[32];

	snprintf(text, sizeof(text), "catalog %lld", (long long)number);
	*g = (struct catalog_generation){ .number = number };
	must(catalog_begin(c, &e), &e);
	must(catalog_document_put(c, "catalog", bytes_of_str(text), 1, &g->catalog, &e),
		&e);
	must(catalog_document_put(c, "files", bytes_of_str("[]"), 1, &g->files, &e), &e);
	must(catalog_document_put(c, "image", bytes_of_str(text + 1), 1, &doc, &e), &e);
	must(catalog_image_set_document(c, image, &doc, &e), &e);
	must(catalog_document_put(
		     c, "current", bytes_of_str(text + 2), 1, &s.payload, &e),
		&e);
	must(catalog_genfile_put(c, number, "meta/1.0/x", bytes_of_str("x"), &e), &e);
	must(catalog_generation_stage(c, g, &e), &e);
	must(catalog_listing_put(c, number, image, build, &doc, &e), &e);
	must(catalog_signing_stage(c, &s, bytes_of_str("envelope"), &e), &e);
	must(catalog_commit(c, &e), &e);
}

static void go_live(struct catalog *c, int64_t number)
{
	struct err e;

	must(catalog_begin(c, &e), &e);
	must(catalog_signing_live(c, number, &e), &e);
	must(catalog_generation_live(c, number, &e), &e);
	must(catalog_commit(c, &e), &e);
}

static int count_text(const char *name, const struct digest *sha256, struct bytes text,
	void *ctx, struct err *e)
{
	(void)name;
	(void)sha256;
	(void)text;
	(void)e;
	++*(int *)ctx;
	return 0;
}

static void catalog_keeps_texts_until_they_are_live(void **state)
{
	auto_catalog struct catalog *c = fresh(*state);
	auto_buf struct buf envelope = BUF_INIT(64);
	struct catalog_generation g;
	struct catalog_signing s;
	int pending = 0, files = 0;
	struct err e;

	add_build(c, "a", "20260101_0000", "1");
	stage(c, 1, 1, 1, &g);
	must(catalog_document_walk_pending(c, count_text, &pending, &e), &e);
	must(catalog_genfile_walk(c, 1, count_text, &files, &e), &e);
	assert_int_equal(pending, 4);
	assert_int_equal(files, 1);
	assert_int_equal(catalog_signing_find(c, "staged", &s, &envelope, &e), 1);
	assert_string_equal(buf_str(&envelope), "envelope");

	go_live(c, 1);
	pending = files = 0;
	must(catalog_document_walk_pending(c, count_text, &pending, &e), &e);
	must(catalog_genfile_walk(c, 1, count_text, &files, &e), &e);
	assert_int_equal(pending + files, 0);
	assert_int_equal(catalog_generation_find(c, "live", &g, &e), 1);
	assert_int_equal(catalog_generation_find(c, "staged", &g, &e), 0);
	assert_int_equal(catalog_signing_find(c, "live", &s, NULL, &e), 1);
}

static void catalog_stays_dirty_for_what_came_later(void **state)
{
	auto_catalog struct catalog *c = fresh(*state);
	struct catalog_generation g;
	struct seen s = { "" };
	struct err e;

	add_build(c, "a", "20260101_0000", "1");
	stage(c, 1, 1, 1, &g);
	add_build(c, "a", "20260102_0000", "2");
	go_live(c, 1);
	must(catalog_image_walk(c, see_image, &s, &e), &e);
	assert_string_equal(s.text, "a@20260102_0000* ");

	stage(c, 2, 1, 2, &g);
	go_live(c, 2);
	s.text[0] = '\0';
	must(catalog_image_walk(c, see_image, &s, &e), &e);
	assert_string_equal(s.text, "a@20260102_0000 ");
	assert_int_equal(catalog_generation_drop(c, 2, &e), 0);
	assert_int_equal(catalog_generation_find(c, "live", &g, &e), 1);
	assert_int_equal(g.number, 2);
}

static void catalog_records_a_failure_once(void **state)
{
	auto_catalog struct catalog *c = fresh(*state);
	struct catalog_event v = { .at_s = 1,
		.kind = "failed",
		.image = "toy/a/amd64/default",
		.serial = "20260101_0000",
		.message = "m" };
	struct err e;

	assert_int_equal(catalog_event_add(c, &v, &e), 1);
	assert_int_equal(catalog_event_add(c, &v, &e), 0);
	v.kind = "admitted";
	assert_int_equal(catalog_event_add(c, &v, &e), 1);
}

static void catalog_of_a_newer_program_is_refused(void **state)
{
	const struct scratch *s = *state;
	auto_free char *path = xasprintf("%s/%s", s->path, CATALOG_NAME);
	struct catalog *c = fresh(s);
	struct err e;

	must(query_run(c, &e, "PRAGMA user_version = 999", ""), &e);
	catalog_close(&c);
	assert_int_equal(catalog_open(path, 0, &c, &e), -1);
	assert_non_null(strstr(e.text, "newer rootyard-index"));
	assert_int_equal(catalog_open(path, CATALOG_READ, &c, &e), -1);
	assert_non_null(strstr(e.text, "newer rootyard-index"));
}

static void catalog_of_an_older_program_is_not_read_before_it_is_changed(void **state)
{
	const struct scratch *s = *state;
	auto_free char *path = xasprintf("%s/%s", s->path, CATALOG_NAME);
	struct catalog *c = fresh(s);
	struct err e;

	must(query_run(c, &e, "PRAGMA user_version = 1", ""), &e);
	catalog_close(&c);
	assert_int_equal(catalog_open(path, CATALOG_READ, &c, &e), -1);
	assert_non_null(strstr(e.text, "older rootyard-index"));
}

static void catalog_for_reading_changes_nothing(void **state)
{
	const struct scratch *s = *state;
	auto_free char *path = xasprintf("%s/%s", s->path, CATALOG_NAME);
	struct catalog *c = fresh(s);
	struct err e;

	catalog_close(&c);
	must(catalog_open(path, CATALOG_READ, &c, &e), &e);
	assert_int_equal(catalog_intent_put(c, "x", &e), -1);
	catalog_close(&c);
}

static void catalog_answers_a_question_inside_the_same_question(void **state)
{
	static const char sql[] = "SELECT ?1 UNION ALL SELECT ?1 + 1";
	struct catalog *c = fresh(*state);
	struct err e;

	for (int round = 0; round < 2; round++) {
		struct query outer = { 0 }, inner = { 0 };

		must(query_begin(&outer, c, &e, sql, "i", (int64_t)1), &e);
		assert_int_equal(query_next(&outer, &e), 1);
		must(query_begin(&inner, c, &e, sql, "i", (int64_t)10), &e);
		assert_int_equal(query_next(&inner, &e), 1);
		assert_int_equal(query_int(&inner, 0), 10);
		query_end(&inner);
		assert_int_equal(query_int(&outer, 0), 1);
		assert_int_equal(query_next(&outer, &e), 1);
		assert_int_equal(query_int(&outer, 0), 2);
		assert_int_equal(query_next(&outer, &e), 0);
		query_end(&outer);
	}
	catalog_close(&c);
}

static void catalog_that_is_no_database_is_damaged(void **state)
{
	const struct scratch *s = *state;
	auto_free char *path = xasprintf("%s/%s", s->path, CATALOG_NAME);
	auto_fd int fd =
		openat(s->fd, CATALOG_NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	char noise[4096];
	struct catalog *c = NULL;
	struct err e;

	memset(noise, 'n', sizeof(noise));
	assert_int_equal(write(fd, noise, sizeof(noise)), sizeof(noise));
	assert_int_equal(catalog_open(path, 0, &c, &e), -1);
	assert_int_equal(e.code, ERR_DAMAGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(catalog_sorts_images_part_by_part),
		scratch_test(catalog_finds_equal_content),
		scratch_test(catalog_refuses_a_serial_twice),
		scratch_test(catalog_keeps_texts_until_they_are_live),
		scratch_test(catalog_stays_dirty_for_what_came_later),
		scratch_test(catalog_records_a_failure_once),
		scratch_test(catalog_of_a_newer_program_is_refused),
		scratch_test(
			catalog_of_an_older_program_is_not_read_before_it_is_changed),
		scratch_test(catalog_for_reading_changes_nothing),
		scratch_test(catalog_answers_a_question_inside_the_same_question),
		scratch_test(catalog_that_is_no_database_is_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
