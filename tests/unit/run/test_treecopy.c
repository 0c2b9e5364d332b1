#include "client/run/treecopy.h"

#include "lib/base/fs.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <sys/xattr.h>

static void put(int dir_fd, const char *name, const char *text, mode_t mode)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void a_tree_is_copied_as_it_is(void **state)
{
	const struct scratch *s = *state;
	const struct timespec old[] = { { .tv_sec = 1 }, { .tv_sec = 1000000000 } };
	char target[32] = "";
	struct stat a, b;
	struct err e;

	assert_int_equal(mkdirat(s->fd, "from", 0700), 0);
	assert_int_equal(mkdirat(s->fd, "from/d", 0700), 0);
	put(s->fd, "from/d/f", "content", 0640);
	assert_int_equal(linkat(s->fd, "from/d/f", s->fd, "from/g", 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", s->fd, "from/l"), 0);
	assert_int_equal(mknodat(s->fd, "from/p", S_IFIFO | 0600, 0), 0);
	assert_int_equal(fchmodat(s->fd, "from/d", 01755, 0), 0);
	assert_int_equal(utimensat(s->fd, "from/d", old, 0), 0);
	assert_int_equal(treecopy(s->fd, "from", s->fd, "to", TREECOPY_ALL, &e), 0);

	assert_int_equal(fstatat(s->fd, "to/d/f", &a, 0), 0);
	assert_int_equal(fstatat(s->fd, "to/g", &b, 0), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(a.st_mode & 07777, 0640);
	assert_int_equal(a.st_size, 7);
	assert_int_equal(fstatat(s->fd, "to/d", &a, 0), 0);
	assert_int_equal(a.st_mode & 07777, 01755);
	assert_int_equal(a.st_mtim.tv_sec, 1000000000);
	assert_int_equal(readlinkat(s->fd, "to/l", target, sizeof(target) - 1), 11);
	assert_string_equal(target, "/etc/passwd");
	assert_int_equal(fstatat(s->fd, "to/p", &a, 0), 0);
	assert_true(S_ISFIFO(a.st_mode));
}

static void nothing_is_copied_over(void **state)
{
	const struct scratch *s = *state;
	struct err e;

	assert_int_equal(mkdirat(s->fd, "from", 0700), 0);
	put(s->fd, "from/f", "x", 0600);
	assert_int_equal(mkdirat(s->fd, "to", 0700), 0);
	assert_int_equal(treecopy(s->fd, "from", s->fd, "to", TREECOPY_ALL, &e), -1);
	assert_int_equal(e.sys, EEXIST);
	assert_false(fs_exists_at(s->fd, "to/f"));
	assert_int_equal(treecopy(s->fd, "none", s->fd, "new", TREECOPY_ALL, &e), -1);
	assert_int_equal(e.sys, ENOENT);
}

#define IN_SCRATCH(test)                                                                 \
	cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(a_tree_is_copied_as_it_is),
		IN_SCRATCH(nothing_is_copied_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
