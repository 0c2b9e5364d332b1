#include "client/run/member.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#define FREEZE_TRIES 500 /* of 10 ms */

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

/* ---- all of them */

struct members {
	pid_t *pid;
	size_t count, room;
};

static bool is_known(const struct members *m, pid_t pid)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->pid[i] == pid)
			return true;
	return false;
}

static void add_member(struct members *m, pid_t pid)
{
	if (m->count == m->room) {
		m->room = m->room ? 2 * m->room : 64;
		m->pid = xrealloc(m->pid, m->room * sizeof(*m->pid));
	}
	m->pid[m->count++] = pid;
}

static bool is_in_pidns(pid_t pid, uint64_t pidns)
{
	char path[48];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	return pidns != 0 && stat(path, &st) == 0 && st.st_ino == pidns;
}

/* In the container's pid namespace, or the child of one that is (which may have nested
 * another). */
static bool find_more(const struct run_state *s, struct members *m)
{
	auto_dir DIR *proc = opendir("/proc");
	size_t before = m->count;
	struct process_stat stat_of;

	for (struct dirent *d; proc && (d = readdir(proc));) {
		pid_t pid = (pid_t)strtol(d->d_name, NULL, 10);

		if (pid <= 0 || is_known(m, pid) || !process_stat_read(pid, &stat_of))
			continue;
		if (pid == s->init.pid || is_in_pidns(pid, s->pidns) ||
			is_known(m, stat_of.parent))
			add_member(m, pid);
	}
	return m->count > before;
}

int member_list(const struct run_state *s, pid_t **out, size_t *count, struct err *e)
{
	auto_fd int init = identity_open(&s->init, e);
	struct members m = { 0 };

	if (init < 0)
		return -1;
	while (find_more(s, &m))
		;
	*out = m.pid;
	*count = m.count;
	return 0;
}

/* ---- the clock */

static int signal_all(const struct run_state *s, int signal_number, struct err *e)
{
	auto_free pid_t *pid = NULL;
	size_t count;

	if (member_list(s, &pid, &count, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		auto_fd int fd = (int)syscall(SYS_pidfd_open, pid[i], 0);

		if (fd >= 0 && (pid[i] == s->init.pid || is_in_pidns(pid[i], s->pidns)))
			(void)syscall(SYS_pidfd_send_signal, fd, signal_number, NULL, 0);
	}
	return 0;
}

static int freeze_cgroup(int cgroup_fd, bool frozen, struct err *e)
{
	const struct timespec moment = { .tv_nsec = 10000000 };

	if (cgroup_set(cgroup_fd, "cgroup.freeze", frozen ? "1" : "0", e) < 0)
		return -1;
	for (int i = 0; i < FREEZE_TRIES; i++) {
		if (cgroup_event(cgroup_fd, "cgroup.events", "frozen") == frozen)
			return 0;
		nanosleep(&moment, NULL);
	}
	return err_set(e, ERR_BUSY, "its processes do not stop");
}

int member_freeze(const struct run_state *s, bool frozen, struct err *e)
{
	auto_fd int cgroup = cgroup_open(s->cgroup);

	if (cgroup >= 0)
		return freeze_cgroup(cgroup, frozen, e);
	/* Twice: what was forked while we looked. */
	if (signal_all(s, frozen ? SIGSTOP : SIGCONT, e) < 0)
		return -1;
	return signal_all(s, frozen ? SIGSTOP : SIGCONT, e);
}

bool member_is_frozen(const struct run_state *s)
{
	auto_fd int cgroup = cgroup_open(s->cgroup);
	struct process_stat stat_of;

	if (cgroup >= 0)
		return cgroup_event(cgroup, "cgroup.events", "frozen") == 1;
	return process_stat_read(s->init.pid, &stat_of) && stat_of.state == 'T';
}
