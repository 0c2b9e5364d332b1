/* torture.c -- act from outside at each file-changing system call of a whole process
 * tree. torture count -- CMD...            runs CMD, prints how many such calls it made
 *   torture kill K -- CMD...           SIGKILL to every process of the tree as the K-th
 * begins torture fail K ERRNO -- CMD...     the K-th call fails with that errno, once
 *   torture fail+ K ERRNO -- CMD...    ... and so does every later one
 * Exit    count and fail: the command's status; kill: 137 when the K-th call came, else
 * the command's Source  ptrace(2), PTRACE_GET_SYSCALL_INFO */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

enum mode { COUNT, KILL, FAIL, FAIL_FROM };

struct tracee {
	pid_t pid;
	bool failing; /* the call under way was replaced: answer -errno at its end */
};

struct torture {
	enum mode mode;
	unsigned long at, seen;
	int error;
	struct tracee tracee[4096];
	size_t count;
};

static struct tracee *find(struct torture *t, pid_t pid)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->tracee[i].pid == pid)
			return &t->tracee[i];
	if (t->count == sizeof(t->tracee) / sizeof(t->tracee[0])) {
		fprintf(stderr, "torture: too many processes\n");
		exit(1);
	}
	t->tracee[t->count] = (struct tracee){ .pid = pid };
	return &t->tracee[t->count++];
}

static void forget(struct torture *t, pid_t pid)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->tracee[i].pid == pid) {
			t->tracee[i] = t->tracee[--t->count];
			return;
		}
	}
}

/* Is descriptor fd of pid a file on disk (no terminal, pipe, socket, standard stream)? */
static bool is_disk_file(pid_t pid, uint64_t fd)
{
	char path[64], target[PATH_MAX];
	ssize_t n;

	if (fd <= 2)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, (int)fd);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = '\0';
	return target[0] == '/' && strncmp(target, "/dev/", 5) != 0 &&
	       strncmp(target, "/proc/", 6) != 0 && strncmp(target, "/memfd:", 7) != 0;
}

static bool opens_for_writing(uint64_t flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
}

static bool changes_files(pid_t pid, const struct ptrace_syscall_info *i)
{
	const __u64 *a = i->entry.args;

	switch (i->entry.nr) {
	case SYS_open:
		return opens_for_writing(a[1]);
	case SYS_openat:
		return opens_for_writing(a[2]);
	case SYS_openat2:
		errno = 0;
		return opens_for_writing((uint64_t)ptrace(
			PTRACE_PEEKDATA, pid, (void *)(uintptr_t)a[2], NULL));
	case SYS_write:
	case SYS_pwrite64:
	case SYS_writev:
	case SYS_pwritev:
	case SYS_pwritev2:
	case SYS_ftruncate:
	case SYS_fallocate:
	case SYS_fchmod:
	case SYS_fchown:
	case SYS_fsetxattr:
	case SYS_fremovexattr:
	case SYS_fsync:
	case SYS_fdatasync:
	case SYS_sync_file_range:
	case SYS_syncfs:
	case SYS_sendfile:
		return is_disk_file(pid, a[0]);
	case SYS_copy_file_range:
		return is_disk_file(pid, a[2]);
	case SYS_creat:
	case SYS_truncate:
	case SYS_rename:
	case SYS_renameat:
	case SYS_renameat2:
	case SYS_link:
	case SYS_linkat:
	case SYS_symlink:
	case SYS_symlinkat:
	case SYS_unlink:
	case SYS_unlinkat:
	case SYS_mkdir:
	case SYS_mkdirat:
	case SYS_rmdir:
	case SYS_mknod:
	case SYS_mknodat:
	case SYS_chmod:
	case SYS_fchmodat:
	case SYS_chown:
	case SYS_lchown:
	case SYS_fchownat:
	case SYS_utimensat:
	case SYS_setxattr:
	case SYS_lsetxattr:
	case SYS_removexattr:
	case SYS_lremovexattr:
		return true;
	default:
		return false;
	}
}

/* A full disk still lets names go. */
static bool frees_space(long nr)
{
	return nr == SYS_unlink || nr == SYS_unlinkat || nr == SYS_rmdir;
}

static void kill_all(struct torture *t)
{
	for (size_t i = 0; i < t->count; i++)
		kill(t->tracee[i].pid, SIGKILL);
	while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
		;
	exit(137);
}

static void set_register(pid_t pid, bool entry, uint64_t value)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
		return;
	if (entry)
		regs.orig_rax = value;
	else
		regs.rax = value;
	ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

static void on_syscall(struct torture *t, struct tracee *p)
{
	struct ptrace_syscall_info info;
	bool hit;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, (void *)sizeof(info), &info) < 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_EXIT && p->failing) {
		p->failing = false;
		set_register(p->pid, false, (uint64_t)-t->error);
		return;
	}
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !changes_files(p->pid, &info))
		return;
	if (t->error == ENOSPC && frees_space((long)info.entry.nr))
		return;
	t->seen++;
	hit = t->mode == FAIL_FROM ? t->seen >= t->at : t->seen == t->at;
	if (!hit || t->mode == COUNT)
		return;
	if (t->mode == KILL)
		kill_all(t);
	p->failing = true;
	set_register(p->pid, true, (uint64_t)-1);
}

/* Runs until the first process ends; returns its status. */
static int trace(struct torture *t, pid_t first)
{
	int status;
	pid_t pid;

	for (;;) {
		int deliver = 0;

		pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return 1;
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			forget(t, pid);
			if (pid == first)
				return WIFEXITED(status) ? WEXITSTATUS(status)
							 : 128 + WTERMSIG(status);
			continue;
		}
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			on_syscall(t, find(t, pid));
		else if (status >> 16 == PTRACE_EVENT_STOP || WSTOPSIG(status) == SIGTRAP)
			find(t, pid);
		else
			deliver = WSTOPSIG(status);
		ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)deliver);
	}
}

static pid_t start(char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
			     PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (pid == 0) {
		raise(SIGSTOP);
		execvp(argv[0], argv);
		fprintf(stderr, "torture: cannot run '%s': %s\n", argv[0],
			strerror(errno));
		_exit(127);
	}
	if (waitpid(pid, &status, WUNTRACED) != pid ||
		ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) < 0)
		return -1;
	kill(pid, SIGCONT);
	return pid;
}

static int errno_of(const char *name)
{
	return strcmp(name, "EIO") == 0      ? EIO
	       : strcmp(name, "ENOSPC") == 0 ? ENOSPC
					     : atoi(name);
}

int main(int argc, char **argv)
{
	static struct torture t;
	int next = 2, status;
	pid_t pid;

	if (argc > 1 && strcmp(argv[1], "kill") == 0 && argc > 2) {
		t.mode = KILL;
		t.at = strtoul(argv[next++], NULL, 10);
	} else if (argc > 3 && strncmp(argv[1], "fail", 4) == 0) {
		t.mode = argv[1][4] == '+' ? FAIL_FROM : FAIL;
		t.at = strtoul(argv[next++], NULL, 10);
		t.error = errno_of(argv[next++]);
	} else if (argc < 2 || strcmp(argv[1], "count") != 0) {
		next = argc;
	}
	if (next + 1 >= argc || strcmp(argv[next], "--") != 0) {
		fprintf(stderr, "usage: torture count|kill K|fail K ERRNO|fail+ K ERRNO "
				"-- CMD...\n");
		return 2;
	}
	pid = start(argv + next + 1);
	if (pid < 0) {
		perror("torture: cannot trace");
		return 1;
	}
	find(&t, pid);
	status = trace(&t, pid);
	if (t.mode == COUNT)
		printf("%lu\n", t.seen);
	return status;
}
