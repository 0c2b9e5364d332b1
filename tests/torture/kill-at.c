/* kill-at.c -- kills one process of a command as it begins a system call.
 *     kill-at UID WHO K CMD [ARG]...   runs CMD as UID; WHO: 0 the command itself, 1 the first
 *                                      process that it or its children make, and so on
 * Nothing else is touched: our end lets all go, and they run on by themselves.
 * Exit    0 it was killed; 1 there was no such call; 2 it could not be tried
 * Source  ptrace(2) */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRACEES_MAX 64
#define OPTIONS                                                                          \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |              \
		PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)

static struct tracee {
	pid_t pid;
	long calls;
	int inside;
} tracees[TRACEES_MAX];
static int count;

static struct tracee *find(pid_t pid)
{
	for (int i = 0; i < count; i++)
		if (tracees[i].pid == pid)
			return &tracees[i];
	if (count == TRACEES_MAX)
		exit(2);
	tracees[count].pid = pid;
	return &tracees[count++];
}

static pid_t start(uid_t uid, char **argv)
{
	int go[2], null_fd = open("/dev/null", O_RDWR);
	char byte;
	pid_t pid;

	if (null_fd < 0 || pipe2(go, O_CLOEXEC) < 0)
		exit(2);
	pid = fork();
	if (pid == 0) {
		if (read(go[0], &byte, 1) != 1 || setgroups(0, NULL) < 0 ||
			setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
			_exit(2);
		for (int i = 0; i < 3; i++)
			dup2(null_fd, i);
		execv(argv[0], argv);
		_exit(2);
	}
	if (pid < 0 || ptrace(PTRACE_SEIZE, pid, 0, OPTIONS) < 0 ||
		write(go[1], "", 1) != 1)
		exit(2);
	return pid;
}

int main(int argc, char **argv)
{
	int who = argc > 4 ? atoi(argv[2]) : 0, executed = 0;
	long at = argc > 4 ? atol(argv[3]) : 0;
	pid_t first;

	if (argc < 5)
		return 2;
	first = start((uid_t)atoi(argv[1]), argv + 4);
	find(first);
	for (;;) {
		int status, number = 0;
		pid_t pid = waitpid(-1, &status, __WALL);
		struct tracee *t;

		if (pid < 0)
			return 1;
		t = find(pid);
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (pid == first)
				return 1;
			continue;
		}
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
			if (pid == first && !executed++)
				t->calls = 0;
			else if (pid != first) { /* the container's own */
				ptrace(PTRACE_DETACH, pid, 0, 0);
				continue;
			}
		} else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			t->inside = !t->inside;
			t->calls += t->inside;
			if (executed && t->inside && t == &tracees[who] &&
				t->calls == at) {
				kill(pid, SIGKILL);
				return 0;
			}
		} else if (status >> 16 == 0) {
			number = WSTOPSIG(status);
		} else if (status >> 16 == PTRACE_EVENT_STOP &&
			   WSTOPSIG(status) != SIGTRAP) {
			ptrace(PTRACE_LISTEN, pid, 0, 0);
			continue;
		}
		ptrace(PTRACE_SYSCALL, pid, 0, number);
	}
}
