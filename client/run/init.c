#include "client/run/init.h"

#include "client/run/confine.h"
#include "client/run/report.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define STATUS_OURS      125
#define STATUS_NOT_EXEC  126
#define STATUS_NOT_FOUND 127
#define CLOEXEC_ALL      (1U << 2) /* CLOSE_RANGE_CLOEXEC */

/* ---- the command's process */

static void plain_signals(void)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &plain, NULL); /* KILL, STOP and libc's own say EINVAL */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int set_stdio(const struct plan *p, int tty_fd, struct err *e)
{
	if (setsid() < 0)
		return err_sys(e, "cannot start a session");
	if (tty_fd >= 0 && ioctl(tty_fd, TIOCSCTTY, 0) < 0)
		return err_sys(e, "cannot take the terminal");
	for (int i = 0; i < 3; i++) {
		int fd = p->stdio[i] < 0 ? tty_fd : p->stdio[i];

		if (fd != i && dup2(fd, i) < 0)
			return err_sys(e, "cannot set descriptor %d", i);
	}
	/* At exec, because the report must outlive everything else. */
	if (syscall(SYS_close_range, 3U, ~0U, CLOEXEC_ALL) < 0)
		return err_sys(e, "cannot close what was inherited");
	return 0;
}

static int become(const struct passwd_user *u, struct err *e)
{
	if (setgroups(u->groups, u->group) < 0 || setresgid(u->gid, u->gid, u->gid) < 0 ||
		setresuid(u->uid, u->uid, u->uid) < 0)
		return err_sys(e, "cannot become user %u", u->uid);
	return 0;
}

static const char *path_of(const char *const *env)
{
	const char *path = "";

	for (; *env; env++)
		if (strncmp(*env, "PATH=", 5) == 0)
			path = *env + 5;
	return path;
}

/* errno of the attempt that says most. */
static int exec_by_path(const struct plan *p)
{
	char *const *env = (char *const *)(uintptr_t)p->env;
	const char *name = p->argv[0];
	int error = ENOENT;
	char path[4096];

	if (strchr(name, '/')) {
		execve(name, p->argv, env);
		return errno;
	}
	for (const char *dir = path_of(p->env); *dir && *name;) {
		size_t len = strcspn(dir, ":");

		if (len > 0 && len + strlen(name) + 2 <= sizeof(path)) {
			snprintf(path, sizeof(path), "%.*s/%s", (int)len, dir, name);
			execve(path, p->argv, env);
			if (errno != ENOENT && errno != ENOTDIR)
				error = errno;
		}
		dir += len + (dir[len] == ':');
	}
	return error;
}

void init_command(const struct plan *p, int sock_fd, int tty_fd)
{
	int error;
	struct err e;

	plain_signals();
	if (set_stdio(p, tty_fd, &e) < 0 || (p->user && become(p->user, &e) < 0))
		report_failure(sock_fd, STATUS_OURS, &e);
	if (chdir(p->workdir) < 0) {
		err_sys(&e, "cannot enter '%s' in the container", p->workdir);
		report_failure(sock_fd, STATUS_NOT_EXEC, &e);
	}
	error = exec_by_path(p);
	errno = error;
	err_sys(&e, "cannot execute '%s' in the container", p->argv[0]);
	report_failure(sock_fd, error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXEC, &e);
}

/* ---- pid 1 */

/* Our arguments may name what the container should not know. */
static void forget(const struct plan *p)
{
	static const char name[] = "rootyard-init";

	memset(p->scrub, 0, p->scrub_len);
	if (p->scrub_len > sizeof(name))
		memcpy(p->scrub, name, sizeof(name));
	prctl(PR_SET_NAME, name, 0, 0, 0);
}

static int let_go(struct err *e)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0)
		return err_sys(e, "cannot open '/dev/null'");
	for (int i = 0; i < 3; i++)
		if (dup2(null_fd, i) < 0)
			return err_sys(e, "cannot set descriptor %d", i);
	return 0;
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Reaps whatever ended; the command's end is ours. */
static void reap(pid_t child)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == child)
			_exit(status_of(status));
}

/* sigfillset leaves out what the library keeps for itself. */
static void every_signal(sigset_t *set)
{
	memset(set, 0xff, sizeof(*set));
}

__attribute__((noreturn)) static void serve(pid_t child)
{
	sigset_t all;

	/* All are blocked: signals from outside wait here, and none has a handler that
	 * could be missing. */
	every_signal(&all);
	for (;;) {
		int number = sigwaitinfo(&all, NULL);

		if (number == SIGCHLD)
			reap(child);
		else if (number > 0)
			kill(child, number);
	}
}

void init_main(const struct plan *p, int sock_fd, int tty_fd)
{
	sigset_t all;
	struct err e;
	pid_t child;

	every_signal(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (confine_filter(p->flags, &e) < 0)
		report_failure(sock_fd, STATUS_OURS, &e);
	if (p->flags & PLAN_SYSTEM) /* an init is pid 1 itself */
		init_command(p, sock_fd, tty_fd);
	forget(p); /* before there is somebody to read it */
	/* Our memory is lent, not copied; we go on when the command was executed. */
	child = vfork();
	if (child == 0) /* nothing in it returns, or changes what we go on with */
		init_command(p, sock_fd, tty_fd); // NOLINT(clang-analyzer-unix.Vfork)
	if (child < 0) {
		err_sys(&e, "cannot start a process in the container");
		report_failure(sock_fd, STATUS_OURS, &e);
	}
	setsid(); /* the caller's terminal sends its ^C to the supervisor alone */
	if (let_go(&e) < 0)
		report_failure(sock_fd, STATUS_OURS, &e);
	syscall(SYS_close_range, 3U, ~0U, 0U);
	serve(child);
}
