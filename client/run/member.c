#include "client/run/member.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static bool is_in_userns(pid_t pid, uint64_t userns)
{
	char path[48];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	return userns != 0 && stat(path, &st) == 0 && st.st_ino == userns;
}

/* The oldest child: what pid 1 started, which lives as long as it does. */
static pid_t first_child(pid_t pid)
{
	char path[64], text[32];
	auto_fd int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	return (pid_t)strtol(text, NULL, 10);
}

int member_open(const struct run_state *s, struct err *e)
{
	auto_fd int init = identity_open(&s->init, e), command = -1;
	pid_t pid;

	if (init < 0)
		return -1;
	if (is_in_userns(s->init.pid, s->userns))
		return STEAL_FD(init);
	pid = first_child(s->init.pid);
	command = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (command < 0 || !is_in_userns(pid, s->userns))
		return err_set(e, ERR_NOTFOUND,
			"it has just ended, or its processes cannot be seen");
	return STEAL_FD(command);
}

int member_signal(const struct run_state *s, int signal_number, struct err *e)
{
	auto_fd int init = identity_open(&s->init, e);

	if (init < 0)
		return -1;
	if (syscall(SYS_pidfd_send_signal, init, signal_number, NULL, 0) == 0)
		return 0;
	return errno == ESRCH ? err_set(e, ERR_NOTFOUND, "it has just ended")
			      : err_sys(e, "cannot send signal %d", signal_number);
}
