#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

static void expect_content(int dir_fd, const char *name, const char *text)
{
	auto_buf struct buf b = BUF_INIT(1000);
	struct err e;

	assert_int_equal(fs_read_at(dir_fd, name, &b, &e), 0);
	assert_string_equal(buf_str(&b), text);
}

static size_t names_in(int dir_fd)
{
	auto_names struct fs_names n = { 0 };
	struct err e;

	assert_int_equal(fs_list_dir(dir_fd, ".", &n, &e), 0);
	return n.count;
}

static void atomic_file_is_seen_only_after_commit(void **state)
{
	struct scratch *s = *state;
	auto_atomic struct atomic a = ATOMIC_INIT;
	mode_t mask = umask(0077);
	struct stat st;
	struct err e;

	assert_int_equal(
		atomic_write_file(s->fd, "name", bytes_of_str("old"), 0644, &e), 0);
	assert_int_equal(atomic_begin(&a, s->fd, "name", 0664, &e), 0);
	umask(mask);
	atomic_write(&a, "ne", 2);
	atomic_printf(&a, "%c%d", 'w', 1);
	expect_content(s->fd, "name", "old");
	assert_int_equal(atomic_commit(&a, &e), 0);
	expect_content(s->fd, "name", "new1");
	assert_int_equal(fstatat(s->fd, "name", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0664);
	assert_int_equal(names_in(s->fd), 1);
}

static void atomic_cancel_leaves_the_old_file(void **state)
{
	struct scratch *s = *state;
	struct err e;

	assert_int_equal(
		atomic_write_file(s->fd, "name", bytes_of_str("old"), 0644, &e), 0);
	{
		auto_atomic struct atomic a = ATOMIC_INIT;

		assert_int_equal(atomic_begin(&a, s->fd, "name", 0644, &e), 0);
		atomic_write(&a, "new", 3);
		assert_int_equal(names_in(s->fd), 2);
	}
	expect_content(s->fd, "name", "old");
	assert_int_equal(names_in(s->fd), 1);
}

static void atomic_first_error_sticks(void **state)
{
	struct scratch *s = *state;
	auto_atomic struct atomic a = ATOMIC_INIT;
	struct err e;
	int full;

	assert_int_equal(atomic_begin(&a, s->fd, "name", 0644, &e), 0);
	full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(dup2(full, a.fd) >= 0);
	close(full);
	atomic_write(&a, "x", 1);
	atomic_write(&a, "y", 1);
	assert_int_equal(atomic_commit(&a, &e), -1);
	assert_int_equal(e.code, ERR_NOSPACE);
	assert_non_null(strstr(e.text, "cannot write 'name'"));
	assert_false(fs_exists_at(s->fd, "name"));
	assert_int_equal(names_in(s->fd), 0);
}

static void atomic_takes_one_name_only(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "/a", "../a" };
	struct scratch *s = *state;
	struct err e;

	assert_int_equal(mkdirat(s->fd, "a", 0755), 0);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_int_equal(
			atomic_write_file(s->fd, bad[i], bytes_of_str("x"), 0644, &e),
			-1);
		assert_int_equal(atomic_symlink(s->fd, bad[i], "target", &e), -1);
	}
	assert_int_equal(names_in(s->fd), 1);
	assert_false(fs_exists_at(s->fd, "a/b"));
}

static void atomic_takes_the_longest_name(void **state)
{
	struct scratch *s = *state;
	char name[256];
	struct err e;

	memset(name, 'n', 255);
	name[255] = '\0';
	assert_int_equal(atomic_write_file(s->fd, name, bytes_of_str("x"), 0644, &e), 0);
	expect_content(s->fd, name, "x");
}

static void atomic_file_replaces_a_link_not_its_target(void **state)
{
	struct scratch *s = *state;
	struct stat st;
	struct err e;

	assert_int_equal(
		atomic_write_file(s->fd, "target", bytes_of_str("old"), 0644, &e), 0);
	assert_int_equal(symlinkat("target", s->fd, "name"), 0);
	assert_int_equal(
		atomic_write_file(s->fd, "name", bytes_of_str("new"), 0644, &e), 0);
	expect_content(s->fd, "target", "old");
	assert_int_equal(fstatat(s->fd, "name", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void atomic_symlink_switches_at_once(void **state)
{
	struct scratch *s = *state;
	char target[16] = "";
	struct err e;

	assert_int_equal(atomic_symlink(s->fd, ".live", ".gen/1", &e), 0);
	assert_int_equal(atomic_symlink(s->fd, ".live", ".gen/2", &e), 0);
	assert_int_equal(readlinkat(s->fd, ".live", target, sizeof(target)), 6);
	assert_string_equal(target, ".gen/2");
	assert_int_equal(names_in(s->fd), 1);
	assert_int_equal(mkdirat(s->fd, "dir", 0755), 0);
	assert_int_equal(atomic_symlink(s->fd, "dir", "x", &e), -1);
	assert_int_equal(names_in(s->fd), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(atomic_file_is_seen_only_after_commit),
		scratch_test(atomic_cancel_leaves_the_old_file),
		scratch_test(atomic_first_error_sticks),
		scratch_test(atomic_takes_one_name_only),
		scratch_test(atomic_takes_the_longest_name),
		scratch_test(atomic_file_replaces_a_link_not_its_target),
		scratch_test(atomic_symlink_switches_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
