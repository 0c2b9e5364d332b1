#include "lib/base/spawn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define SH(script)                                                                       \
	{                                                                                \
		"/bin/sh", "-c", script, NULL                                            \
	}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* What a shell script prints, run with the settings of base. */
static void prints(const struct spawn *base, const char *script, const char *expected)
{
	struct buf out auto_buf = BUF_INIT(65536);
	const char *argv[] = SH(script);
	struct spawn s = *base;
	struct err e;
	int status;

	s.argv = argv;
	s.stderr_fd = STDERR_FILENO;
	if (spawn_capture(&s, &out, &status, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(status, 0);
	assert_string_equal(buf_str(&out), expected);
}

static void capture_collects_output_and_status(void **state)
{
	struct buf out auto_buf = BUF_INIT(100);
	const char *argv[] = SH("echo one; echo two; exit 7");
	struct spawn s = SPAWN_INIT;
	struct err e;
	int status;

	(void)state;
	s.argv = argv;
	assert_int_equal(spawn_capture(&s, &out, &status, &e), 0);
	assert_int_equal(status, 7);
	assert_string_equal(buf_str(&out), "one\ntwo\n");
}

static void capture_stops_at_its_ceiling(void **state)
{
	struct buf out auto_buf = BUF_INIT(1000);
	const char *argv[] = SH("while :; do echo 0123456789; done");
	struct spawn s = SPAWN_INIT;
	struct err e;
	int status;

	(void)state;
	s.argv = argv;
	assert_int_equal(spawn_capture(&s, &out, &status, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
}

static void capture_takes_exactly_its_ceiling(void **state)
{
	struct buf out auto_buf = BUF_INIT(10);
	const char *argv[] = SH("printf 0123456789");
	struct spawn s = SPAWN_INIT;
	struct err e;
	int status;

	(void)state;
	s.argv = argv;
	assert_int_equal(spawn_capture(&s, &out, &status, &e), 0);
	assert_string_equal(buf_str(&out), "0123456789");
}

static void missing_program_is_named(void **state)
{
	static const char *const name[] = { "no-such-program-here", NULL };
	static const char *const path[] = { "/no/such/program", NULL };
	static const char *const plain_file[] = { "/etc/passwd", NULL };
	struct spawn s = SPAWN_INIT;
	struct err e;
	pid_t pid = -7;

	(void)state;
	s.argv = name;
	assert_int_equal(spawn_start(&s, &pid, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	assert_string_equal(e.text, "cannot run 'no-such-program-here': no such program");
	s.argv = path;
	assert_int_equal(spawn_start(&s, &pid, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	s.argv = plain_file;
	assert_int_equal(spawn_start(&s, &pid, &e), -1);
	assert_string_equal(e.text, "cannot run '/etc/passwd': Permission denied");
	assert_int_equal(pid, -7);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void run_turns_a_status_into_a_sentence(void **state)
{
	const char *bad[] = SH("exit 25"), *killed[] = SH("kill -9 $$");
	const char *good[] = SH(":");
	struct spawn s = SPAWN_INIT;
	struct err e;

	(void)state;
	s.argv = bad;
	assert_int_equal(spawn_run(&s, &e), -1);
	assert_int_equal(e.code, ERR_FAILED);
	assert_string_equal(e.text, "'/bin/sh' exited with status 25");
	s.argv = killed;
	assert_int_equal(spawn_run(&s, &e), -1);
	assert_string_equal(e.text, "'/bin/sh' was ended by signal 9");
	s.argv = good;
	assert_int_equal(spawn_run(&s, &e), 0);
}

static void wait_tells_a_signal_as_128_and_more(void **state)
{
	const char *argv[] = SH("kill -15 $$");
	struct spawn s = SPAWN_INIT;
	struct err e;
	int status;
	pid_t pid;

	(void)state;
	s.argv = argv;
	assert_int_equal(spawn_start(&s, &pid, &e), 0);
	assert_int_equal(spawn_wait(pid, &status, &e), 0);
	assert_int_equal(status, 128 + 15);
}

static void environment_is_exactly_what_is_given(void **state)
{
	static const char *const two[] = { "A=1", "PATH=/usr/bin:/bin", NULL };
	struct spawn s = SPAWN_INIT;

	(void)state;
	setenv("LEAK", "secret", 1);
	prints(&s, "env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= | sort",
		"LC_ALL=C.UTF-8\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n");
	s.env = two;
	prints(&s, "env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= | sort",
		"A=1\nPATH=/usr/bin:/bin\n");
}

static void name_is_looked_up_in_the_given_path(void **state)
{
	static const char *const argv[] = { "true", NULL };
	static const char *const nowhere[] = { "PATH=/nonexistent::/etc", NULL };
	static const char *const env[] = { "PATH=/nonexistent:/etc/passwd:/bin", NULL };
	struct spawn s = SPAWN_INIT;
	struct err e;

	(void)state;
	s.argv = argv;
	s.env = env;
	assert_int_equal(spawn_run(&s, &e), 0);
	s.env = nowhere;
	assert_int_equal(spawn_run(&s, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
}

static void only_listed_descriptors_are_inherited(void **state)
{
	struct spawn s = SPAWN_INIT;
	int leaked = open("/etc/passwd", O_RDONLY); /* without close-on-exec */
	int kept = open("/etc/group", O_RDONLY | O_CLOEXEC);
	char script[200];

	(void)state;
	s.keep_fds = &kept;
	s.keep_count = 1;
	snprintf(script, sizeof(script),
		"[ ! -e /proc/$$/fd/%d ] && echo closed; readlink /proc/$$/fd/%d", leaked,
		kept);
	prints(&s, script, "closed\n/etc/group\n");
	close(leaked);
	close(kept);
}

static void standard_descriptors_are_null_unless_given(void **state)
{
	struct spawn s = SPAWN_INIT;
	int fds[2];

	(void)state;
	prints(&s, "readlink /proc/$$/fd/0", "/dev/null\n");
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "hello\n", 6), 6);
	close(fds[1]);
	s.stdin_fd = fds[0];
	prints(&s, "cat", "hello\n");
	close(fds[0]);
}

/* Crossed on purpose: what goes to 1 must not overwrite what still has to go to 2. */
static void crossed_descriptors_do_not_overwrite(void **state)
{
	const char *argv[] = SH("echo to-out; echo to-err >&2");
	FILE *one = tmpfile(), *two = tmpfile();
	int saved[2] = { dup(1), dup(2) };
	struct spawn s = SPAWN_INIT;
	char text[2][32] = { "", "" };
	struct err e;
	int rc;

	(void)state;
	fflush(NULL);
	dup2(fileno(one), 1);
	dup2(fileno(two), 2);
	s.argv = argv;
	s.stdout_fd = 2;
	s.stderr_fd = 1;
	rc = spawn_run(&s, &e);
	dup2(saved[0], 1);
	dup2(saved[1], 2);
	assert_int_equal(rc, 0);
	rewind(one);
	rewind(two);
	assert_non_null(fgets(text[0], sizeof(text[0]), one));
	assert_non_null(fgets(text[1], sizeof(text[1]), two));
	assert_string_equal(text[0], "to-err\n");
	assert_string_equal(text[1], "to-out\n");
	fclose(one);
	fclose(two);
	close(saved[0]);
	close(saved[1]);
}

static void signals_are_reset(void **state)
{
	struct spawn s = SPAWN_INIT;
	sigset_t set, before;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &before);
	prints(&s, "grep -E '^Sig(Blk|Ign)' /proc/self/status",
		"SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
}

static void directory_is_entered(void **state)
{
	struct spawn s = SPAWN_INIT;
	int dir = open("/usr", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	static const char *const argv[] = { "true", NULL };
	struct err e;

	(void)state;
	s.cwd_fd = dir;
	prints(&s, "pwd", "/usr\n");
	s.argv = argv;
	s.cwd_fd = file;
	assert_int_equal(spawn_run(&s, &e), -1);
	assert_string_equal(
		e.text, "cannot enter the directory for 'true': Not a directory");
	close(dir);
	close(file);
}

static int hook_refuses(void *ctx)
{
	(void)ctx;
	return EACCES;
}

static int hook_enters(void *ctx)
{
	return chdir(ctx) < 0 ? errno : 0;
}

static void hook_runs_between_fork_and_exec(void **state)
{
	static const char *const argv[] = { "true", NULL };
	char where[] = "/etc";
	struct spawn s = SPAWN_INIT;
	struct err e;

	(void)state;
	s.in_child = hook_enters;
	s.ctx = where;
	prints(&s, "pwd", "/etc\n");
	s.argv = argv;
	s.in_child = hook_refuses;
	assert_int_equal(spawn_run(&s, &e), -1);
	assert_string_equal(
		e.text, "cannot prepare the process of 'true': Permission denied");
}

static void captures_with_closed(int first, int last)
{
	pid_t pid = fork();
	int raw;

	if (pid == 0) {
		const char *argv[] = SH("cat; echo x");
		struct buf out = BUF_INIT(100);
		struct spawn s = SPAWN_INIT;
		struct err e;
		int status = 1;

		for (int fd = first; fd <= last; fd++)
			close(fd);
		s.argv = argv;
		if (spawn_capture(&s, &out, &status, &e) < 0)
			_exit(2);
		_exit(status == 0 && strcmp(buf_str(&out), "x\n") == 0 ? 0 : 1);
	}
	waitpid(pid, &raw, 0);
	assert_int_equal(raw, 0);
}

/* Where 0 is free, a copy made for 1 must not land there before 0 is put in place. */
static void prints_into_a_pipe_with_stdin_closed(void)
{
	pid_t pid = fork();
	int raw;

	if (pid == 0) {
		const char *argv[] = SH("echo x");
		struct spawn s = SPAWN_INIT;
		struct err e;
		char byte;
		int fds[2];

		if (pipe2(fds, O_CLOEXEC) < 0)
			_exit(3);
		close(0);
		s.argv = argv;
		s.stdout_fd = fds[1];
		if (spawn_run(&s, &e) < 0)
			_exit(2);
		close(fds[1]);
		_exit(read(fds[0], &byte, 1) == 1 && byte == 'x' ? 0 : 1);
	}
	waitpid(pid, &raw, 0);
	assert_int_equal(raw, 0);
}

static void works_with_standard_descriptors_closed(void **state)
{
	(void)state;
	captures_with_closed(0, 2);
	captures_with_closed(0, 0);
	captures_with_closed(0, 1);
	captures_with_closed(1, 2);
	prints_into_a_pipe_with_stdin_closed();
}

/* A leader that ignores SIGTERM, and a grandchild in its group. */
static void kill_group_ends_all_it_started(void **state)
{
	const char *argv[] = SH("trap '' TERM; sleep 60 & echo $!; wait; sleep 60");
	struct spawn s = SPAWN_INIT;
	struct err e;
	char text[32] = "";
	int fds[2];
	pid_t pid, grandchild;
	int64_t before;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	s.argv = argv;
	s.own_group = true;
	s.stdout_fd = fds[1];
	assert_int_equal(spawn_start(&s, &pid, &e), 0);
	assert_int_equal(getpgid(pid), pid);
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	grandchild = (pid_t)strtol(text, NULL, 10);
	assert_true(grandchild > 1);
	before = now_ms();
	spawn_kill_group(pid, 50);
	assert_in_range(now_ms() - before, 40, 5000);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	/* Its end of the pipe is closed when it is gone. */
	close(fds[1]);
	assert_int_equal(read(fds[0], text, 1), 0);
	close(fds[0]);
}

static void kill_group_does_not_wait_for_the_willing(void **state)
{
	const char *argv[] = SH("exec sleep 60");
	struct spawn s = SPAWN_INIT;
	struct err e;
	int64_t before = now_ms();
	pid_t pid;

	(void)state;
	s.argv = argv;
	s.own_group = true;
	assert_int_equal(spawn_start(&s, &pid, &e), 0);
	spawn_kill_group(pid, 20000);
	assert_in_range(now_ms() - before, 0, 5000);
}

static void child_dies_with_its_parent(void **state)
{
	int fds[2], raw;
	char byte;
	pid_t parent;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	parent = fork();
	if (parent == 0) {
		const char *argv[] = SH("exec sleep 60");
		struct spawn s = SPAWN_INIT;
		struct err e;
		pid_t pid;

		s.argv = argv;
		s.die_with_parent = true;
		s.stdout_fd = fds[1];
		_exit(spawn_start(&s, &pid, &e) < 0);
	}
	close(fds[1]);
	waitpid(parent, &raw, 0);
	assert_int_equal(raw, 0);
	alarm(20); /* instead of the whole minute */
	assert_int_equal(read(fds[0], &byte, 1), 0);
	alarm(0);
	close(fds[0]);
}

static void on_alarm(int signal_number)
{
	(void)signal_number;
}

static void interrupted_run_ends_its_child(void **state)
{
	const char *argv[] = SH("exec sleep 60");
	struct sigaction act = { .sa_handler = on_alarm }; /* no SA_RESTART */
	struct spawn s = SPAWN_INIT;
	struct err e;
	int64_t before = now_ms();

	(void)state;
	sigaction(SIGALRM, &act, NULL);
	alarm(1);
	s.argv = argv;
	assert_int_equal(spawn_run(&s, &e), -1);
	assert_int_equal(e.code, ERR_INTERRUPTED);
	assert_in_range(now_ms() - before, 500, 20000);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	signal(SIGALRM, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capture_collects_output_and_status),
		cmocka_unit_test(capture_stops_at_its_ceiling),
		cmocka_unit_test(capture_takes_exactly_its_ceiling),
		cmocka_unit_test(missing_program_is_named),
		cmocka_unit_test(run_turns_a_status_into_a_sentence),
		cmocka_unit_test(wait_tells_a_signal_as_128_and_more),
		cmocka_unit_test(environment_is_exactly_what_is_given),
		cmocka_unit_test(name_is_looked_up_in_the_given_path),
		cmocka_unit_test(only_listed_descriptors_are_inherited),
		cmocka_unit_test(standard_descriptors_are_null_unless_given),
		cmocka_unit_test(crossed_descriptors_do_not_overwrite),
		cmocka_unit_test(signals_are_reset),
		cmocka_unit_test(directory_is_entered),
		cmocka_unit_test(hook_runs_between_fork_and_exec),
		cmocka_unit_test(works_with_standard_descriptors_closed),
		cmocka_unit_test(kill_group_ends_all_it_started),
		cmocka_unit_test(kill_group_does_not_wait_for_the_willing),
		cmocka_unit_test(child_dies_with_its_parent),
		cmocka_unit_test(interrupted_run_ends_its_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
