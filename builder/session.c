#include "builder/session.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define HOSTNAME "rootyard"
#define SIGNALS  4

static const int watched[SIGNALS] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };

/* ---- the child */

/* The directory's own mode keeps other users of the host out; in here it is seen through
 * a mount, so that the users package managers switch to can reach what lies below. */
static int cover(const char *path, struct err *e)
{
	auto_fd int inside = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_free char *below = xasprintf("%s/w", path);
	char source[64];

	if (inside < 0)
		return err_sys(e, "cannot open '%s'", path);
	snprintf(source, sizeof(source), "/proc/self/fd/%d/w", inside);
	if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64k") <
			0 ||
		mkdir(below, 0755) < 0 || mount(source, below, NULL, MS_BIND, NULL) < 0)
		return err_sys(e, "cannot mount over '%s'", path);
	return 0;
}

static int prepare(const struct session *s, int alive_fd, struct err *e)
{
	struct pollfd parent = { .fd = alive_fd, .events = POLLIN };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, "cannot tie the build to its parent");
	/* The other end is the parent's: hung up means that it died before the tie. */
	if (poll(&parent, 1, 0) > 0)
		return err_set(e, ERR_INTERRUPTED, "the parent is gone");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, "cannot make mounts private");
	if (sethostname(HOSTNAME, sizeof(HOSTNAME) - 1) < 0)
		return err_sys(e, "cannot set a host name");
	umask(022);
	return s->cover ? cover(s->cover, e) : 0;
}

/* The parent writes the maps, and says so. */
static int become_root(int ready_fd, struct err *e)
{
	char word;

	if (read(ready_fd, &word, 1) != 1)
		return err_set(e, ERR_INTERRUPTED, "the parent is gone");
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(e, "cannot become root of the user namespace");
	return 0;
}

__attribute__((noreturn)) static void child(
	const struct session *s, int report_fd, int alive_fd)
{
	struct err e = { 0 }, ignored;
	sigset_t none;
	int rc;

	setsid();
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	rc = s->ids ? become_root(alive_fd, &e) : 0;
	if (rc == 0)
		rc = prepare(s, alive_fd, &e);
	if (rc == 0)
		rc = s->run(s->ctx, &e);
	if (rc < 0 && fs_write_all(report_fd, &e, sizeof(e), &ignored) < 0)
		_exit(2);
	_exit(rc < 0);
}

static pid_t clone_child(bool own_user)
{
	struct clone_args args = { .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
					    CLONE_NEWUTS,
		.exit_signal = SIGCHLD };

	/* Made first, it owns the others. */
	if (own_user)
		args.flags |= CLONE_NEWUSER;

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* ---- the parent */

/* Waits for the child or a signal; 0 the child ended, 1 it was to be ended. */
static int watch(pid_t pid, int signal_fd, int64_t timeout_s, struct err *e)
{
	struct timespec start, now;
	struct signalfd_siginfo info;
	siginfo_t done;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		struct pollfd p = { .fd = signal_fd, .events = POLLIN };
		int64_t left_ms = -1;

		clock_gettime(CLOCK_MONOTONIC, &now);
		if (timeout_s)
			left_ms = (timeout_s - (now.tv_sec - start.tv_sec)) * 1000;
		if (timeout_s && left_ms <= 0) {
			err_set(e, ERR_FAILED, "the build took longer than %lld s",
				(long long)timeout_s);
			return 1;
		}
		if (left_ms > 3600000)
			left_ms = 3600000;
		if (poll(&p, 1, (int)left_ms) <= 0 ||
			read(signal_fd, &info, sizeof(info)) != sizeof(info))
			continue;
		if (info.ssi_signo != SIGCHLD) {
			err_set(e, ERR_INTERRUPTED,
				"interrupted by signal %u: nothing is kept",
				info.ssi_signo);
			return 1;
		}
		done.si_pid = 0;
		if (waitid(P_PID, (id_t)pid, &done, WEXITED | WNOHANG | WNOWAIT) == 0 &&
			done.si_pid == pid)
			return 0;
	}
}

static int end_of(pid_t pid, int report_fd, struct err *e)
{
	struct err report;
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "cannot wait for the build");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (read(report_fd, &report, sizeof(report)) == (ssize_t)sizeof(report)) {
		*e = report;
		return -1;
	}
	return err_set(e, ERR_FAILED,
		"the build process ended without a word (status %d)", status);
}

static int let_in(pid_t pid, const struct subids *ids, int ready_fd, struct err *e)
{
	if (userns_write_maps(pid, USERNS_STORE, ids, e) < 0)
		return -1;
	return fs_write_all(ready_fd, "", 1, e);
}

static int supervise(const struct session *s, int signal_fd, struct err *e)
{
	int report[2], alive[2], rc;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	if (pipe2(alive, O_CLOEXEC) < 0) {
		close(report[0]);
		close(report[1]);
		return err_sys(e, "cannot make a pipe");
	}
	pid = clone_child(s->ids != NULL);
	if (pid == 0) {
		close(alive[1]);
		child(s, report[1], alive[0]);
	}
	close(report[1]);
	close(alive[0]);
	rc = pid < 0 ? err_sys(e, "cannot make namespaces for the build") : 0;
	if (pid > 0 && s->ids)
		rc = let_in(pid, s->ids, alive[1], e);
	if (pid > 0 && rc == 0 && watch(pid, signal_fd, s->timeout_s, e) == 0) {
		rc = end_of(pid, report[0], e);
	} else if (pid > 0) {
		/* The kernel ends the rest of the pid namespace before this returns. */
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		rc = -1;
	}
	close(report[0]);
	close(alive[1]);
	return rc;
}

int session_run(const struct session *s, struct err *e)
{
	sigset_t set, before;
	int signal_fd, rc;

	fflush(NULL);
	sigemptyset(&set);
	for (int i = 0; i < SIGNALS; i++)
		sigaddset(&set, watched[i]);
	sigprocmask(SIG_BLOCK, &set, &before);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	rc = signal_fd < 0 ? err_sys(e, "cannot watch signals")
			   : supervise(s, signal_fd, e);
	if (signal_fd >= 0)
		close(signal_fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}
