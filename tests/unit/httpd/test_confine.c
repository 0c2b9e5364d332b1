#include "httpd/confine.h"

#include "lib/base/auto.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define NOBODY 65534

static bool without_seccomp(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
	return true;
#endif
#endif
	return false;
}

struct probe {
	const char *name;
	bool is_call; /* only the filter of calls forbids it */
	bool (*may)(int root_dir);
};

static bool may_open(int dir, const char *path, int flags)
{
	int fd = openat(dir, path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool reads_passwd(int root_dir)
{
	(void)root_dir;
	return may_open(AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static bool reads_above_the_root(int root_dir)
{
	return may_open(root_dir, "../etc/passwd", O_RDONLY) ||
	       may_open(root_dir, "..", O_RDONLY | O_DIRECTORY);
}

static bool lists_the_file_system(int root_dir)
{
	(void)root_dir;
	return may_open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY);
}

static bool writes_in_the_tree(int root_dir)
{
	return may_open(root_dir, "file", O_WRONLY) ||
	       may_open(root_dir, "file", O_RDWR) ||
	       may_open(root_dir, "new", O_WRONLY | O_CREAT) ||
	       may_open(root_dir, "file", O_RDONLY | O_TRUNC);
}

static bool writes_outside(int root_dir)
{
	(void)root_dir;
	return may_open(AT_FDCWD, "/tmp/rootyard-confine-test", O_WRONLY | O_CREAT);
}

static bool renames(int root_dir)
{
	return renameat(root_dir, "file", root_dir, "other") == 0;
}

static bool unlinks(int root_dir)
{
	return unlinkat(root_dir, "file", 0) == 0;
}

static bool executes(int root_dir)
{
	char *const argv[] = { (char[]){ "true" }, NULL };

	(void)root_dir;
	execve("/bin/true", argv, argv + 1);
	execveat(root_dir, "program", argv, argv + 1, 0);
	return errno != EPERM && errno != EACCES;
}

static bool forks(int root_dir)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	(void)root_dir;
	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool opens_a_socket(int root_dir)
{
	(void)root_dir;
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ||
	       socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static int spare_socket = -1;

static bool connects(int root_dir)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };

	(void)root_dir;
	return connect(spare_socket, (const void *)&to, sizeof(to)) == 0 ||
	       errno == ECONNREFUSED;
}

static bool traces(int root_dir)
{
	(void)root_dir;
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool kills(int root_dir)
{
	(void)root_dir;
	return kill(getpid(), 0) == 0;
}

static bool maps_code(int root_dir)
{
	(void)root_dir;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0) != MAP_FAILED;
}

static bool becomes_root(int root_dir)
{
	(void)root_dir;
	return setuid(0) == 0 && geteuid() == 0;
}

static bool changes_metadata(int root_dir)
{
	const struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
	int fd = openat(root_dir, "file", O_RDONLY | O_CLOEXEC);

	return fchmod(fd, 0600) == 0 || fchown(fd, 1, 1) == 0 ||
	       futimens(fd, times) == 0 || ftruncate(fd, 0) == 0 ||
	       fsetxattr(fd, "user.a", "b", 1, 0) == 0;
}

static bool makes_names(int root_dir)
{
	return mkdirat(root_dir, "made", 0755) == 0 ||
	       symlinkat("file", root_dir, "made") == 0 ||
	       linkat(root_dir, "file", root_dir, "made", 0) == 0 ||
	       mknodat(root_dir, "made", S_IFIFO | 0600, 0) == 0;
}

static bool mounts(int root_dir)
{
	(void)root_dir;
	return unshare(CLONE_NEWUSER) == 0 || unshare(CLONE_NEWNS) == 0 ||
	       mount("none", "/tmp", "tmpfs", 0, NULL) == 0 || chroot("/") == 0;
}

static bool listens(int root_dir)
{
	struct sockaddr_in at = { .sin_family = AF_INET };

	(void)root_dir;
	return bind(spare_socket, (const void *)&at, sizeof(at)) == 0 ||
	       listen(spare_socket, 1) == 0;
}

static bool reads_other_processes(int root_dir)
{
	char word[8];
	struct iovec here = { word, sizeof(word) }, there = { word, sizeof(word) };

	(void)root_dir;
	return process_vm_readv(getppid(), &here, 1, &there, 1, 0) > 0 ||
	       syscall(SYS_pidfd_open, getppid(), 0) >= 0;
}

static bool reaches_the_kernel(int root_dir)
{
	char params[256] = "";

	(void)root_dir;
	return syscall(SYS_io_uring_setup, 1, params) >= 0 ||
	       syscall(SYS_bpf, 0, params, sizeof(params)) >= 0 ||
	       syscall(SYS_userfaultfd, 0) >= 0 ||
	       syscall(SYS_perf_event_open, params, 0, -1, -1, 0) >= 0 ||
	       syscall(SYS_add_key, "user", "a", "b", 1, -3) >= 0 ||
	       syscall(SYS_memfd_create, "a", 0) >= 0;
}

static bool raises_limits(int root_dir)
{
	struct rlimit limit = { 10, 10 };

	(void)root_dir;
	return setrlimit(RLIMIT_CORE, &limit) == 0 ||
	       prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

static const struct probe probes[] = {
	{ "reads /etc/passwd", false, reads_passwd },
	{ "reads above the root", false, reads_above_the_root },
	{ "lists the file system", false, lists_the_file_system },
	{ "writes in the tree", false, writes_in_the_tree },
	{ "writes outside", false, writes_outside },
	{ "renames", false, renames },
	{ "unlinks", false, unlinks },
	{ "executes", false, executes },
	{ "becomes root", false, becomes_root },
	{ "changes modes, owners, times or sizes", true, changes_metadata },
	{ "makes names", false, makes_names },
	{ "mounts", true, mounts },
	{ "listens anew", true, listens },
	{ "reads other processes", true, reads_other_processes },
	{ "reaches the kernel's larger interfaces", true, reaches_the_kernel },
	{ "raises its limits", true, raises_limits },
	{ "forks", true, forks },
	{ "opens a socket", true, opens_a_socket },
	{ "connects", true, connects },
	{ "traces", true, traces },
	{ "kills", true, kills },
	{ "maps code", true, maps_code },
};

/* In a child, because there is no way back. Returns the number of the first probe that
 * succeeded + 1, 0 when none did, 100 when the rights could not be given up, 101 when
 * even reading the tree fails. */
static int confined_child(const struct scratch *s)
{
	struct confine_user user = { geteuid(), getegid(), false };
	struct err e;
	char text[5] = "";
	int fd;

	if (geteuid() == 0)
		user = (struct confine_user){ NOBODY, NOBODY, true };
	spare_socket = socket(AF_INET, SOCK_STREAM, 0);
	if (confine(&s->fd, 1, &user, &e) != 0)
		return 100;
	fd = openat(s->fd, "file", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, 4) != 4 || strcmp(text, "tree") != 0)
		return 101;
	for (size_t i = 0; i < ARRAY_COUNT(probes); i++)
		if (!(probes[i].is_call && without_seccomp()) && probes[i].may(s->fd))
			return (int)i + 1;
	return 0;
}

static void confine_leaves_nothing_but_reading_the_tree(void **state)
{
	const struct scratch *s = *state;
	int fd = openat(s->fd, "file", O_WRONLY | O_CREAT, 0644);
	int status;
	pid_t pid;

	assert_int_equal(write(fd, "tree", 4), 4);
	close(fd);
	assert_int_equal(symlinkat("/bin/true", s->fd, "program"), 0);
	/* Modes would allow the writes: what forbids them is the confinement. */
	assert_int_equal(chmod(s->path, 0777), 0);
	assert_int_equal(fchmodat(s->fd, "file", 0666, 0), 0);
	pid = fork();
	if (pid == 0)
		_exit(confined_child(s));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) > 0 && WEXITSTATUS(status) <= (int)ARRAY_COUNT(probes))
		fail_msg("a confined server %s", probes[WEXITSTATUS(status) - 1].name);
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* The probes prove nothing if they fail anyway. */
static void confine_probes_succeed_without_it(void **state)
{
	const struct scratch *s = *state;
	int fd = openat(s->fd, "file", O_WRONLY | O_CREAT, 0644);

	close(fd);
	assert_true(reads_passwd(s->fd));
	assert_true(reads_above_the_root(s->fd));
	assert_true(writes_in_the_tree(s->fd));
	assert_true(opens_a_socket(s->fd));
	assert_true(maps_code(s->fd));
	assert_true(kills(s->fd));
	assert_true(reaches_the_kernel(s->fd));
	assert_true(makes_names(s->fd));
	assert_true(changes_metadata(s->fd));
	assert_true(renames(s->fd));
}

static void confine_refuses_root(void **state)
{
	struct confine_user user = { 7, 7, false };
	struct err e;

	(void)state;
	assert_int_equal(confine_user_find("root", &user, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	assert_int_equal(confine_user_find("0", &user, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	assert_int_equal(user.uid, 7);
}

static void confine_names_the_user_that_is_not_there(void **state)
{
	struct confine_user user;
	struct err e;

	(void)state;
	assert_int_equal(confine_user_find("no-such-user", &user, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	assert_non_null(strstr(e.text, "no-such-user"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(confine_leaves_nothing_but_reading_the_tree),
		scratch_test(confine_probes_succeed_without_it),
		cmocka_unit_test(confine_refuses_root),
		cmocka_unit_test(confine_names_the_user_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
