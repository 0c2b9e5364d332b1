#include "builder/archive.h"
#include "builder/mirror.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#define MEMBER(name, time, size) name time "0     0     100644  " size "`\n"

static int archive_of(const struct scratch *s, const char *text)
{
	int fd = openat(s->fd, "x.deb", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void deb_time_is_its_newest_member(void **state)
{
	auto_fd int fd = archive_of(*state,
		"!<arch>\n" MEMBER("debian-binary   ", "1700000000  ",
			"4         ") "2.0\n" MEMBER("control.tar.xz  ", "1700000500  ",
			"3         ") "abc\n" MEMBER("data.tar.xz     ", "1700000100  ",
			"2         ") "ab");
	int64_t newest;
	struct err e;

	assert_int_equal(archive_deb_time(fd, "x.deb", &newest, &e), 0);
	assert_int_equal(newest, 1700000500);
}

static void deb_time_wants_a_package(void **state)
{
	auto_fd int fd = archive_of(*state, "<html>not found</html>");
	int64_t newest;
	struct err e;

	assert_int_equal(archive_deb_time(fd, "x.deb", &newest, &e), -1);
	assert_int_equal(e.code, ERR_UPSTREAM);
}

#define BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
#define END   "-----END PGP PUBLIC KEY BLOCK-----\n"

static void armour_comes_off(void **state)
{
	auto_buf struct buf out = BUF_INIT(4096);
	struct err e;

	(void)state;
	assert_int_equal(
		archive_dearmor("noise\n" BEGIN "Comment: x\n\nYWJj\nZGVm\n=abcd\n" END
				"\n" BEGIN "\nZw==\n" END,
			&out, &e),
		0);
	assert_string_equal(buf_str(&out), "abcdefg");
}

static void armour_must_be_whole(void **state)
{
	static const char *const bad[] = { "", "0xDEADBEEF", BEGIN "\nYWJj\n",
		BEGIN "YWJj\n" END, BEGIN "\nYW?j\n" END };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		auto_buf struct buf out = BUF_INIT(4096);

		if (archive_dearmor(bad[i], &out, &e) == 0)
			fail_msg("'%s' was taken", bad[i]);
	}
}

static void mirror_is_picked_by_its_last_component(void **state)
{
	auto_arena struct arena a = { 0 };
	static const char uris[] =
		"https://x/node_20.x/\nhttp://m/debian-security/\n"
		"file:/srv/debian\nhttp://m/debian/\nhttp://n/debian\n";

	(void)state;
	assert_string_equal(mirror_pick(uris, "debian", &a), "http://m/debian");
	assert_string_equal(
		mirror_pick(uris, "debian-security", &a), "http://m/debian-security");
	assert_null(mirror_pick(uris, "ubuntu", &a));
	assert_null(mirror_pick("", "debian", &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(deb_time_is_its_newest_member),
		scratch_test(deb_time_wants_a_package),
		cmocka_unit_test(armour_comes_off),
		cmocka_unit_test(armour_must_be_whole),
		cmocka_unit_test(mirror_is_picked_by_its_last_component),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
