#include "client/run/warden.h"

#include "client/run/console.h"
#include "client/run/holder.h"
#include "client/run/report.h"
#include "client/run/supervise.h"
#include "lib/base/fs.h"
#include "lib/model/start.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#define STATUS_OURS     125
#define STOP_TIMEOUT_MS 10000
#define REBOOT_QUICK_S  2
#define REBOOTS_QUICK   5 /* in a row: it will not come up */
#define LAST_MAX        256
#define IDLE_MS         1000

struct warden {
	struct instance *instance;
	const struct container_config *config;
	struct console console;
	int signal_fd;
	int64_t kill_at_ms; /* 0: nobody asked it to stop */
	int quick_reboots;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- starting it */

static int make_pipes(int ours[2], int theirs[2], struct err *e)
{
	for (size_t i = 0; i < 2; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			return err_sys(e, "cannot make a pipe");
		ours[i] = ends[0];
		theirs[i] = ends[1];
	}
	return 0;
}

/* With a terminal its master comes back, else what it says comes through two pipes. */
static int launch(struct warden *w, int *status, struct err *e)
{
	int ours[2] = { -1, -1 }, theirs[2] = { -1, -1 };
	bool tty = w->config->tty;
	struct launch_result result = { .master_fd = -1 };
	int *stdio = w->instance->plan.stdio;
	int rc = 0;

	*status = STATUS_OURS;
	stdio[0] = tty ? -1 : 0;
	stdio[1] = stdio[2] = -1;
	if (!tty && (rc = make_pipes(ours, theirs, e)) == 0) {
		stdio[1] = theirs[0];
		stdio[2] = theirs[1];
	}
	if (rc == 0)
		rc = instance_launch(w->instance, w->config, tty, &result, e);
	auto_fd_cleanup(&theirs[0]);
	auto_fd_cleanup(&theirs[1]);
	if (rc < 0)
		return -1;
	if (result.status != 0) {
		*status = result.status;
		return -1;
	}
	return tty ? console_begin(&w->console, result.master_fd, -1, true, e)
		   : console_begin(&w->console, ours[0], ours[1], false, e);
}

/* ---- while it runs */

static void ask_to_stop(struct warden *w)
{
	int number = config_stop_signal(w->config);

	if (w->kill_at_ms == 0)
		w->kill_at_ms = now_ms() + STOP_TIMEOUT_MS;
	syscall(SYS_pidfd_send_signal, w->instance->launched.pid_fd, number, NULL, 0);
}

static void take_signals(struct warden *w)
{
	struct signalfd_siginfo info;

	while (read(w->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			ask_to_stop(w);
}

static int patience(const struct warden *w, bool rested)
{
	int64_t left = w->kill_at_ms - now_ms();

	if (w->kill_at_ms == 0)
		return rested ? -1 : IDLE_MS;
	return left > 0 ? (int)left : 0;
}

/* What was needed and is no longer goes back: memory, and the pages of our own code that
 * were touched on the way. They come again as they are used, many around each. */
static void rest(void)
{
	extern const char __executable_start, etext;
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = (uintptr_t)&__executable_start & ~(page - 1);
	uintptr_t to = (uintptr_t)&etext & ~(page - 1);

	malloc_trim(0);
	(void)madvise((void *)from, to - from, MADV_DONTNEED);
}

/* Until pid 1 has ended. */
static int watch(struct warden *w, int *status, struct err *e)
{
	struct pollfd fds[2 + CONSOLE_POLLS];
	bool rested = false;
	int rc;

	for (;;) {
		fds[0] = (struct pollfd){ w->signal_fd, POLLIN, 0 };
		fds[1] = (struct pollfd){ w->instance->launched.pid_fd, POLLIN, 0 };
		console_poll(&w->console, fds + 2);
		rc = poll(fds, ARRAY_COUNT(fds), patience(w, rested));
		if (rc < 0) {
			if (errno != EINTR)
				return err_sys(e, "cannot wait for the container");
			continue;
		}
		rested = rc == 0;
		if (rested)
			rest();
		if (fds[0].revents)
			take_signals(w);
		if (patience(w, true) == 0)
			syscall(SYS_pidfd_send_signal, w->instance->launched.pid_fd,
				SIGKILL, NULL, 0);
		if (fds[1].revents)
			break;
		console_serve(&w->console, fds + 2);
	}
	console_drain(&w->console);
	if (supervise_reap(&w->instance->launched, status, e) < 0)
		return -1;
	w->instance->launched.pid = -1;
	return 0;
}

static bool wants_reboot(struct warden *w, int status, int64_t began_ms)
{
	bool quick = now_ms() - began_ms < REBOOT_QUICK_S * 1000;

	if (!config_is_system(w->config) || status != INSTANCE_REBOOTS ||
		w->kill_at_ms != 0)
		return false;
	w->quick_reboots = quick ? w->quick_reboots + 1 : 0;
	return w->quick_reboots < REBOOTS_QUICK;
}

static int keep(struct warden *w, struct err *e)
{
	int status = STATUS_OURS, rc;
	int64_t began;

	for (;;) {
		began = now_ms();
		rc = watch(w, &status, e);
		if (rc < 0 || !wants_reboot(w, status, began))
			return rc < 0 ? STATUS_OURS : status;
		if (instance_make_cgroup(w->instance, w->config, e) < 0 ||
			launch(w, &status, e) < 0)
			return STATUS_OURS;
	}
}

/* ---- its whole life */

static void write_last(int dir_fd, int status)
{
	auto_fd int fd = openat(dir_fd, "last.new",
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	auto_buf struct buf text = BUF_INIT(LAST_MAX);
	char number[24];
	struct err ignored;

	snprintf(number, sizeof(number), "%d", status);
	start_line(&text, "status", number);
	snprintf(number, sizeof(number), "%lld", (long long)time(NULL));
	start_line(&text, "ended", number);
	if (fd >= 0 && fs_write_all(fd, text.data, text.len, &ignored) == 0)
		(void)renameat(dir_fd, "last.new", dir_fd, "last");
}

bool warden_last(int containers_fd, const char *name, int *status, int64_t *ended)
{
	char path[NAME_MAX_LEN + 8];
	auto_buf struct buf text = BUF_INIT(LAST_MAX);
	char value[24];
	struct err ignored;

	snprintf(path, sizeof(path), "%s/last", name);
	if (fs_read_at(containers_fd, path, &text, &ignored) < 0)
		return false;
	*status = (int)strtol(
		start_get_or(buf_bytes(&text), "status", value, sizeof(value), "125"),
		NULL, 10);
	*ended = strtoll(
		start_get_or(buf_bytes(&text), "ended", value, sizeof(value), "0"), NULL,
		10);
	return true;
}

/* Nothing of whoever started it: no terminal, no descriptor, no name. */
static int leave_caller(struct err *e)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (setsid() < 0 || fd < 0)
		return err_sys(e, "cannot go to the background");
	for (int i = 0; i < 3; i++)
		if (dup2(fd, i) < 0)
			return err_sys(e, "cannot go to the background");
	close(fd);
	prctl(PR_SET_NAME, "rootyard-warden", 0, 0, 0);
	return 0;
}

/* A lock belongs to an open file: with the caller's we would unlock what he locks. */
static int own_run_place(struct store *s, struct err *e)
{
	int fd = openat(s->run_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot open '%s'", s->run);
	if (dup3(fd, s->run_fd, O_CLOEXEC) < 0) {
		close(fd);
		return err_sys(e, "cannot open '%s'", s->run);
	}
	close(fd);
	return 0;
}

static int prepare(struct warden *w, int *status, struct err *e)
{
	struct instance *i = w->instance;

	*status = STATUS_OURS;
	if (own_run_place(&i->store, e) < 0)
		return -1;
	w->signal_fd = supervise_signals(e);
	if (w->signal_fd < 0 || leave_caller(e) < 0 ||
		container_give(&i->container, i->rootfs_fd, e) < 0 ||
		console_open(&w->console, i->container.dir_fd, i->container.run_dir, e) <
			0)
		return -1;
	return launch(w, status, e);
}

static int tell(int sock_fd, const struct report *r)
{
	return send(sock_fd, r, sizeof(*r), MSG_NOSIGNAL) == (ssize_t)sizeof(*r) ? 0 : -1;
}

__attribute__((noreturn)) static void warden_main(
	struct instance *i, const struct container_config *c, int sock_fd)
{
	struct warden w = { .instance = i, .config = c, .signal_fd = -1 };
	struct report said = { .kind = REPORT_RUNS };
	bool runs = prepare(&w, &said.status, &said.e) == 0;
	struct err ignored;

	if (runs) {
		i->container.ephemeral = c->ephemeral;
		(void)tell(sock_fd, &said);
		close(sock_fd);
		rest();
		said.status = keep(&w, &ignored);
		write_last(i->container.dir_fd, said.status);
	} else {
		said.kind = REPORT_FAILURE;
	}
	/* The lock first, so that who hears of the end finds it ended. */
	(void)!instance_end(i, &ignored);
	if (runs)
		console_close(&w.console, said.status);
	else
		(void)tell(sock_fd, &said);
	_exit(0);
}

int warden_start(
	struct instance *i, const struct container_config *c, int *status, struct err *e)
{
	auto_fd int mine = -1, theirs = -1;
	struct report r;
	int pair[2], fd = -1, rc;
	pid_t pid;

	*status = STATUS_OURS;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "cannot make a socket pair");
	mine = pair[0];
	theirs = pair[1];
	if (instance_begin_net(i, c, e) < 0 || holder_enter(&i->holder, e) < 0 ||
		instance_make_cgroup(i, c, e) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(mine);
		warden_main(i, c, theirs);
	}
	if (pid < 0)
		return err_sys(e, "cannot start a process");
	auto_fd_cleanup(&theirs);
	theirs = -1;
	container_release(&i->container);
	net_leave(&i->net);
	rc = report_receive(mine, &r, &fd, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_FAILED, "its supervisor ended at once");
	if (r.kind == REPORT_RUNS)
		return 0;
	r.e.text[sizeof(r.e.text) - 1] = '\0';
	*e = r.e;
	*status = r.status;
	return -1;
}
