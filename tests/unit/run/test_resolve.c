#include "client/run/resolve.h"
#include "lib/base/fs.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void write_file(const struct scratch *s, const char *path, const char *text)
{
	char dir[PLACE_MAX];
	struct err e;
	int fd;

	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	assert_int_equal(fs_mkdirs(s->fd, dir, 0755, &e), 0);
	fd = openat(s->fd, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, text, strlen(text), &e), 0);
	close(fd);
}

static void put_image(const struct scratch *s, const char *ref, const char *id)
{
	char path[PLACE_MAX], text[128];
	struct err e;

	snprintf(path, sizeof(path), "images/%s/rootfs", id);
	assert_int_equal(fs_mkdirs(s->fd, path, 0755, &e), 0);
	snprintf(path, sizeof(path), "refs/%s", ref);
	snprintf(text, sizeof(text), "20260101_0000 %s\n", id);
	write_file(s, path, text);
}

/* The place of this machine's architecture. */
static const char *at_home(const char *remote, const char *name, char out[256])
{
	snprintf(out, 256, "%s/%s/%s/default", remote, name, arch_of_this_machine());
	return out;
}

static int resolve(const struct scratch *s, const char *text, bool full,
	struct stored_image *out, struct err *e)
{
	struct store store = { .data_fd = s->fd, .run_fd = -1 };

	return resolve_image(&store, text, full, out, e);
}

static void missing_parts_are_this_machine_and_default(void **state)
{
	struct stored_image image;
	char ref[256], want[256];
	struct err e;

	put_image(*state, at_home("lab", "debian/trixie", ref), ID_A);
	assert_int_equal(resolve(*state, "debian/trixie", true, &image, &e), 0);
	assert_string_equal(image.id, ID_A);
	assert_string_equal(image.distro, "debian");
	assert_false(image.single_id);
	snprintf(want, sizeof(want), "lab:debian/trixie/%s/default",
		arch_of_this_machine());
	assert_string_equal(image.ref, want);
	assert_int_equal(resolve(*state, "debian/trixie/cloud", true, &image, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	assert_int_equal(resolve(*state, "debian", true, &image, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
}

static void aliases_are_each_remotes_own(void **state)
{
	struct stored_image image;
	char ref[256];
	struct err e;

	put_image(*state, at_home("lab", "debian/trixie", ref), ID_A);
	put_image(*state, at_home("old", "debian/bookworm", ref), ID_B);
	write_file(*state, "refs/lab/aliases",
		"debian debian/trixie\ndebian/13 debian/trixie\n");
	write_file(*state, "refs/old/aliases", "debian/stable debian/bookworm\n");
	assert_int_equal(resolve(*state, "debian/13", true, &image, &e), 0);
	assert_string_equal(image.id, ID_A);
	assert_int_equal(resolve(*state, "debian", true, &image, &e), 0);
	assert_string_equal(image.id, ID_A);
	assert_int_equal(resolve(*state, "debian/stable", true, &image, &e), 0);
	assert_string_equal(image.id, ID_B);
	assert_int_equal(resolve(*state, "lab:debian/stable", true, &image, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
}

static void two_remotes_are_a_conflict_that_names_both(void **state)
{
	struct stored_image image;
	char ref[256];
	struct err e;

	put_image(*state, at_home("lab", "debian/trixie", ref), ID_A);
	put_image(*state, at_home("old", "debian/trixie", ref), ID_B);
	assert_int_equal(resolve(*state, "debian/trixie", true, &image, &e), -1);
	assert_int_equal(e.code, ERR_CONFLICT);
	assert_non_null(strstr(e.text, "'lab' and 'old'"));
	assert_int_equal(resolve(*state, "old:debian/trixie", true, &image, &e), 0);
	assert_string_equal(image.id, ID_B);
}

static void serial_and_id_must_be_what_is_stored(void **state)
{
	struct stored_image image;
	char ref[256];
	struct err e;

	put_image(*state, at_home("lab", "debian/trixie", ref), ID_A);
	assert_int_equal(
		resolve(*state, "debian/trixie@20260101_0000", true, &image, &e), 0);
	assert_int_equal(
		resolve(*state, "debian/trixie@20250101_0000", true, &image, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	assert_int_equal(
		resolve(*state, "debian/trixie@sha256:" ID_A, true, &image, &e), 0);
	assert_string_equal(image.ref, "@sha256:" ID_A);
	assert_int_equal(
		resolve(*state, "debian/trixie@sha256:" ID_B, true, &image, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
}

static void a_plain_image_needs_many_ids(void **state)
{
	struct stored_image image;
	char ref[256];
	struct err e;

	put_image(*state, at_home("lab", "debian/trixie", ref), ID_A);
	assert_int_equal(resolve(*state, "debian/trixie", false, &image, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	put_image(*state, at_home("old", "debian/trixie", ref), ID_B ".1id");
	assert_int_equal(resolve(*state, "debian/trixie", false, &image, &e), 0);
	assert_string_equal(image.id, ID_B ".1id");
	assert_true(image.single_id);
	assert_int_equal(
		resolve(*state, "debian/trixie@sha256:" ID_B, true, &image, &e), 0);
	assert_true(image.single_id);
}

static void a_reference_to_a_removed_image_is_not_stored(void **state)
{
	const struct scratch *s = *state;
	struct stored_image image;
	char ref[256];
	struct err e;

	put_image(s, at_home("lab", "debian/trixie", ref), ID_A);
	assert_int_equal(fs_remove_tree(s->fd, "images/" ID_A, &e), 0);
	assert_int_equal(resolve(s, "debian/trixie", true, &image, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
}

static void damaged_references_are_errors_and_bad_names_usage(void **state)
{
	struct stored_image image;
	char ref[256], path[300];
	struct err e;

	snprintf(path, sizeof(path), "refs/%s", at_home("lab", "debian/trixie", ref));
	write_file(*state, path, "20260101_0000 ../../../etc\n");
	assert_int_equal(resolve(*state, "debian/trixie", true, &image, &e), -1);
	assert_int_equal(e.code, ERR_PARSE);
	assert_int_equal(resolve(*state, "../trixie", true, &image, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	assert_int_equal(resolve(*state, "", true, &image, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
}

static void aliases_are_found_by_their_whole_name(void **state)
{
	static const char text[] = "debian/13 debian/trixie\ndebian debian/trixie\n"
				   "x \nlast debian/sid";
	char out[16];

	(void)state;
	assert_true(alias_find(bytes_of_str(text), "debian", out, sizeof(out)));
	assert_string_equal(out, "debian/trixie");
	assert_true(alias_find(bytes_of_str(text), "last", out, sizeof(out)));
	assert_string_equal(out, "debian/sid");
	assert_false(alias_find(bytes_of_str(text), "debian/1", out, sizeof(out)));
	assert_false(alias_find(bytes_of_str(text), "ebian", out, sizeof(out)));
	assert_false(alias_find(bytes_of_str(text), "x", out, sizeof(out)));
	assert_false(alias_find(bytes_of_str(text), "debian", out, 5)); /* no room */
	assert_false(alias_find(bytes_of_str(""), "debian", out, sizeof(out)));
}

#define IN_SCRATCH(test)                                                                 \
	cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(missing_parts_are_this_machine_and_default),
		IN_SCRATCH(aliases_are_each_remotes_own),
		IN_SCRATCH(two_remotes_are_a_conflict_that_names_both),
		IN_SCRATCH(serial_and_id_must_be_what_is_stored),
		IN_SCRATCH(a_plain_image_needs_many_ids),
		IN_SCRATCH(a_reference_to_a_removed_image_is_not_stored),
		IN_SCRATCH(damaged_references_are_errors_and_bad_names_usage),
		cmocka_unit_test(aliases_are_found_by_their_whole_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
