#include "lib/base/spawn.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define DEFAULT_PATH "/usr/sbin:/usr/bin:/sbin:/bin"
#define CAPTURE_STEP 65536
#define POLL_MS      5
#define END_GRACE_MS 2000

#define CLOSE_RANGE_CLOEXEC_FLAG (1U << 2)

static const char *const default_env[] = { "PATH=" DEFAULT_PATH, "LC_ALL=C.UTF-8", NULL };

/* What the child could not do; travels through a close-on-exec pipe. */
enum stage { STAGE_SETUP, STAGE_CWD, STAGE_HOOK, STAGE_EXEC };

struct failure {
	enum stage stage;
	int error;
};

/* ---- in the child: only calls that are safe after fork in a threaded program */

__attribute__((noreturn)) static void give_up(int report_fd, enum stage stage, int error)
{
	struct failure f = { stage, error };

	(void)!write(report_fd, &f, sizeof(f));
	_exit(127);
}

static void reset_signals(void)
{
	const unsigned long plain[8] = { 0 }; /* the kernel's struct: SIG_DFL, no flags */
	sigset_t none;

	/* Past libc, which keeps two signals from us that a parent may have ignored; KILL
	 * and STOP say EINVAL. */
	for (int i = 1; i < NSIG; i++)
		syscall(SYS_rt_sigaction, i, plain, NULL, (size_t)8);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int high_copy(int fd, bool for_writing)
{
	int opened = fd, copy;

	if (fd < 0)
		opened = open(
			"/dev/null", (for_writing ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (opened < 0)
		return -1;
	/* Above 2, so that putting one in place does not overwrite the next. */
	copy = fcntl(opened, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		close(opened);
	return copy;
}

static void close_others_on_exec(void)
{
	struct rlimit limit;

	if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC_FLAG) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > 65536)
		limit.rlim_cur = 65536;
	for (int fd = 3; fd < (int)limit.rlim_cur; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int set_descriptors(const struct spawn *s)
{
	const int wanted[3] = { s->stdin_fd, s->stdout_fd, s->stderr_fd };
	int copy[3];

	for (int i = 0; i < 3; i++) {
		copy[i] = high_copy(wanted[i], i > 0);
		if (copy[i] < 0)
			return -1;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(copy[i], i) < 0)
			return -1;
	close_others_on_exec();
	for (size_t i = 0; i < s->keep_count; i++)
		if (fcntl(s->keep_fds[i], F_SETFD, 0) < 0)
			return -1;
	return 0;
}

static void die_with(const struct spawn *s, pid_t parent)
{
	if (!s->die_with_parent)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127); /* it was gone before the promise was made */
}

static const char *path_of(const char *const *env)
{
	for (; *env; env++)
		if (strncmp(*env, "PATH=", 5) == 0)
			return *env + 5;
	return DEFAULT_PATH;
}

/* The look-up happens here, behind the hook, because the hook may change the root. */
static int exec_by_path(const struct spawn *s, const char *const *env)
{
	char *const *argv = (char *const *)(uintptr_t)s->argv;
	char *const *envp = (char *const *)(uintptr_t)env;
	const char *name = s->argv[0], *dir = path_of(env);
	int error = ENOENT;
	char path[4096];

	if (strchr(name, '/')) {
		execve(name, argv, envp);
		return errno;
	}
	while (*dir) {
		size_t len = strcspn(dir, ":"), name_len = strlen(name);

		if (len > 0 && len + name_len + 2 <= sizeof(path)) {
			memcpy(path, dir, len);
			path[len] = '/';
			memcpy(path + len + 1, name, name_len + 1);
			execve(path, argv, envp);
			if (errno != ENOENT && errno != ENOTDIR)
				error = errno;
		}
		dir += len + (dir[len] == ':');
	}
	return error;
}

__attribute__((noreturn)) static void child(
	const struct spawn *s, pid_t parent, int report_fd)
{
	const char *const *env = s->env ? s->env : default_env;
	int error;

	reset_signals();
	if (s->own_group && setpgid(0, 0) < 0)
		give_up(report_fd, STAGE_SETUP, errno);
	die_with(s, parent);
	if (set_descriptors(s) < 0)
		give_up(report_fd, STAGE_SETUP, errno);
	if (s->cwd_fd >= 0 && fchdir(s->cwd_fd) < 0)
		give_up(report_fd, STAGE_CWD, errno);
	if (s->in_child) {
		error = s->in_child(s->ctx);
		if (error != 0)
			give_up(report_fd, STAGE_HOOK, error);
		die_with(s, parent); /* a change of ids forgets it */
	}
	give_up(report_fd, STAGE_EXEC, exec_by_path(s, env));
}

/* ---- in the parent */

static int report_pipe(int fds[2], struct err *e)
{
	int low[2];

	if (pipe2(low, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	for (int i = 0; i < 2; i++) {
		fds[i] = low[i] > 2 ? low[i] : fcntl(low[i], F_DUPFD_CLOEXEC, 3);
		if (fds[i] != low[i])
			close(low[i]);
	}
	return 0;
}

static int start_failed(const struct spawn *s, const struct failure *f, struct err *e)
{
	const char *name = s->argv[0];

	errno = f->error;
	if (f->stage == STAGE_EXEC && f->error == ENOENT)
		return err_set(e, ERR_NOTFOUND, "cannot run '%s': no such program", name);
	if (f->stage == STAGE_CWD)
		return err_sys(e, "cannot enter the directory for '%s'", name);
	if (f->stage == STAGE_HOOK)
		return err_sys(e, "cannot prepare the process of '%s'", name);
	if (f->stage == STAGE_SETUP)
		return err_sys(e, "cannot set up the process of '%s'", name);
	return err_sys(e, "cannot run '%s'", name);
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int spawn_start(const struct spawn *s, pid_t *pid, struct err *e)
{
	struct failure f = { .error = 0 };
	sigset_t all, before;
	pid_t parent = getpid(), started;
	int report[2];
	ssize_t n;

	if (report_pipe(report, e) < 0)
		return -1;
	/* No handler of ours runs in the child before it is reset there. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = fork();
	if (started == 0)
		child(s, parent, report[1]);
	if (started < 0)
		err_sys(e, "cannot start '%s'", s->argv[0]);
	if (started > 0 && s->own_group)
		setpgid(started, started);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(report[1]);
	if (started < 0) {
		close(report[0]);
		return -1;
	}
	do
		n = read(report[0], &f, sizeof(f));
	while (n < 0 && errno == EINTR);
	close(report[0]);
	if (n == (ssize_t)sizeof(f)) {
		reap(started);
		return start_failed(s, &f, e);
	}
	*pid = started;
	return 0;
}

static int wait_raw(pid_t pid, int *raw, struct err *e)
{
	if (waitpid(pid, raw, 0) < 0)
		return err_sys(e, "cannot wait for process %ld", (long)pid);
	return 0;
}

static int status_of(int raw)
{
	return WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
}

int spawn_wait(pid_t pid, int *status, struct err *e)
{
	int raw;

	if (wait_raw(pid, &raw, e) < 0)
		return -1;
	*status = status_of(raw);
	return 0;
}

/* For the calls that own their child: what was interrupted leaves nothing behind. */
static int wait_or_end(pid_t pid, int *raw, struct err *e)
{
	if (wait_raw(pid, raw, e) == 0)
		return 0;
	if (e->code == ERR_INTERRUPTED)
		spawn_kill_group(pid, END_GRACE_MS);
	return -1;
}

int spawn_run(const struct spawn *s, struct err *e)
{
	pid_t pid;
	int raw;

	if (spawn_start(s, &pid, e) < 0 || wait_or_end(pid, &raw, e) < 0)
		return -1;
	if (WIFSIGNALED(raw))
		return err_set(e, ERR_FAILED, "'%s' was ended by signal %d", s->argv[0],
			WTERMSIG(raw));
	if (WEXITSTATUS(raw) != 0)
		return err_set(e, ERR_FAILED, "'%s' exited with status %d", s->argv[0],
			WEXITSTATUS(raw));
	return 0;
}

static int read_output(int fd, const char *name, struct buf *out, struct err *e)
{
	size_t room = out->ceiling > out->len ? out->ceiling - out->len : 0;
	unsigned char *to;
	ssize_t n;

	/* One byte beyond the ceiling is asked for, so that too much shows itself. */
	if (room == 0) {
		unsigned char extra;

		n = read(fd, &extra, 1);
		if (n > 0)
			return err_set(e, ERR_LIMIT, "'%s' printed more than %zu bytes",
				name, out->ceiling);
	} else {
		if (room > CAPTURE_STEP)
			room = CAPTURE_STEP;
		to = buf_reserve(out, room);
		n = to ? read(fd, to, room) : 0;
		if (n > 0)
			buf_grew(out, (size_t)n);
	}
	if (n < 0)
		return err_sys(e, "cannot read what '%s' prints", name);
	return n > 0;
}

int spawn_capture(const struct spawn *s, struct buf *out, int *status, struct err *e)
{
	struct spawn with_pipe = *s;
	int fds[2], rc, raw;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	with_pipe.stdout_fd = fds[1];
	rc = spawn_start(&with_pipe, &pid, e);
	close(fds[1]);
	if (rc < 0) {
		close(fds[0]);
		return -1;
	}
	do
		rc = read_output(fds[0], s->argv[0], out, e);
	while (rc > 0);
	close(fds[0]);
	if (rc < 0) {
		spawn_kill_group(pid, END_GRACE_MS);
		return -1;
	}
	if (wait_or_end(pid, &raw, e) < 0)
		return -1;
	*status = status_of(raw);
	return 0;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return errno != EINTR;
	return info.si_pid == pid;
}

static void signal_group(pid_t pid, int signal_number)
{
	if (kill(-pid, signal_number) < 0)
		kill(pid, signal_number);
}

void spawn_kill_group(pid_t pid, int grace_ms)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };

	if (pid <= 1)
		return;
	signal_group(pid, SIGTERM);
	for (int waited = 0; waited < grace_ms && !has_ended(pid); waited += POLL_MS)
		nanosleep(&pause, NULL);
	/* The leader is not reaped yet, so the group's number is still its own. */
	signal_group(pid, SIGKILL);
	reap(pid);
}
