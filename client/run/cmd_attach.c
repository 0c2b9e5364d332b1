#include "client/run/commands.h"

#include "client/run/console.h"
#include "client/run/named.h"
#include "client/run/supervise.h"
#include "client/run/tty.h"
#include "lib/base/fs.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#define LEAVE_PREFIX 1 /* ^A, then q */

/* Somebody at the console of a background container. */
struct visit {
	int fd;
	int signal_fd;
	int from_fd; /* stdin; -1: nothing is typed */
	bool prefixed;
	bool leaves;
	int status; /* -1: it runs on */
	struct tty_saved saved;
};

/* What is typed, without the keys that are ours: ^A q leaves, ^A ^A is one ^A. */
static size_t without_our_keys(struct visit *v, char *data, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < len && !v->leaves; i++) {
		bool ours = v->prefixed;

		v->prefixed = false;
		if (!ours && data[i] == LEAVE_PREFIX)
			v->prefixed = true;
		else if (ours && data[i] == 'q')
			v->leaves = true;
		else if (!ours || data[i] == LEAVE_PREFIX)
			data[kept++] = data[i];
	}
	return kept;
}

static int send_packet(struct visit *v, struct console_packet *p, size_t len)
{
	ssize_t n;

	do
		n = send(v->fd, p, 1 + len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

static void type(struct visit *v)
{
	struct console_packet p = { .kind = CONSOLE_DATA };
	ssize_t n = read(v->from_fd, p.data, sizeof(p.data));
	size_t len;

	if (n <= 0) {
		v->from_fd = -1;
		return;
	}
	len = without_our_keys(v, p.data, (size_t)n);
	if (len > 0)
		(void)send_packet(v, &p, len);
}

static void show_window(struct visit *v)
{
	struct console_packet p = { .kind = CONSOLE_WINDOW };
	struct winsize window;
	uint16_t size[2];

	if (ioctl(0, TIOCGWINSZ, &window) < 0)
		return;
	size[0] = window.ws_row;
	size[1] = window.ws_col;
	memcpy(p.data, size, sizeof(size));
	(void)send_packet(v, &p, sizeof(size));
}

static void take_signals(struct visit *v)
{
	struct signalfd_siginfo info;

	while (read(v->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			show_window(v);
		else
			v->leaves = true;
	}
}

/* 1: there may be more; 0: it has ended. */
static int hear(struct visit *v, struct err *e)
{
	struct console_packet p;
	ssize_t n = recv(v->fd, &p, sizeof(p), MSG_DONTWAIT);
	int32_t status;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (n <= 0)
		return 0;
	if (p.kind == CONSOLE_EXIT && n == 1 + (ssize_t)sizeof(status)) {
		memcpy(&status, p.data, sizeof(status));
		v->status = status;
		return 0;
	}
	if (p.kind == CONSOLE_DATA && fs_write_all(1, p.data, (size_t)n - 1, e) < 0)
		return -1;
	return 1;
}

static int visit(struct visit *v, struct err *e)
{
	int more = 1;

	while (more > 0 && !v->leaves) {
		struct pollfd fds[] = { { v->signal_fd, POLLIN, 0 }, { v->fd, POLLIN, 0 },
			{ v->from_fd, POLLIN, 0 } };

		if (poll(fds, ARRAY_COUNT(fds), -1) < 0 && errno != EINTR)
			return err_sys(e, "cannot wait");
		if (fds[0].revents)
			take_signals(v);
		if (fds[1].revents)
			more = hear(v, e);
		if (fds[2].revents)
			type(v);
	}
	return more < 0 ? -1 : 0;
}

static int begin(struct visit *v, const struct store *s, const char *name, bool must_type,
	struct out *out, struct err *e)
{
	auto_named struct named n = { 0 };

	if (named_running(s, name, &n, e) < 0)
		return -1;
	if (must_type && !n.config.tty)
		return err_set(e, ERR_USAGE,
			"'%s' has no terminal; see what it says with 'rootyard attach'",
			name);
	v->fd = console_connect(s->run_fd, name, e);
	if (v->fd < 0)
		return -1;
	v->signal_fd = supervise_signals(e);
	if (v->signal_fd < 0)
		return -1;
	if (!n.config.tty)
		return 0;
	v->from_fd = 0;
	if (!isatty(0))
		return 0;
	out_note(out, "connected to '%s'; ^A q leaves", name);
	show_window(v);
	return tty_raw(0, &v->saved, e);
}

static int attach(struct call *c, bool must_type, struct err *e)
{
	auto_store struct store store = STORE_INIT;
	struct visit v = { .fd = -1, .signal_fd = -1, .from_fd = -1, .status = -1 };
	int rc;

	if (store_open(&store, e) < 0)
		return -1;
	rc = begin(&v, &store, c->argv[0], must_type, c->out, e);
	if (rc == 0)
		rc = visit(&v, e);
	tty_restore(&v.saved);
	auto_fd_cleanup(&v.fd);
	auto_fd_cleanup(&v.signal_fd);
	if (rc < 0)
		return -1;
	if (isatty(1) && v.leaves)
		out_note(c->out, "'%s' runs on", c->argv[0]);
	return v.status > 0 ? v.status : 0;
}

static int run_console(struct call *c, struct err *e)
{
	return attach(c, true, e);
}

static int run_attach(struct call *c, struct err *e)
{
	return attach(c, false, e);
}

const struct command cmd_console = {
	.name = "console",
	.args = "NAME",
	.summary = "sit down at the console of a container",
	.min_args = 1,
	.max_args = 1,
	.run = run_console,
};

const struct command cmd_attach = {
	.name = "attach",
	.args = "NAME",
	.summary = "see what a background container says, and type to it",
	.min_args = 1,
	.max_args = 1,
	.run = run_attach,
};
