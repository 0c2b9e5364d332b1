#include "lib/base/fs.h"
#include "lib/base/tree.h"

#include "tests/unit/no_openat2.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <sys/xattr.h>

/* As whoever runs the test: owners are set to ourselves. */
static struct tree_meta meta(mode_t mode)
{
	return (struct tree_meta){
		.mode = mode, .uid = geteuid(), .gid = getegid(), .mtime_s = 1000000000
	};
}

static struct relpath path(const char *text)
{
	struct relpath p;
	struct err e;

	assert_int_equal(relpath_parse(text, &p, &e), 0);
	return p;
}

static struct tree *begin(int fd)
{
	struct tree *t = NULL;
	struct err e;

	assert_int_equal(tree_open(fd, 0, &t, &e), 0);
	return t;
}

static int add_file(
	struct tree *t, const char *name, const char *text, mode_t mode, struct err *e)
{
	struct relpath p = path(name);
	struct tree_meta m = meta(mode);
	auto_fd int fd = tree_file_begin(t, &p, 0600, e);

	if (fd < 0 || fs_write_all(fd, text, strlen(text), e) < 0)
		return -1;
	return tree_file_end(t, fd, &p, &m, e);
}

static int add_dir(struct tree *t, const char *name, mode_t mode, struct err *e)
{
	struct relpath p = path(name);
	struct tree_meta m = meta(mode);

	return tree_dir(t, &p, &m, e);
}

static int add_link(struct tree *t, const char *name, const char *target, struct err *e)
{
	struct relpath p = path(name);
	struct tree_meta m = meta(0777);

	return tree_symlink(t, &p, target, &m, e);
}

static int add_hard(struct tree *t, const char *name, const char *target, struct err *e)
{
	struct relpath p = path(name), to = path(target);

	return tree_hardlink(t, &p, &to, e);
}

static int add_fifo(struct tree *t, const char *name, mode_t mode, struct err *e)
{
	struct relpath p = path(name);
	struct tree_meta m = meta(mode);

	return tree_fifo(t, &p, &m, e);
}

static struct stat look(int fd, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static void expect(int fd, const char *name, mode_t mode)
{
	struct stat st = look(fd, name);

	assert_int_equal(st.st_mode, mode);
	assert_int_equal(st.st_mtim.tv_sec, 1000000000);
	assert_int_equal(st.st_mtim.tv_nsec, 0);
}

static void tree_writes_every_kind_with_exact_meta(void **state)
{
	struct scratch *s = *state;
	auto_tree struct tree *t = begin(s->fd);
	struct tree_meta root = meta(0751);
	mode_t mask = umask(0077);
	char target[16] = "";
	struct err e;

	assert_int_equal(tree_root(t, &root, &e), 0);
	assert_int_equal(add_dir(t, "usr", 0755, &e), 0);
	assert_int_equal(add_dir(t, "usr/bin", 0555, &e), 0);
	assert_int_equal(add_file(t, "usr/bin/su", "elf", 04755, &e), 0);
	assert_int_equal(add_link(t, "usr/bin/sh", "su", &e), 0);
	assert_int_equal(add_hard(t, "usr/bin/again", "usr/bin/su", &e), 0);
	assert_int_equal(add_fifo(t, "usr/fifo", 0620, &e), 0);
	assert_int_equal(tree_finish(t, &e), 0);
	umask(mask);

	expect(s->fd, ".", S_IFDIR | 0751);
	expect(s->fd, "usr", S_IFDIR | 0755);
	expect(s->fd, "usr/bin", S_IFDIR | 0555);
	expect(s->fd, "usr/bin/su", S_IFREG | 04755);
	expect(s->fd, "usr/bin/sh", S_IFLNK | 0777);
	expect(s->fd, "usr/fifo", S_IFIFO | 0620);
	assert_int_equal(
		look(s->fd, "usr/bin/again").st_ino, look(s->fd, "usr/bin/su").st_ino);
	assert_int_equal(readlinkat(s->fd, "usr/bin/sh", target, sizeof(target)), 2);
	assert_string_equal(target, "su");
}

static void tree_sets_owners_when_it_may(void **state)
{
	struct scratch *s = *state;
	struct relpath p = path("f"), d = path("d"), l = path("l");
	struct tree_meta m = meta(06755);
	struct err e;
	int fd;

	if (geteuid() != 0)
		skip();
	{
		auto_tree struct tree *t = begin(s->fd);

		m.uid = 1234;
		m.gid = 4321;
		fd = tree_file_begin(t, &p, m.mode, &e);
		assert_true(fd >= 0);
		assert_int_equal(tree_file_end(t, fd, &p, &m, &e), 0);
		close(fd);
		assert_int_equal(tree_dir(t, &d, &m, &e), 0);
		assert_int_equal(tree_symlink(t, &l, "x", &m, &e), 0);
		assert_int_equal(tree_finish(t, &e), 0);
	}
	for (size_t i = 0; i < 3; i++) {
		struct stat st = look(s->fd, i == 0 ? "f" : i == 1 ? "d" : "l");

		assert_int_equal(st.st_uid, 1234);
		assert_int_equal(st.st_gid, 4321);
		/* The owner is set before the mode, which would lose setuid otherwise. */
		if (i < 2)
			assert_int_equal(st.st_mode & 07777, 06755);
	}
}

static void tree_without_chown_leaves_owners(void **state)
{
	struct scratch *s = *state;
	auto_tree struct tree *t = NULL;
	struct relpath p = path("f");
	struct tree_meta m = meta(0644);
	struct err e;

	m.uid = m.gid = 54321;
	assert_int_equal(tree_open(s->fd, TREE_NO_CHOWN, &t, &e), 0);
	assert_int_equal(tree_dir(t, &p, &m, &e), 0);
	assert_int_equal(tree_finish(t, &e), 0);
	assert_int_equal(look(s->fd, "f").st_uid, geteuid());
}

static void tree_sets_attributes_of_files_and_directories(void **state)
{
	struct scratch *s = *state;
	auto_tree struct tree *t = begin(s->fd);
	const struct tree_xattr x = { .name = "user.test", .value = "val", .len = 3 };
	struct relpath f = path("f"), d = path("d"), l = path("l");
	struct tree_meta m = meta(0444);
	char proc[64], value[8];
	struct err e;
	int fd;

	m.xattrs = &x;
	m.xattr_count = 1;
	fd = tree_file_begin(t, &f, 0444, &e);
	assert_int_equal(tree_file_end(t, fd, &f, &m, &e), 0);
	close(fd);
	m.mode = 0555;
	assert_int_equal(tree_dir(t, &d, &m, &e), 0);
	assert_int_equal(tree_symlink(t, &l, "x", &m, &e), -1);
	assert_int_equal(e.code, ERR_PARSE);
	assert_int_equal(tree_finish(t, &e), 0);
	for (size_t i = 0; i < 2; i++) {
		snprintf(proc, sizeof(proc), "/proc/self/fd/%d/%s", s->fd, i ? "d" : "f");
		assert_int_equal(getxattr(proc, "user.test", value, sizeof(value)), 3);
		assert_memory_equal(value, "val", 3);
	}
}

static void tree_replaces_files_and_links_without_following(void **state)
{
	struct scratch *s = *state;
	auto_tree struct tree *t = begin(s->fd);
	auto_buf struct buf b = BUF_INIT(100);
	struct err e;

	assert_int_equal(add_file(t, "victim", "kept", 0600, &e), 0);
	assert_int_equal(add_link(t, "name", "victim", &e), 0);
	assert_int_equal(add_file(t, "name", "new", 0644, &e), 0);
	assert_int_equal(fs_read_at(s->fd, "victim", &b, &e), 0);
	assert_string_equal(buf_str(&b), "kept");
	assert_true(S_ISREG(look(s->fd, "name").st_mode));
	assert_int_equal(add_link(t, "name", "elsewhere", &e), 0);
	assert_true(S_ISLNK(look(s->fd, "name").st_mode));
	assert_int_equal(add_fifo(t, "name", 0600, &e), 0);
	assert_true(S_ISFIFO(look(s->fd, "name").st_mode));
	assert_int_equal(add_hard(t, "name", "victim", &e), 0);
	assert_int_equal(look(s->fd, "name").st_ino, look(s->fd, "victim").st_ino);
}

static void tree_replaces_a_hard_link_without_changing_its_file(void **state)
{
	struct scratch *s = *state;
	auto_tree struct tree *t = begin(s->fd);
	auto_buf struct buf b = BUF_INIT(100);
	struct err e;

	assert_int_equal(add_file(t, "a", "first", 0600, &e), 0);
	assert_int_equal(add_hard(t, "b", "a", &e), 0);
	assert_int_equal(add_file(t, "b", "second", 0600, &e), 0);
	assert_int_equal(fs_read_at(s->fd, "a", &b, &e), 0);
	assert_string_equal(buf_str(&b), "first");
}

static void tree_never_writes_through_a_link(void **state)
{
	struct scratch *s = *state;
	struct err e;

	assert_int_equal(mkdirat(s->fd, "outside", 0755), 0);
	assert_int_equal(mkdirat(s->fd, "root", 0755), 0);

	auto_fd int root = openat(s->fd, "root", O_RDONLY | O_DIRECTORY);
	auto_tree struct tree *t = begin(root);

	assert_int_equal(add_link(t, "out", "../outside", &e), 0);
	assert_int_equal(add_link(t, "abs", "/tmp", &e), 0);
	assert_int_equal(add_dir(t, "real", 0755, &e), 0);
	assert_int_equal(add_link(t, "near", "real", &e), 0);
	assert_int_equal(add_file(t, "out/x", "", 0600, &e), -1);
	assert_non_null(strstr(e.text, "symbolic link is in the way"));
	assert_int_equal(add_file(t, "abs/x", "", 0600, &e), -1);
	assert_int_equal(add_file(t, "near/x", "", 0600, &e), -1);
	assert_int_equal(add_file(t, "near/deep/x", "", 0600, &e), -1);
	assert_int_equal(add_dir(t, "out/x", 0700, &e), -1);
	assert_int_equal(add_dir(t, "out", 0700, &e), -1);
	assert_string_equal(
		e.text, "cannot make directory 'out': something else has this name");
	assert_int_equal(add_link(t, "out/x", "y", &e), -1);
	assert_int_equal(add_fifo(t, "out/x", 0600, &e), -1);
	assert_false(fs_exists_at(s->fd, "outside/x"));
	assert_false(fs_exists_at(root, "real/x"));
	assert_false(fs_exists_at(root, "real/deep"));
}

static void tree_refuses_to_turn_a_directory_into_something_else(void **state)
{
	struct scratch *s = *state;
	auto_tree struct tree *t = begin(s->fd);
	struct err e;

	assert_int_equal(add_dir(t, "d", 0755, &e), 0);
	assert_int_equal(add_file(t, "f", "", 0644, &e), 0);
	assert_int_equal(add_file(t, "d", "", 0644, &e), -1);
	assert_string_equal(e.text, "cannot write 'd': a directory has this name");
	assert_int_equal(add_link(t, "d", "x", &e), -1);
	assert_int_equal(add_fifo(t, "d", 0644, &e), -1);
	assert_int_equal(add_hard(t, "d", "f", &e), -1);
	assert_int_equal(add_dir(t, "f", 0755, &e), -1);
	assert_int_equal(add_file(t, "f/x", "", 0755, &e), -1);
	assert_true(S_ISDIR(look(s->fd, "d").st_mode));
}

static void tree_links_only_to_files_it_wrote(void **state)
{
	struct scratch *s = *state;
	auto_tree struct tree *t = NULL;
	auto_fd int before = openat(s->fd, "before", O_WRONLY | O_CREAT, 0600);
	struct err e;

	assert_true(before >= 0);
	t = begin(s->fd);
	assert_int_equal(add_file(t, "file", "", 0600, &e), 0);
	assert_int_equal(add_link(t, "link", "file", &e), 0);
	assert_int_equal(add_dir(t, "dir", 0755, &e), 0);
	assert_int_equal(add_hard(t, "x", "before", &e), -1);
	assert_int_equal(add_hard(t, "x", "link", &e), -1);
	assert_int_equal(add_hard(t, "x", "dir", &e), -1);
	assert_int_equal(add_hard(t, "x", "none", &e), -1);
	assert_string_equal(
		e.text, "cannot link 'x': 'none' is no file that came before");
	assert_int_equal(add_hard(t, "file", "file", &e), -1);
	assert_int_equal(add_hard(t, "dir/x", "file", &e), 0);
	assert_int_equal(add_hard(t, "y", "dir/x", &e), 0);

	/* A file that became a link since is no target either. */
	assert_int_equal(add_link(t, "file", "/etc/passwd", &e), 0);
	assert_int_equal(add_hard(t, "z", "file", &e), -1);
	assert_false(fs_exists_at(s->fd, "x"));
	assert_false(fs_exists_at(s->fd, "z"));
}

static void tree_knows_its_files_among_thousands(void **state)
{
	struct scratch *s = *state;
	auto_tree struct tree *t = begin(s->fd);
	char name[32], other[32];
	struct err e;

	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "d%d/f%d", i % 7, i);
		assert_int_equal(add_file(t, name, "", 0600, &e), 0);
	}
	for (int i = 0; i < 3000; i += 500) {
		snprintf(name, sizeof(name), "d%d/f%d", i % 7, i);
		snprintf(other, sizeof(other), "l%d", i);
		assert_int_equal(add_hard(t, other, name, &e), 0);
	}
	assert_int_equal(add_hard(t, "none", "d1/f2", &e), -1);
	assert_int_equal(tree_finish(t, &e), 0);
}

static void tree_makes_missing_parents_and_corrects_them_later(void **state)
{
	struct scratch *s = *state;
	auto_tree struct tree *t = begin(s->fd);
	struct err e;

	assert_int_equal(add_file(t, "a/b/c/file", "", 0600, &e), 0);
	assert_int_equal(look(s->fd, "a/b").st_mode & 0777, 0700);
	assert_int_equal(add_dir(t, "a", 0711, &e), 0);
	assert_int_equal(add_dir(t, "a", 0500, &e), 0);
	assert_int_equal(tree_finish(t, &e), 0);
	expect(s->fd, "a", S_IFDIR | 0500);
	assert_int_equal(look(s->fd, "a/b").st_mode & 07777, 0755);
	assert_int_equal(look(s->fd, "a/b/c").st_mode & 07777, 0755);
}

static int write_closed_dirs(int dir_fd)
{
	auto_tree struct tree *t = NULL;
	struct err e;

	if (tree_open(dir_fd, 0, &t, &e) < 0 || add_dir(t, "a", 0, &e) < 0 ||
		add_dir(t, "a/b", 0400, &e) < 0 || add_file(t, "a/b/f", "x", 0, &e) < 0)
		return 2;
	return tree_finish(t, &e) < 0;
}

static void tree_closes_directories_deepest_first(void **state)
{
	struct scratch *s = *state;

	assert_int_equal(scratch_as_ordinary(s, write_closed_dirs), 0);
	expect(s->fd, "a", S_IFDIR);
	if (geteuid() == 0)
		expect(s->fd, "a/b", S_IFDIR | 0400);
	assert_int_equal(fchmodat(s->fd, "a", 0700, 0), 0);
	assert_int_equal(fchmodat(s->fd, "a/b", 0700, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(tree_writes_every_kind_with_exact_meta),
		scratch_test(tree_sets_owners_when_it_may),
		scratch_test(tree_without_chown_leaves_owners),
		scratch_test(tree_sets_attributes_of_files_and_directories),
		scratch_test(tree_replaces_files_and_links_without_following),
		scratch_test(tree_replaces_a_hard_link_without_changing_its_file),
		scratch_test(tree_never_writes_through_a_link),
		scratch_test(tree_refuses_to_turn_a_directory_into_something_else),
		scratch_test(tree_links_only_to_files_it_wrote),
		scratch_test(tree_knows_its_files_among_thousands),
		scratch_test(tree_makes_missing_parents_and_corrects_them_later),
		scratch_test(tree_closes_directories_deepest_first),
	};

#ifdef BEFORE_OPENAT2
	forget_openat2();
#endif
	return cmocka_run_group_tests(tests, NULL, NULL);
}
