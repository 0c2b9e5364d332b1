#include "lib/base/fs.h"

#include "tests/unit/no_openat2.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

static void put(int dir_fd, const char *name, const char *text)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static mode_t mode_of(int dir_fd, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

static void expect_no_open(int dir_fd, const char *path)
{
	struct err e;

	assert_int_equal(fs_open_beneath(dir_fd, path, O_RDONLY, 0, &e), -1);
	assert_non_null(strstr(e.text, path));
}

static void open_beneath_leaves_by_no_way(void **state)
{
	struct scratch *s = *state;

	assert_int_equal(mkdirat(s->fd, "in", 0755), 0);
	put(s->fd, "in/file", "x");
	put(s->fd, "secret", "x");
	assert_int_equal(symlinkat("../secret", s->fd, "in/up"), 0);
	assert_int_equal(symlinkat("file", s->fd, "in/same"), 0);
	assert_int_equal(symlinkat(".", s->fd, "in/here"), 0);
	assert_int_equal(symlinkat("/etc", s->fd, "in/etc"), 0);

	auto_fd int in = openat(s->fd, "in", O_RDONLY | O_DIRECTORY);

	expect_no_open(in, "../secret");
	expect_no_open(in, "up");
	expect_no_open(in, "same");
	expect_no_open(in, "here/file");
	expect_no_open(in, "etc/passwd");
	expect_no_open(in, "/etc/passwd");
	expect_no_open(in, "missing");
}

static void open_beneath_names_the_link_in_the_way(void **state)
{
	struct scratch *s = *state;
	struct err e;

	assert_int_equal(symlinkat("x", s->fd, "link"), 0);
	assert_int_equal(fs_open_beneath(s->fd, "link", O_RDONLY, 0, &e), -1);
	assert_string_equal(e.text, "cannot open 'link': a symbolic link is in the way");
	assert_int_equal(e.sys, ELOOP);
	assert_int_equal(fs_open_beneath(s->fd, "none", O_RDONLY, 0, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
}

static void open_beneath_sets_the_exact_mode_of_new_files_only(void **state)
{
	struct scratch *s = *state;
	mode_t mask = umask(0077);
	struct err e;
	int fd;

	fd = fs_open_beneath(s->fd, "new", O_WRONLY | O_CREAT, 0664, &e);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(fd);
	assert_int_equal(mode_of(s->fd, "new"), 0664);
	fd = fs_open_beneath(s->fd, "new", O_WRONLY | O_CREAT, 0600, &e);
	close(fd);
	assert_int_equal(mode_of(s->fd, "new"), 0664);
	assert_int_equal(
		fs_open_beneath(s->fd, "new", O_WRONLY | O_CREAT | O_EXCL, 0600, &e), -1);
	assert_int_equal(e.sys, EEXIST);
	umask(mask);
}

static void mkdirs_makes_what_is_missing_with_the_exact_mode(void **state)
{
	struct scratch *s = *state;
	mode_t mask = umask(0077);
	struct err e;

	assert_int_equal(mkdirat(s->fd, "a", 0700), 0);
	assert_int_equal(fs_mkdirs(s->fd, "a/b/c", 02775, &e), 0);
	assert_int_equal(fs_mkdirs(s->fd, "a/b/c", 02775, &e), 0);
	assert_int_equal(mode_of(s->fd, "a"), 0700);
	assert_int_equal(mode_of(s->fd, "a/b"), 02775);
	assert_int_equal(mode_of(s->fd, "a/b/c"), 02775);
	umask(mask);

	put(s->fd, "file", "");
	assert_int_equal(symlinkat("a", s->fd, "link"), 0);
	assert_int_equal(fs_mkdirs(s->fd, "file/x", 0755, &e), -1);
	assert_int_equal(fs_mkdirs(s->fd, "link/x", 0755, &e), -1);
	assert_int_equal(fs_mkdirs(s->fd, "../x", 0755, &e), -1);
	assert_int_equal(fs_mkdirs(s->fd, "/tmp/x", 0755, &e), -1);
	assert_false(fs_exists_at(s->fd, "a/x"));
}

static void read_stops_at_the_ceiling(void **state)
{
	struct scratch *s = *state;
	auto_buf struct buf exact = BUF_INIT(5), small = BUF_INIT(4);
	struct err e;

	put(s->fd, "five", "12345");
	assert_int_equal(fs_read_at(s->fd, "five", &exact, &e), 0);
	assert_string_equal(buf_str(&exact), "12345");
	assert_int_equal(fs_read_at(s->fd, "five", &small, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_string_equal(e.text, "'five' is larger than 4 bytes");
}

static void read_takes_regular_files_only(void **state)
{
	struct scratch *s = *state;
	auto_buf struct buf b = BUF_INIT(100);
	struct err e;

	assert_int_equal(mkfifoat(s->fd, "fifo", 0600), 0);
	assert_int_equal(mkdirat(s->fd, "dir", 0700), 0);
	assert_int_equal(fs_read_at(s->fd, "fifo", &b, &e), -1);
	assert_string_equal(e.text, "cannot read 'fifo': it is not a regular file");
	assert_int_equal(fs_read_at(s->fd, "dir", &b, &e), -1);
	assert_int_equal(fs_read_at(s->fd, "none", &b, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
}

static void copy_takes_a_part_or_everything(void **state)
{
	struct scratch *s = *state;
	auto_buf struct buf b = BUF_INIT(100);
	int pipes[2];
	struct err e;

	put(s->fd, "from", "0123456789");
	auto_fd int in = openat(s->fd, "from", O_RDONLY);
	auto_fd int out = openat(s->fd, "to", O_WRONLY | O_CREAT, 0600);

	assert_int_equal(fs_copy_fd(in, out, 4, &e), 0);
	assert_int_equal(fs_copy_fd(in, out, -1, &e), 0);
	assert_int_equal(fs_read_at(s->fd, "to", &b, &e), 0);
	assert_string_equal(buf_str(&b), "0123456789");
	assert_int_equal(lseek(in, 8, SEEK_SET), 8);
	assert_int_equal(fs_copy_fd(in, out, 5, &e), -1);
	assert_string_equal(e.text, "the input ends 3 bytes early");

	/* Into a pipe, where the kernel does not copy by itself. */
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(lseek(in, 2, SEEK_SET), 2);
	assert_int_equal(fs_copy_fd(in, pipes[1], 3, &e), 0);
	close(pipes[1]);
	buf_clear(&b);
	assert_int_equal(fs_read_fd(pipes[0], "pipe", &b, &e), 0);
	close(pipes[0]);
	assert_string_equal(buf_str(&b), "234");
}

static void remove_takes_files_trees_and_nothing_behind_links(void **state)
{
	struct scratch *s = *state;
	struct err e;

	assert_int_equal(mkdirat(s->fd, "kept", 0755), 0);
	put(s->fd, "kept/file", "x");
	assert_int_equal(fs_mkdirs(s->fd, "tree/a/b", 0755, &e), 0);
	assert_int_equal(fs_mkdirs(s->fd, "tree/c", 0755, &e), 0);
	put(s->fd, "tree/a/b/file", "x");
	put(s->fd, "tree/c/file", "x");
	assert_int_equal(symlinkat("../kept", s->fd, "tree/link"), 0);
	assert_int_equal(symlinkat("kept", s->fd, "link"), 0);
	assert_int_equal(mkfifoat(s->fd, "tree/fifo", 0600), 0);
	assert_int_equal(fchmodat(s->fd, "tree/c", 0, 0), 0);

	assert_int_equal(fs_remove_tree(s->fd, "tree", &e), 0);
	assert_false(fs_exists_at(s->fd, "tree"));
	assert_int_equal(fs_remove_tree(s->fd, "tree", &e), 0);
	assert_int_equal(fs_remove_tree(s->fd, "no/such/dir", &e), 0);
	assert_int_equal(fs_remove_tree(s->fd, "link", &e), 0);
	assert_true(fs_exists_at(s->fd, "kept/file"));
	assert_int_equal(fs_remove_tree(s->fd, "../x", &e), -1);
	assert_int_equal(fs_remove_tree(s->fd, "kept/file", &e), 0);
	assert_true(fs_exists_at(s->fd, "kept"));
}

static int remove_forbidden(int dir_fd)
{
	struct err e;

	if (fs_mkdirs(dir_fd, "tree/closed/inner", 0755, &e) < 0 ||
		fchmodat(dir_fd, "tree/closed/inner", 0500, 0) < 0 ||
		fchmodat(dir_fd, "tree/closed", 0, 0) < 0 ||
		fchmodat(dir_fd, "tree", 0555, 0) < 0)
		return 2;
	return fs_remove_tree(dir_fd, "tree", &e) < 0 || fs_exists_at(dir_fd, "tree");
}

static void remove_opens_what_its_owner_closed(void **state)
{
	assert_int_equal(scratch_as_ordinary(*state, remove_forbidden), 0);
}

static void remove_goes_deeper_than_there_are_descriptors(void **state)
{
	struct scratch *s = *state;
	int at = dup(s->fd), depth;
	struct err e;

	for (depth = 0; depth < 3000; depth++) {
		int next;

		assert_int_equal(mkdirat(at, "d", 0755), 0);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY);
		close(at);
		at = next;
	}
	close(at);
	assert_int_equal(fs_remove_tree(s->fd, "d", &e), 0);
	assert_false(fs_exists_at(s->fd, "d"));
}

static void list_is_sorted_by_bytes(void **state)
{
	struct scratch *s = *state;
	auto_names struct fs_names n = { 0 }, none = { 0 };
	struct err e;

	put(s->fd, "b", "");
	put(s->fd, "\xff", "");
	put(s->fd, "B", "");
	put(s->fd, ".a", "");
	assert_int_equal(fs_list_dir(s->fd, ".", &n, &e), 0);
	assert_int_equal(n.count, 4);
	assert_string_equal(n.name[0], ".a");
	assert_string_equal(n.name[1], "B");
	assert_string_equal(n.name[2], "b");
	assert_string_equal(n.name[3], "\xff");
	assert_int_equal(mkdirat(s->fd, "empty", 0755), 0);
	assert_int_equal(fs_list_dir(s->fd, "empty", &none, &e), 0);
	assert_int_equal(none.count, 0);
	assert_int_equal(fs_list_dir(s->fd, "b", &none, &e), -1);
}

static void mkdtemp_is_private_and_fresh(void **state)
{
	struct scratch *s = *state;
	mode_t mask = umask(0777);
	char one[64], two[64], tight[8];
	struct err e;

	assert_int_equal(fs_mkdtemp_at(s->fd, "new", one, sizeof(one), &e), 0);
	assert_int_equal(fs_mkdtemp_at(s->fd, "new", two, sizeof(two), &e), 0);
	umask(mask);
	assert_string_not_equal(one, two);
	assert_memory_equal(one, "new.", 4);
	assert_int_equal(mode_of(s->fd, one), 0700);
	assert_int_equal(fs_mkdtemp_at(s->fd, "new", tight, sizeof(tight), &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

static void rename_replaces_and_sync_finds_its_directory(void **state)
{
	struct scratch *s = *state;
	auto_buf struct buf b = BUF_INIT(100);
	struct err e;

	assert_int_equal(fs_mkdirs(s->fd, "x/y", 0755, &e), 0);
	put(s->fd, "old", "content");
	assert_int_equal(fs_rename_synced(s->fd, "old", s->fd, "x/y/new", &e), 0);
	assert_int_equal(fs_read_at(s->fd, "x/y/new", &b, &e), 0);
	assert_string_equal(buf_str(&b), "content");
	assert_int_equal(fs_sync_dir_at(s->fd, "x/y", &e), 0);
	assert_int_equal(fs_sync_dir_at(s->fd, "x/y/new", &e), 0);
	assert_int_equal(fs_sync_dir_at(s->fd, "no/dir", &e), -1);
	assert_int_equal(fs_rename_synced(s->fd, "old", s->fd, "new", &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
}

static void lock_is_held_by_one_process(void **state)
{
	struct scratch *s = *state;
	struct err e;
	char want[80];
	int first = fs_lock(s->fd, "lock", 0, &e), status = 0;
	pid_t pid;

	assert_true(first >= 0);
	assert_int_equal(mode_of(s->fd, "lock"), 0600);
	assert_int_equal(fs_lock(s->fd, "lock", 0, &e), -1);
	assert_int_equal(e.code, ERR_BUSY);
	snprintf(want, sizeof(want), "'lock' is held by process %d", (int)getpid());
	assert_string_equal(e.text, want);
	assert_int_equal(fs_lock(s->fd, "lock", 50, &e), -1);

	pid = fork();
	if (pid == 0) {
		struct err child;

		close(first);
		_exit(fs_lock(s->fd, "lock", 5000, &child) >= 0 ? 7 : 1);
	}
	usleep(30000);
	close(first);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 7);
	first = fs_lock(s->fd, "lock", 0, &e);
	assert_true(first >= 0);
	close(first);
}

static void free_bytes_are_some(void **state)
{
	struct scratch *s = *state;
	uint64_t free_bytes = 0;
	struct err e;

	assert_int_equal(fs_free_bytes(s->fd, &free_bytes, &e), 0);
	assert_true(free_bytes > 4096);
	assert_int_equal(fs_free_bytes(-1, &free_bytes, &e), -1);
}

static void write_all_reports_a_full_device(void **state)
{
	auto_fd int full = open("/dev/full", O_WRONLY);
	struct err e;

	(void)state;
	assert_true(full >= 0);
	assert_int_equal(fs_write_all(full, "x", 1, &e), -1);
	assert_int_equal(e.code, ERR_NOSPACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(open_beneath_leaves_by_no_way),
		scratch_test(open_beneath_names_the_link_in_the_way),
		scratch_test(open_beneath_sets_the_exact_mode_of_new_files_only),
		scratch_test(mkdirs_makes_what_is_missing_with_the_exact_mode),
		scratch_test(read_stops_at_the_ceiling),
		scratch_test(read_takes_regular_files_only),
		scratch_test(copy_takes_a_part_or_everything),
		scratch_test(remove_takes_files_trees_and_nothing_behind_links),
		scratch_test(remove_opens_what_its_owner_closed),
		scratch_test(remove_goes_deeper_than_there_are_descriptors),
		scratch_test(list_is_sorted_by_bytes),
		scratch_test(mkdtemp_is_private_and_fresh),
		scratch_test(rename_replaces_and_sync_finds_its_directory),
		scratch_test(lock_is_held_by_one_process),
		scratch_test(free_bytes_are_some),
		cmocka_unit_test(write_all_reports_a_full_device),
	};

#ifdef BEFORE_OPENAT2
	forget_openat2();
#endif
	return cmocka_run_group_tests(tests, NULL, NULL);
}
