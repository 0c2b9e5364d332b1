#include "client/run/console.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PATIENCE_MS 100 /* for one who is attached and does not read */

/* ---- the log */

static int open_log(int dir_fd, struct err *e)
{
	int fd = openat(dir_fd, "log",
		O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);

	return fd < 0 ? err_sys(e, "cannot open its log") : fd;
}

/* A full disk loses lines of the log and nothing else. */
static void log_add(struct console *c, const char *data, size_t len)
{
	struct stat st;
	struct err ignored;

	if (c->log_fd >= 0 && fstat(c->log_fd, &st) == 0 &&
		(uint64_t)st.st_size + len > CONSOLE_LOG_MAX) {
		auto_fd_cleanup(&c->log_fd);
		(void)renameat(c->dir_fd, "log", c->dir_fd, "log.1");
		c->log_fd = open_log(c->dir_fd, &ignored);
	}
	if (c->log_fd >= 0)
		(void)!fs_write_all(c->log_fd, data, len, &ignored);
}

/* ---- who is attached */

/* Socket names are short and run places may be long. */
static void ctl_address(int dir_fd, const char *path, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/%s", dir_fd,
		path);
}

static int listen_at(int run_dir, struct err *e)
{
	auto_fd int fd =
		socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;

	ctl_address(run_dir, "ctl", &address);
	unlinkat(run_dir, "ctl", 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, CONSOLE_CLIENTS) < 0)
		return err_sys(e, "cannot open its console");
	return STEAL_FD(fd);
}

int console_connect(int run_fd, const char *name, struct err *e)
{
	auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	auto_fd int dir =
		openat(run_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct sockaddr_un address;

	ctl_address(dir, "ctl", &address);
	if (fd < 0 || dir < 0 ||
		connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return err_set(e, ERR_NOTFOUND,
				"container '%s' has no console: it runs in somebody's "
				"foreground, or not at all",
				name);
		return err_sys(e, "cannot reach the console of '%s'", name);
	}
	return STEAL_FD(fd);
}

static void drop_client(struct console *c, size_t which)
{
	auto_fd_cleanup(&c->client[which]);
	c->client[which] = -1;
	c->behind[which] = false;
}

static void send_to(struct console *c, size_t which, const struct iovec part[2])
{
	struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)part,
		.msg_iovlen = 2 };
	struct pollfd p = { c->client[which], POLLOUT, 0 };

	if (c->client[which] < 0 || c->behind[which])
		return;
	for (int i = 0; i < 2; i++) {
		if (sendmsg(c->client[which], &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return;
		if (errno != EAGAIN) {
			drop_client(c, which);
			return;
		}
		if (i == 0)
			(void)poll(&p, 1, PATIENCE_MS);
	}
	c->behind[which] = true;
}

static void tell_all(struct console *c, uint8_t kind, const void *data, size_t len)
{
	const struct iovec part[2] = { { &kind, 1 }, { (void *)(uintptr_t)data, len } };

	for (size_t i = 0; i < CONSOLE_CLIENTS; i++)
		send_to(c, i, part);
}

static void take_client(struct console *c)
{
	int fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (size_t i = 0; fd >= 0 && i < CONSOLE_CLIENTS; i++)
		if (c->client[i] < 0) {
			c->client[i] = STEAL_FD(fd);
			return;
		}
	auto_fd_cleanup(&fd);
}

static void set_window(const struct console *c, const struct console_packet *p)
{
	uint16_t size[2];
	struct winsize window = { 0 };

	memcpy(size, p->data, sizeof(size));
	window.ws_row = size[0];
	window.ws_col = size[1];
	ioctl(c->from[0], TIOCSWINSZ, &window);
}

static void hear_client(struct console *c, size_t which)
{
	struct console_packet p;
	ssize_t n = recv(c->client[which], &p, sizeof(p), 0);

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			drop_client(c, which);
		return;
	}
	if (!c->is_tty)
		return;
	if (p.kind == CONSOLE_WINDOW && n == 1 + 2 * (ssize_t)sizeof(uint16_t))
		set_window(c, &p);
	if (p.kind == CONSOLE_DATA && c->typed_len == 0) {
		c->typed_len = (size_t)n - 1;
		memcpy(c->typed, p.data, c->typed_len);
	}
}

/* ---- the container */

static void type_on(struct console *c)
{
	ssize_t n = write(c->from[0], c->typed, c->typed_len);

	if (n > 0) {
		c->typed_len -= (size_t)n;
		memmove(c->typed, c->typed + n, c->typed_len);
	} else if (errno != EAGAIN && errno != EINTR) {
		c->typed_len = 0;
	}
}

/* Whether something came. */
static bool hear_container(struct console *c, size_t which)
{
	char data[CONSOLE_DATA_MAX];
	ssize_t n = read(c->from[which], data, sizeof(data));

	if (n > 0) {
		log_add(c, data, (size_t)n);
		tell_all(c, CONSOLE_DATA, data, (size_t)n);
		return true;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		auto_fd_cleanup(&c->from[which]);
		c->from[which] = -1;
	}
	return false;
}

int console_open(struct console *c, int dir_fd, int run_dir, struct err *e)
{
	*c = (struct console){
		.dir_fd = dir_fd, .from = { -1, -1 }, .listen_fd = -1, .peer_fd = -1
	};
	memset(c->client, -1, sizeof(c->client));
	c->log_fd = open_log(dir_fd, e);
	if (c->log_fd < 0)
		return -1;
	c->listen_fd = listen_at(run_dir, e);
	return c->listen_fd < 0 ? -1 : 0;
}

int console_begin(
	struct console *c, int first_fd, int second_fd, bool is_tty, struct err *e)
{
	c->from[0] = first_fd;
	c->from[1] = second_fd;
	c->is_tty = is_tty;
	c->typed_len = 0;
	if (is_tty)
		c->peer_fd = ioctl(first_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	for (size_t i = 0; i < 2; i++)
		if (c->from[i] >= 0 && fcntl(c->from[i], F_SETFL, O_NONBLOCK) < 0)
			return err_sys(e, "cannot set up its console");
	return 0;
}

void console_poll(const struct console *c, struct pollfd *out)
{
	out[0] = (struct pollfd){ c->listen_fd, POLLIN, 0 };
	out[1] = (struct pollfd){ c->from[0],
		(short)(POLLIN | (c->typed_len ? POLLOUT : 0)), 0 };
	out[2] = (struct pollfd){ c->from[1], POLLIN, 0 };
	for (size_t i = 0; i < CONSOLE_CLIENTS; i++)
		out[3 + i] = (struct pollfd){ c->client[i],
			(short)((c->typed_len ? 0 : POLLIN) |
				(c->behind[i] ? POLLOUT : 0)),
			0 };
}

void console_serve(struct console *c, const struct pollfd *fds)
{
	for (size_t i = 0; i < CONSOLE_CLIENTS; i++) {
		if (fds[3 + i].revents & POLLOUT)
			c->behind[i] = false;
		if (fds[3 + i].revents & (POLLIN | POLLHUP | POLLERR))
			hear_client(c, i);
	}
	if (c->typed_len > 0 && (fds[1].revents & POLLOUT))
		type_on(c);
	for (size_t i = 0; i < 2; i++)
		if (fds[1 + i].revents & (POLLIN | POLLHUP | POLLERR))
			(void)hear_container(c, i);
	if (fds[0].revents & POLLIN)
		take_client(c);
}

void console_drain(struct console *c)
{
	for (size_t i = 0; i < 2; i++) {
		while (c->from[i] >= 0 && hear_container(c, i))
			;
		auto_fd_cleanup(&c->from[i]);
		c->from[i] = -1;
	}
	auto_fd_cleanup(&c->peer_fd);
	c->peer_fd = -1;
}

void console_close(struct console *c, int status)
{
	int32_t value = status;

	tell_all(c, CONSOLE_EXIT, &value, sizeof(value));
	for (size_t i = 0; i < CONSOLE_CLIENTS; i++)
		drop_client(c, i);
	auto_fd_cleanup(&c->listen_fd);
	auto_fd_cleanup(&c->log_fd);
	c->listen_fd = c->log_fd = -1;
}
