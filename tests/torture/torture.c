/* torture.c -- act from outside at each file-changing system call of a whole process
 * tree.
 *   torture count -- CMD...            runs CMD, prints how many such calls it made
 *   torture each OUT IN -- CMD...      before each of them writes its number to descriptor
 *                                      OUT and waits for a line from IN; all else stands
 *   torture kill K -- CMD...           SIGKILL to every process as the K-th begins
 *   torture fail K ERRNO -- CMD...     the K-th call fails with that errno, once
 *   torture fail+ K ERRNO -- CMD...    ... and so does every later one
 * Rules   such calls are let through one at a time, so that they have one order, and what
 *         is on disk between two of them is what a kill there leaves
 * Exit    the command's status; 137 when it was killed: by K, by an IN that ended, or for
 *         going round and round over failing calls
 * Source  ptrace(2), seccomp(2) SECCOMP_RET_TRACE */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

/* A program that fails so often without an end is ended, as a person would. */
#define FAILURES_MAX 20000

enum mode { COUNT, EACH, KILL, FAIL, FAIL_FROM };

/* How a call tells that it changes files. */
enum kind {
	ALWAYS,
	BY_FLAGS, /* the argument is open(2)'s flags */
	BY_HOW,   /* ... or points to them */
	BY_FD,    /* the argument is a descriptor of a file on disk */
};

static const struct call {
	uint16_t nr, arg;
	enum kind kind;
} call_table[] = {
	{ SYS_open, 1, BY_FLAGS },
	{ SYS_openat, 2, BY_FLAGS },
	{ SYS_openat2, 2, BY_HOW },
	{ SYS_write, 0, BY_FD },
	{ SYS_pwrite64, 0, BY_FD },
	{ SYS_writev, 0, BY_FD },
	{ SYS_pwritev, 0, BY_FD },
	{ SYS_pwritev2, 0, BY_FD },
	{ SYS_ftruncate, 0, BY_FD },
	{ SYS_fallocate, 0, BY_FD },
	{ SYS_fchmod, 0, BY_FD },
	{ SYS_fchown, 0, BY_FD },
	{ SYS_fsetxattr, 0, BY_FD },
	{ SYS_fremovexattr, 0, BY_FD },
	{ SYS_fsync, 0, BY_FD },
	{ SYS_fdatasync, 0, BY_FD },
	{ SYS_sync_file_range, 0, BY_FD },
	{ SYS_syncfs, 0, BY_FD },
	{ SYS_sendfile, 0, BY_FD },
	{ SYS_copy_file_range, 2, BY_FD },
	{ SYS_creat, 0, ALWAYS },
	{ SYS_truncate, 0, ALWAYS },
	{ SYS_rename, 0, ALWAYS },
	{ SYS_renameat, 0, ALWAYS },
	{ SYS_renameat2, 0, ALWAYS },
	{ SYS_link, 0, ALWAYS },
	{ SYS_linkat, 0, ALWAYS },
	{ SYS_symlink, 0, ALWAYS },
	{ SYS_symlinkat, 0, ALWAYS },
	{ SYS_unlink, 0, ALWAYS },
	{ SYS_unlinkat, 0, ALWAYS },
	{ SYS_mkdir, 0, ALWAYS },
	{ SYS_mkdirat, 0, ALWAYS },
	{ SYS_rmdir, 0, ALWAYS },
	{ SYS_mknod, 0, ALWAYS },
	{ SYS_mknodat, 0, ALWAYS },
	{ SYS_chmod, 0, ALWAYS },
	{ SYS_fchmodat, 0, ALWAYS },
	{ SYS_chown, 0, ALWAYS },
	{ SYS_lchown, 0, ALWAYS },
	{ SYS_fchownat, 0, ALWAYS },
	{ SYS_utimensat, 0, ALWAYS },
	{ SYS_setxattr, 0, ALWAYS },
	{ SYS_lsetxattr, 0, ALWAYS },
	{ SYS_removexattr, 0, ALWAYS },
	{ SYS_lremovexattr, 0, ALWAYS },
};
#define CALLS  (sizeof(call_table) / sizeof(call_table[0]))
#define WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

struct tracee {
	pid_t pid;
	bool waiting; /* stopped before such a call, until the one under way has ended */
};

struct torture {
	enum mode mode;
	unsigned long at, seen, failed;
	int error, out_fd, in_fd;
	pid_t under_way; /* whose call it is; 0: none */
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

static bool changes_files(pid_t pid, const struct ptrace_syscall_info *info)
{
	const __u64 *a = info->seccomp.args;

	for (const struct call *c = call_table; c < call_table + CALLS; c++) {
		if (c->nr != info->seccomp.nr)
			continue;
		if (c->kind == BY_HOW)
			return ptrace(PTRACE_PEEKDATA, pid, (void *)(uintptr_t)a[c->arg],
				       NULL) &
			       WRITES;
		return c->kind != BY_FD || is_disk_file(pid, a[c->arg]);
	}
	return false;
}

/* A full disk still lets names go. */
static bool frees_space(uint64_t nr)
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

/* The call is skipped and answers so. */
static void answer(pid_t pid, int error)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
		return;
	regs.orig_rax = (uint64_t)-1;
	regs.rax = (uint64_t)-error;
	ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

static void ask(struct torture *t)
{
	char line[16];

	if (dprintf(t->out_fd, "%lu\n", t->seen) < 0 ||
		read(t->in_fd, line, sizeof(line)) <= 0)
		kill_all(t);
}

/* One such call begins: true if it is to be made. */
static bool begin(struct torture *t, pid_t pid, uint64_t nr)
{
	bool hit;

	if (t->error == ENOSPC && frees_space(nr))
		return true;
	t->seen++;
	if (t->mode == EACH)
		ask(t);
	hit = t->mode == FAIL_FROM ? t->seen >= t->at : t->seen == t->at;
	if (!hit || t->mode == COUNT || t->mode == EACH)
		return true;
	if (t->mode == KILL || ++t->failed > FAILURES_MAX)
		kill_all(t);
	answer(pid, t->error);
	return false;
}

static void on_call(struct torture *t, struct tracee *p)
{
	struct ptrace_syscall_info info;
	bool counts = ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, (void *)sizeof(info),
			      &info) > 0 &&
		      info.op == PTRACE_SYSCALL_INFO_SECCOMP &&
		      changes_files(p->pid, &info);

	p->waiting = counts && t->under_way;
	if (p->waiting)
		return;
	if (counts && begin(t, p->pid, info.seccomp.nr)) {
		t->under_way = p->pid;
		ptrace(PTRACE_SYSCALL, p->pid, NULL, NULL);
	} else {
		ptrace(PTRACE_CONT, p->pid, NULL, NULL);
	}
}

/* The call of this process, if it made one, is over: the next may begin. */
static void end(struct torture *t, pid_t pid)
{
	if (t->under_way != pid)
		return;
	t->under_way = 0;
	for (size_t i = 0; i < t->count && !t->under_way; i++)
		if (t->tracee[i].waiting)
			on_call(t, &t->tracee[i]);
}

static void on_stop(struct torture *t, pid_t pid, int status)
{
	int deliver = 0, event = status >> 16;

	if (event == PTRACE_EVENT_SECCOMP) {
		on_call(t, find(t, pid));
		return;
	}
	find(t, pid);
	if (WSTOPSIG(status) == (SIGTRAP | 0x80))
		end(t, pid);
	else if (event == 0)
		deliver = WSTOPSIG(status);
	ptrace(PTRACE_CONT, pid, NULL, (void *)(intptr_t)deliver);
}

/* Runs until the first process ends; returns its status. */
static int trace(struct torture *t, pid_t first)
{
	int status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return 1;
		if (WIFSTOPPED(status)) {
			on_stop(t, pid, status);
			continue;
		}
		forget(t, pid);
		end(t, pid);
		if (pid == first)
			return WIFEXITED(status) ? WEXITSTATUS(status)
						 : 128 + WTERMSIG(status);
	}
}

/* Lets the kernel stop at calls of the table only; needs no "no new privileges", which
 * would keep newuidmap from its rights, as we are root. */
static int filter_calls(void)
{
	enum { PER_CALL = 5 };
	struct sock_filter code[5 + CALLS * PER_CALL];
	struct sock_filter *f = code;
	struct sock_fprog program = { .filter = code };
	const uint32_t nr = offsetof(struct seccomp_data, nr);

	*f++ = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	*f++ = (struct sock_filter)BPF_JUMP(
		BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	*f++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, nr);
	for (const struct call *c = call_table; c < call_table + CALLS; c++) {
		const uint32_t arg = (uint32_t)(offsetof(struct seccomp_data, args) +
						8 * (size_t)c->arg);
		bool flags = c->kind == BY_FLAGS;

		*f++ = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, c->nr, 0, flags ? 4 : 1);
		if (flags) {
			*f++ = (struct sock_filter)BPF_STMT(
				BPF_LD | BPF_W | BPF_ABS, arg);
			*f++ = (struct sock_filter)BPF_JUMP(
				BPF_JMP | BPF_JSET | BPF_K, WRITES, 1, 0);
			*f++ = (struct sock_filter)BPF_STMT(
				BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
		}
		*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	}
	*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short)(f - code);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static pid_t start(char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
			     PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP |
			     PTRACE_O_EXITKILL;
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (pid == 0) {
		raise(SIGSTOP);
		if (filter_calls() == 0)
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

static int inherited(const char *text)
{
	int fd = atoi(text);

	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

/* Takes the mode and what belongs to it; returns how many words that were, or 0. */
static int take_mode(struct torture *t, int argc, char **argv)
{
	static const struct {
		const char *name;
		int words;
	} mode[] = {
		[COUNT] = { "count", 1 },
		[EACH] = { "each", 3 },
		[KILL] = { "kill", 2 },
		[FAIL] = { "fail", 3 },
		[FAIL_FROM] = { "fail+", 3 },
	};

	for (size_t i = 0; argc > 0 && i < sizeof(mode) / sizeof(mode[0]); i++) {
		if (strcmp(argv[0], mode[i].name) != 0 || argc < mode[i].words)
			continue;
		t->mode = (enum mode)i;
		if (t->mode == EACH) {
			t->out_fd = inherited(argv[1]);
			t->in_fd = inherited(argv[2]);
		} else if (t->mode != COUNT) {
			t->at = strtoul(argv[1], NULL, 10);
			t->error = t->mode == KILL ? 0 : errno_of(argv[2]);
		}
		return mode[i].words;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct torture t;
	int next = 1 + take_mode(&t, argc - 1, argv + 1), status;
	pid_t pid;

	if (next == 1 || next + 1 >= argc || strcmp(argv[next], "--") != 0) {
		fprintf(stderr,
			"usage: torture count|each OUT IN|kill K|fail K ERRNO|fail+ K "
			"ERRNO -- CMD...\n");
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
