#include "indexer/agent.h"

#include "lib/base/fs.h"
#include "lib/base/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define GRACE_MS 3000
#define STEP_MS  5
#define ROOM     (64U << 10) /* of its sockets, locks and temporary files */

static bool may_live(const char *home)
{
	auto_free char *socket = xasprintf("%s/S.gpg-agent", home);

	return access(socket, F_OK) == 0;
}

void agent_end(const char *home)
{
	const char *argv[] = { "gpgconf", "--homedir", home, "--kill", "all", NULL };
	struct timespec pause = { .tv_nsec = STEP_MS * 1000000L };
	struct spawn s = SPAWN_INIT;
	struct err ignored;

	s.argv = argv;
	if (spawn_run(&s, &ignored) < 0)
		return;
	for (int i = 0; i < GRACE_MS / STEP_MS && may_live(home); i++)
		nanosleep(&pause, NULL);
}

/* What gpgconf said first, as the cause of its failure. */
static void take_complaint(int fd, struct err *e)
{
	char text[512];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	err_set(e, ERR_FAILED, "%s", text);
}

/* GnuPG does not say that it could not write its socket for want of room. */
static bool is_full(const char *home, struct err *e)
{
	struct err ignored;
	auto_fd int fd = fs_open_dir(home, &ignored);
	uint64_t have;

	if (fd < 0 || fs_free_bytes(fd, &have, &ignored) < 0 || have >= ROOM)
		return false;
	err_set(e, ERR_NOSPACE, "no space left: %llu bytes are free",
		(unsigned long long)have);
	return true;
}

int agent_start(const char *home, struct err *e)
{
	const char *argv[] = { "gpgconf", "--homedir", home, "--launch", "gpg-agent",
		NULL };
	auto_fd int complaints = memfd_create("gpgconf", MFD_CLOEXEC);
	struct spawn s = SPAWN_INIT;

	s.argv = argv;
	s.stderr_fd = complaints;
	if (spawn_run(&s, e) == 0)
		return 0;
	if (e->code == ERR_FAILED && !is_full(home, e))
		take_complaint(complaints, e);
	return err_wrap(e, "cannot start the agent of '%s'", home);
}

/* Lock files name a process and a host, and both may come again: the next gpg would wait
 * for a stranger. */
static bool is_leftover(const char *name)
{
	const char *dot = strrchr(name, '.');

	return strncmp(name, ".#lk", 4) == 0 || strncmp(name, "S.", 2) == 0 ||
	       (dot && (strcmp(dot, ".lock") == 0 || strcmp(dot, ".tmp") == 0));
}

int agent_clean(const char *home, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	auto_fd int fd = -1;

	if (may_live(home))
		agent_end(home);
	fd = fs_open_dir(home, e);
	if (fd < 0 || fs_list_dir(fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (is_leftover(names.name[i]) && unlinkat(fd, names.name[i], 0) < 0 &&
			errno != ENOENT)
			return err_sys(e, "cannot remove '%s/%s'", home, names.name[i]);
	return 0;
}

/* A session of its own, so that Ctrl-C does not reach it before it is needed; no
 * descriptor but the pipe's, so that it holds no lock. */
__attribute__((noreturn)) static void watch(int fd, const char *home)
{
	char byte;
	ssize_t n;

	setsid();
	for (int sig = 1; sig < SIGRTMIN; sig++)
		signal(sig, sig == SIGCHLD ? SIG_DFL : SIG_IGN);
	dup2(fd, 0);
	if (close_range(1, ~0U, 0) < 0) /* before Linux 5.9 */
		for (int i = 1; i < 1024; i++)
			close(i);
	do
		n = read(0, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		agent_end(home);
	_exit(0);
}

int agent_watch_begin(const char *home, struct agent_watch *out, struct err *e)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "cannot watch over the agent of '%s'", home);
	pid = fork();
	if (pid == 0)
		watch(ends[0], home);
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return err_sys(e, "cannot watch over the agent of '%s'", home);
	}
	*out = (struct agent_watch){ .pid = pid, .fd = ends[1] };
	return 0;
}

void agent_watch_end(struct agent_watch *w, const char *home)
{
	ssize_t told;

	agent_end(home);
	if (w->fd < 0)
		return;
	told = write(w->fd, "", 1);
	(void)told;
	close(w->fd);
	waitpid(w->pid, NULL, 0);
	*w = (struct agent_watch)AGENT_WATCH_INIT;
}
