#include "client/run/probe.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>

__attribute__((noreturn)) static void child(
	int (*fn)(void *ctx, struct err *e), void *ctx, int fd)
{
	struct err e;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (fn(ctx, &e) == 0)
		_exit(0);
	(void)!write(fd, &e, sizeof(e));
	_exit(1);
}

int probe_in_child(int (*fn)(void *ctx, struct err *e), void *ctx, struct err *e)
{
	struct err said;
	int ends[2], status = -1;
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		child(fn, ctx, ends[1]);
	}
	close(ends[1]);
	n = read(ends[0], &said, sizeof(said));
	close(ends[0]);
	if (pid < 0)
		return err_sys(e, "cannot start a process");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status == 0)
		return 0;
	if (n != (ssize_t)sizeof(said))
		return err_set(e, ERR_FAILED, "the attempt ended with signal %d",
			WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	*e = said;
	return -1;
}
