#include "client/run/supervise.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static const int handed_on[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

int supervise_signals(struct err *e)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_COUNT(handed_on); i++)
		sigaddset(&set, handed_on[i]);
	sigaddset(&set, SIGWINCH);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(e, "cannot block signals");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(e, "cannot receive signals") : fd;
}

/* Whether one came that asks for an end. */
static bool take_signals(
	const struct launched *c, const struct relay *relay, int signal_fd)
{
	struct signalfd_siginfo info;
	bool asked = false;

	while (read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH) {
			relay_resize(relay);
			continue;
		}
		asked = true;
		syscall(SYS_pidfd_send_signal, c->pid_fd, info.ssi_signo, NULL, 0);
	}
	return asked;
}

static int status_of(const siginfo_t *info)
{
	return info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
}

int supervise_reap(const struct launched *c, int *status, struct err *e)
{
	siginfo_t info = { 0 };
	int rc;

	do
		rc = waitid(P_PID, (id_t)c->pid, &info, WEXITED);
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return err_sys(e, "cannot wait for the container");
	*status = status_of(&info);
	return 0;
}

/* What the container said last may still be on its way. */
static void drain(const struct launched *c, struct relay *relay, int signal_fd)
{
	struct pollfd fds[1 + 2 * ARRAY_COUNT(relay->channel)];

	while (relay_move(relay, true)) {
		size_t count = 1 + relay_poll(relay, fds + 1);

		fds[0] = (struct pollfd){ signal_fd, POLLIN, 0 };
		if (poll(fds, count, -1) > 0 && fds[0].revents &&
			take_signals(c, relay, signal_fd))
			return;
	}
}

int supervise(const struct launched *c, struct relay *relay, int signal_fd, int *status,
	struct err *e)
{
	struct pollfd fds[2 + 2 * ARRAY_COUNT(relay->channel)];

	for (;;) {
		size_t count = 2 + relay_poll(relay, fds + 2);

		fds[0] = (struct pollfd){ signal_fd, POLLIN, 0 };
		fds[1] = (struct pollfd){ c->pid_fd, POLLIN, 0 };
		if (poll(fds, (nfds_t)count, -1) < 0 && errno != EINTR)
			return err_sys(e, "cannot wait for the container");
		if (fds[0].revents)
			take_signals(c, relay, signal_fd);
		if (fds[1].revents)
			break;
		relay_move(relay, false);
	}
	if (supervise_reap(c, status, e) < 0)
		return -1;
	drain(c, relay, signal_fd);
	return 0;
}

void supervise_kill(struct launched *c)
{
	struct err ignored;
	int status;

	if (c->pid <= 0)
		return;
	syscall(SYS_pidfd_send_signal, c->pid_fd, SIGKILL, NULL, 0);
	(void)!supervise_reap(c, &status, &ignored);
	c->pid = -1;
}
