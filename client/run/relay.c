#include "client/run/relay.h"

#include <fcntl.h>

static void add_channel(
	struct relay *r, int from, bool from_is_ours, int to, bool to_is_ours)
{
	struct channel *c = &r->channel[r->count++];

	c->from = from;
	c->from_is_ours = from_is_ours;
	c->to = to;
	c->to_is_ours = to_is_ours;
}

/* Our end does not block: a reader that sleeps must not make us deaf to signals. */
static int plan_pipe(struct relay *r, int which, int *stdio, struct err *e)
{
	int ends[2], ours = which == 0 ? 1 : 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	if (fcntl(ends[ours], F_SETFL, O_NONBLOCK) < 0) {
		close(ends[0]);
		close(ends[1]);
		return err_sys(e, "cannot set up a pipe");
	}
	r->child_end[which] = *stdio = ends[!ours];
	if (which == 0)
		add_channel(r, 0, false, ends[1], true);
	else
		add_channel(r, ends[0], true, which, false);
	return 0;
}

int relay_plan(struct relay *r, int stdio[3], struct err *e)
{
	memset(r, 0, sizeof(*r));
	r->master_fd = -1;
	r->wants_tty = isatty(0) && isatty(1);
	for (int i = 0; i < 3; i++) {
		r->child_end[i] = -1;
		stdio[i] = i;
		if (!isatty(i))
			continue;
		if (r->wants_tty)
			stdio[i] = -1;
		else if (plan_pipe(r, i, &stdio[i], e) < 0)
			return -1;
	}
	return 0;
}

int relay_begin(struct relay *r, int master_fd, struct err *e)
{
	for (int i = 0; i < 3; i++)
		auto_fd_cleanup(&r->child_end[i]);
	if (master_fd < 0)
		return 0;
	r->master_fd = master_fd;
	if (fcntl(master_fd, F_SETFL, O_NONBLOCK) < 0)
		return err_sys(e, "cannot set up the terminal");
	relay_resize(r);
	add_channel(r, 0, false, master_fd, true);
	add_channel(r, master_fd, true, 1, false);
	return tty_raw(0, &r->saved, e);
}

/* Closing our end of a pipe tells the container that nothing more comes, or that nobody
 * reads; the master stays, the other direction needs it. */
static void end_channel(const struct relay *r, struct channel *c)
{
	if (c->from_is_ours && c->from != r->master_fd)
		auto_fd_cleanup(&c->from);
	if (c->to_is_ours && c->to != r->master_fd)
		auto_fd_cleanup(&c->to);
	c->from = c->to = -1;
	c->len = c->done = 0;
}

size_t relay_poll(struct relay *r, struct pollfd *out)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct channel *c = &r->channel[i];
		bool full = c->len > c->done;

		out[2 * i] = (struct pollfd){ full ? -1 : c->from, POLLIN, 0 };
		out[2 * i + 1] = (struct pollfd){ full ? c->to : -1, POLLOUT, 0 };
	}
	return 2 * r->count;
}

static bool ready(int fd, short events)
{
	struct pollfd p = { fd, events, 0 };

	return poll(&p, 1, 0) > 0;
}

/* One read and one write; whether the channel still lives. */
static bool move(const struct relay *r, struct channel *c)
{
	ssize_t n;

	if (c->len == c->done && ready(c->from, POLLIN)) {
		n = read(c->from, c->data, sizeof(c->data));
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			end_channel(r, c);
			return false;
		}
		c->len = n > 0 ? (size_t)n : 0;
		c->done = 0;
	}
	if (c->len > c->done && ready(c->to, POLLOUT)) {
		n = write(c->to, c->data + c->done, c->len - c->done);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			end_channel(r, c);
			return false;
		}
		c->done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

bool relay_move(struct relay *r, bool last)
{
	bool more = false;

	for (size_t i = 0; i < r->count; i++) {
		struct channel *c = &r->channel[i];

		if (c->from < 0)
			continue;
		if (last && !c->from_is_ours)
			end_channel(r, c);
		else if (move(r, c) && last)
			more |= c->len > c->done || ready(c->from, POLLIN);
	}
	return more;
}

void relay_resize(const struct relay *r)
{
	if (r->master_fd >= 0)
		tty_copy_size(0, r->master_fd);
}

void relay_end(struct relay *r)
{
	tty_restore(&r->saved);
	for (size_t i = 0; i < r->count; i++)
		if (r->channel[i].from >= 0)
			end_channel(r, &r->channel[i]);
	for (int i = 0; i < 3; i++)
		auto_fd_cleanup(&r->child_end[i]);
	auto_fd_cleanup(&r->master_fd);
	memset(r->child_end, -1, sizeof(r->child_end));
	r->count = 0;
	r->master_fd = -1;
}
