/* Each test gives rights up in a child of its own; its exit status is the result. */
#include "lib/base/sandbox.h"

#include "lib/base/buf.h"
#include "lib/base/spawn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NOBODY 65534

/* In a child: the failed line is its exit status, 0 is well, 77 is "not here". */
#define need(condition)                                                                  \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__,     \
				#condition);                                             \
			_exit(1);                                                        \
		}                                                                        \
	} while (0)

static void in_child(void (*fn)(void))
{
	pid_t pid;
	int raw;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		fn();
		_exit(0);
	}
	waitpid(pid, &raw, 0);
	if (WIFEXITED(raw) && WEXITSTATUS(raw) == 77)
		skip();
	assert_int_equal(raw, 0);
}

#define CHILD_TEST(name)                                                                 \
	static void name(void **state)                                                   \
	{                                                                                \
		(void)state;                                                             \
		in_child(child_##name);                                                  \
	}

/* Does this process's status file have this line? */
static bool status_has(const char *line)
{
	char text[8192];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, line) != NULL;
}

static void child_no_new_privs_is_set(void)
{
	struct err e;

	need(sandbox_no_new_privs(&e) == 0);
	need(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void child_core_files_and_memory_are_closed(void)
{
	struct rlimit limit = { 1, 1 };
	struct err e;

	need(sandbox_no_core(&e) == 0);
	need(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0);
	need(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
}

static void child_ids_are_given_up_for_good(void)
{
	const gid_t groups[] = { 1, 2, 3 };
	struct err e;

	if (geteuid() != 0)
		_exit(77);
	need(setgroups(3, groups) == 0);
	need(sandbox_set_ids(NOBODY, NOBODY, &e) == 0);
	need(status_has("\nUid:\t65534\t65534\t65534\t65534\n"));
	need(status_has("\nGid:\t65534\t65534\t65534\t65534\n"));
	need(getgroups(0, NULL) == 0);
	need(status_has("\nCapPrm:\t0000000000000000\n"));
	need(status_has("\nCapEff:\t0000000000000000\n"));
	need(status_has("\nCapInh:\t0000000000000000\n"));
	need(status_has("\nCapBnd:\t0000000000000000\n"));
	need(setuid(0) < 0 && setgid(0) < 0);
}

static void child_a_stranger_cannot_change_ids(void)
{
	struct err e;

	if (geteuid() == 0)
		need(sandbox_set_ids(NOBODY, NOBODY, &e) == 0);
	need(sandbox_set_ids(getuid() + 1, getgid(), &e) == -1);
	need(strstr(e.text, "cannot become user") || strstr(e.text, "groups"));
	need(sandbox_set_ids(0, 0, &e) == -1);
}

static void child_no_capability_comes_back_by_exec(void)
{
	static const char *const argv[] = { "grep", "-E",
		"^Cap(Prm|Eff|Bnd):", "/proc/self/status", NULL };
	struct buf out = BUF_INIT(4096);
	struct spawn s = SPAWN_INIT;
	struct err e;
	int status;

	if (geteuid() != 0)
		_exit(77);
	need(sandbox_drop_caps(&e) == 0);
	s.argv = argv;
	need(spawn_capture(&s, &out, &status, &e) == 0);
	need(strcmp(buf_str(&out), "CapPrm:\t0000000000000000\n"
				   "CapEff:\t0000000000000000\n"
				   "CapBnd:\t0000000000000000\n") == 0);
	need(setresgid(1, 1, 1) < 0); /* of id 0, but without CAP_SETGID */
}

static void child_dropping_nothing_is_fine(void)
{
	struct err e;

	if (geteuid() == 0)
		need(sandbox_set_ids(NOBODY, NOBODY, &e) == 0);
	need(sandbox_drop_caps(&e) == 0);
}

/* ---- Landlock */

struct scratch {
	char path[64];
	int dir_fd;
};

static void scratch_make(struct scratch *s)
{
	int fd;

	snprintf(s->path, sizeof(s->path), "/tmp/test-sandbox.XXXXXX");
	need(mkdtemp(s->path) != NULL);
	s->dir_fd = open(s->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	need(s->dir_fd >= 0);
	need(mkdirat(s->dir_fd, "a", 0700) == 0 && mkdirat(s->dir_fd, "b", 0700) == 0);
	fd = openat(s->dir_fd, "a/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	need(fd >= 0 && write(fd, "x", 1) == 1);
	close(fd);
}

/* From outside the sandbox, when the child is gone. */
static void with_scratch(int (*fn)(struct scratch *s))
{
	struct scratch s;
	pid_t pid;
	int raw;

	scratch_make(&s);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(fn(&s));
	waitpid(pid, &raw, 0);
	unlinkat(s.dir_fd, "a/file", 0);
	unlinkat(s.dir_fd, "a/new", 0);
	unlinkat(s.dir_fd, "b/file", 0);
	unlinkat(s.dir_fd, "a", AT_REMOVEDIR);
	unlinkat(s.dir_fd, "b", AT_REMOVEDIR);
	need(rmdir(s.path) == 0);
	_exit(WIFEXITED(raw) ? WEXITSTATUS(raw) : 1);
}

/* Allows one path beneath the scratch directory; 77 ends the child without Landlock. */
static void allow(const struct scratch *s, const char *path, unsigned int access)
{
	struct sandbox_rule rule = { .access = access };
	struct err e;
	int rc;

	rule.fd = openat(s->dir_fd, path, O_PATH | O_CLOEXEC);
	need(rule.fd >= 0);
	need(sandbox_no_new_privs(&e) == 0);
	rc = sandbox_files(&rule, 1, &e);
	if (rc == 1)
		_exit(77);
	need(rc == 0);
}

static int can_open(const struct scratch *s, const char *path, int flags)
{
	int fd = openat(s->dir_fd, path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int reading(struct scratch *s)
{
	allow(s, "a", SANDBOX_READ);
	need(can_open(s, "a/file", O_RDONLY));
	need(can_open(s, "a", O_RDONLY | O_DIRECTORY));
	need(!can_open(s, "a/file", O_WRONLY) && errno == EACCES);
	need(!can_open(s, "a/new", O_WRONLY | O_CREAT) && errno == EACCES);
	need(unlinkat(s->dir_fd, "a/file", 0) < 0 && errno == EACCES);
	need(!can_open(s, "b", O_RDONLY | O_DIRECTORY) && errno == EACCES);
	need(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
	return 0;
}

static int writing(struct scratch *s)
{
	allow(s, "a", SANDBOX_READ | SANDBOX_WRITE);
	need(can_open(s, "a/new", O_WRONLY | O_CREAT));
	need(can_open(s, "a/file", O_WRONLY | O_TRUNC));
	need(renameat(s->dir_fd, "a/new", s->dir_fd, "a/file") == 0);
	need(renameat(s->dir_fd, "a/file", s->dir_fd, "b/file") < 0);
	need(unlinkat(s->dir_fd, "a/file", 0) == 0);
	need(!can_open(s, "b/file", O_WRONLY | O_CREAT) && errno == EACCES);
	return 0;
}

static int one_file(struct scratch *s)
{
	allow(s, "a/file", SANDBOX_READ | SANDBOX_WRITE | SANDBOX_EXEC);
	need(can_open(s, "a/file", O_RDWR));
	need(!can_open(s, "a", O_RDONLY | O_DIRECTORY) && errno == EACCES);
	return 0;
}

static int executing(struct scratch *s)
{
	static const char *const argv[] = { "/bin/true", NULL };
	struct spawn run = SPAWN_INIT;
	struct err e;
	pid_t pid;

	allow(s, "../..", SANDBOX_READ | SANDBOX_WRITE); /* everything but execution */
	run.argv = argv;
	need(spawn_start(&run, &pid, &e) == -1);
	need(strstr(e.text, "Permission denied") != NULL);
	return 0;
}

static int running(struct scratch *s)
{
	static const char *const argv[] = { "/bin/true", NULL };
	struct spawn run = SPAWN_INIT;
	struct err e;

	allow(s, "../..", SANDBOX_READ | SANDBOX_WRITE | SANDBOX_EXEC);
	run.argv = argv;
	need(spawn_run(&run, &e) == 0);
	return 0;
}

static int nothing(struct scratch *s)
{
	const struct sandbox_rule none = { .fd = -1 };
	struct err e;
	int rc;

	need(sandbox_no_new_privs(&e) == 0);
	rc = sandbox_files(&none, 0, &e);
	if (rc == 1)
		return 77;
	need(rc == 0);
	need(!can_open(s, "a/file", O_RDONLY) && errno == EACCES);
	need(open("/", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
	return 0;
}

static int bad_descriptor(struct scratch *s)
{
	const struct sandbox_rule rule = { .fd = -1, .access = SANDBOX_READ };
	struct err e;
	int rc = sandbox_files(&rule, 1, &e);

	if (rc == 1)
		return 77;
	need(rc == -1);
	need(can_open(s, "a/file", O_RDONLY)); /* nothing was restricted */
	return 0;
}

static void child_reading_is_only_where_allowed(void)
{
	with_scratch(reading);
}

static void child_writing_is_only_where_allowed(void)
{
	with_scratch(writing);
}

static void child_a_single_file_can_be_allowed(void)
{
	with_scratch(one_file);
}

static void child_executing_needs_its_own_right(void)
{
	with_scratch(executing);
}

static void child_executing_can_be_allowed(void)
{
	with_scratch(running);
}

static void child_no_rule_means_no_file(void)
{
	with_scratch(nothing);
}

static void child_a_bad_rule_is_an_error(void)
{
	with_scratch(bad_descriptor);
}

/* ---- seccomp */

static const struct sock_filter no_getppid[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOWNERDEAD),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static void child_filter_is_loaded(void)
{
	struct err e;

	need(sandbox_no_new_privs(&e) == 0);
	need(syscall(SYS_getppid) > 0);
	need(sandbox_seccomp(no_getppid, ARRAY_COUNT(no_getppid), &e) == 0);
	need(syscall(SYS_getppid) < 0 && errno == EOWNERDEAD);
}

static void child_filter_needs_no_new_privs(void)
{
	struct err e;

	if (geteuid() == 0)
		need(sandbox_set_ids(NOBODY, NOBODY, &e) == 0);
	need(sandbox_seccomp(no_getppid, ARRAY_COUNT(no_getppid), &e) == -1);
	need(strstr(e.text, "cannot load the seccomp filter") != NULL);
}

static void child_filter_length_is_bounded(void)
{
	struct err e;

	need(sandbox_seccomp(no_getppid, 0, &e) == -1 && e.code == ERR_LIMIT);
	/* 65540 would be cut to 4 by the kernel's 16-bit length. */
	need(sandbox_seccomp(no_getppid, 65540, &e) == -1 && e.code == ERR_LIMIT);
}

/* The descriptor itself, with every right left, and files that modes would let it change. */
static void child_nothing_is_written_through_a_view(void)
{
	char path[] = "/tmp/rytest.XXXXXX";
	int dir, view = -1, fd;
	struct err e;

	need(mkdtemp(path) != NULL);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = openat(dir, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	need(fd >= 0);
	if (geteuid() == 0 && sandbox_read_only_view(dir, &view, &e) == 0) {
		need(faccessat(view, "file", R_OK, 0) == 0);
		need(openat(view, "file", O_WRONLY) < 0 && errno == EROFS);
		need(openat(view, "new", O_WRONLY | O_CREAT, 0666) < 0 && errno == EROFS);
		need(unlinkat(view, "file", 0) < 0 && errno == EROFS);
		need(fchmodat(view, "file", 0600, 0) < 0 && errno == EROFS);
		need(fchmodat(dir, "file", 0600, 0) == 0);
	}
	need(unlinkat(dir, "file", 0) == 0 && rmdir(path) == 0);
	if (view < 0)
		_exit(77);
}

CHILD_TEST(nothing_is_written_through_a_view)
CHILD_TEST(no_new_privs_is_set)
CHILD_TEST(core_files_and_memory_are_closed)
CHILD_TEST(ids_are_given_up_for_good)
CHILD_TEST(a_stranger_cannot_change_ids)
CHILD_TEST(no_capability_comes_back_by_exec)
CHILD_TEST(dropping_nothing_is_fine)
CHILD_TEST(reading_is_only_where_allowed)
CHILD_TEST(writing_is_only_where_allowed)
CHILD_TEST(a_single_file_can_be_allowed)
CHILD_TEST(executing_needs_its_own_right)
CHILD_TEST(executing_can_be_allowed)
CHILD_TEST(no_rule_means_no_file)
CHILD_TEST(a_bad_rule_is_an_error)
CHILD_TEST(filter_is_loaded)
CHILD_TEST(filter_needs_no_new_privs)
CHILD_TEST(filter_length_is_bounded)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_written_through_a_view),
		cmocka_unit_test(no_new_privs_is_set),
		cmocka_unit_test(core_files_and_memory_are_closed),
		cmocka_unit_test(ids_are_given_up_for_good),
		cmocka_unit_test(a_stranger_cannot_change_ids),
		cmocka_unit_test(no_capability_comes_back_by_exec),
		cmocka_unit_test(dropping_nothing_is_fine),
		cmocka_unit_test(reading_is_only_where_allowed),
		cmocka_unit_test(writing_is_only_where_allowed),
		cmocka_unit_test(a_single_file_can_be_allowed),
		cmocka_unit_test(executing_needs_its_own_right),
		cmocka_unit_test(executing_can_be_allowed),
		cmocka_unit_test(no_rule_means_no_file),
		cmocka_unit_test(a_bad_rule_is_an_error),
		cmocka_unit_test(filter_is_loaded),
		cmocka_unit_test(filter_needs_no_new_privs),
		cmocka_unit_test(filter_length_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
