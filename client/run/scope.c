#include "client/run/scope.h"

#include "client/run/busmsg.h"
#include "client/run/cgroup.h"
#include "lib/base/fs.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#define ANSWER_WAIT_S 5
#define MOVE_TRIES    1000 /* of 5 ms */
#define MANAGER       "org.freedesktop.systemd1"
#define BUS           "org.freedesktop.DBus"

/* ---- the connection */

/* "unix:path=/run/user/1000/bus,guid=..." or the place where it is when nothing says so. */
static bool bus_path(char out[sizeof(((struct sockaddr_un *)0)->sun_path)])
{
	static const char unix_path[] = "unix:path=";
	const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
	const char *run = getenv("XDG_RUNTIME_DIR");
	const size_t room = sizeof(((struct sockaddr_un *)0)->sun_path);
	const char *at = address ? strstr(address, unix_path) : NULL;
	int len;

	if (at) {
		at += strlen(unix_path);
		len = snprintf(out, room, "%.*s", (int)strcspn(at, ",;"), at);
	} else {
		len = run ? snprintf(out, room, "%s/bus", run) : 0;
	}
	return len > 0 && (size_t)len < room;
}

static int connect_bus(struct err *e)
{
	const struct timeval patience = { .tv_sec = ANSWER_WAIT_S };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(e, "cannot make a socket");
	if (!bus_path(to.sun_path) ||
		connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return err_set(e, ERR_NOTFOUND, "no user manager of systemd is here");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return err_sys(e, "cannot set up a socket");
	return STEAL_FD(fd);
}

static int send_all(int fd, const void *data, size_t len, struct err *e)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(e, "cannot talk to the bus");
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Appends what comes next. */
static int receive(int fd, struct buf *in, struct err *e)
{
	unsigned char chunk[4096];
	ssize_t n;

	do
		n = recv(fd, chunk, sizeof(chunk), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "the bus does not answer");
	if (n == 0)
		return err_set(e, ERR_FAILED, "the bus closed the connection");
	buf_add(in, chunk, (size_t)n);
	return buf_check(in, "what the bus says", e);
}

/* Who we are the socket tells: our own number is another one in a user namespace. */
static int log_in(int fd, struct err *e)
{
	static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	auto_buf struct buf said = BUF_INIT(BUSMSG_MAX);

	if (send_all(fd, hello, sizeof(hello) - 1, e) < 0)
		return -1;
	while (!strstr(buf_str(&said), "OK ") || buf_str(&said)[said.len - 1] != '\n') {
		if (strstr(buf_str(&said), "REJECTED"))
			return err_set(e, ERR_FAILED, "the bus does not let us in");
		if (receive(fd, &said, e) < 0)
			return -1;
	}
	return 0;
}

/* Signals and answers to others are passed over. */
static int call(int fd, const struct busmsg_call *c, struct bytes body, struct buf *in,
	struct err *e)
{
	auto_buf struct buf out = BUF_INIT(BUSMSG_MAX);
	struct busmsg m = { 0 };

	busmsg_call(c, body, &out);
	if (buf_check(&out, "a message", e) < 0 || send_all(fd, out.data, out.len, e) < 0)
		return -1;
	while (m.reply_to != c->serial) {
		long len = busmsg_parse(buf_bytes(in), &m);

		if (len < 0)
			return err_set(e, ERR_FAILED, "the bus sent no message");
		if (len == 0 && receive(fd, in, e) < 0)
			return -1;
		if (len == 0)
			continue;
		in->len -= (size_t)len;
		memmove(in->data, in->data + len, in->len);
	}
	if (m.type == BUSMSG_ERROR)
		return err_set(e, ERR_FAILED, "%s", *m.text ? m.text : "refused");
	return 0;
}

/* ---- the unit */

static void put_property(struct buf *body, const char *name, const char *type)
{
	busmsg_align(body, 8);
	busmsg_string(body, name);
	busmsg_signature(body, type);
}

static void put_unit(struct buf *body, const char *name)
{
	auto_free char *unit = xasprintf("rootyard-%s-%d.scope", name, (int)getpid());
	size_t properties, pids;

	busmsg_string(body, unit);
	busmsg_string(body, "fail"); /* rather than replace one of that name */
	properties = busmsg_array_begin(body, 8);
	put_property(body, "Description", "s");
	busmsg_string(body, "container of rootyard");
	put_property(body, "Delegate", "b");
	busmsg_u32(body, 1);
	put_property(body, "CollectMode", "s");
	busmsg_string(body, "inactive-or-failed");
	put_property(body, "PIDs", "au");
	pids = busmsg_array_begin(body, 4);
	busmsg_u32(body, (uint32_t)getpid());
	busmsg_array_end(body, pids, 4);
	busmsg_array_end(body, properties, 8);
	busmsg_array_end(body, busmsg_array_begin(body, 8), 8); /* no other units */
}

static int ask_for_scope(const char *name, struct err *e)
{
	const struct busmsg_call hello = { 1, BUS, "/org/freedesktop/DBus", BUS, "Hello",
		"" };
	const struct busmsg_call start = { 2, MANAGER, "/org/freedesktop/systemd1",
		MANAGER ".Manager", "StartTransientUnit", "ssa(sv)a(sa(sv))" };
	auto_buf struct buf in = BUF_INIT(4 * BUSMSG_MAX), body = BUF_INIT(BUSMSG_MAX);
	auto_fd int fd = connect_bus(e);

	if (fd < 0 || log_in(fd, e) < 0 || call(fd, &hello, bytes_of("", 0), &in, e) < 0)
		return -1;
	put_unit(&body, name);
	return call(fd, &start, buf_bytes(&body), &in, e);
}

int scope_enter(const char *name, struct err *e)
{
	const struct timespec moment = { .tv_nsec = 5000000 };

	if (ask_for_scope(name, e) < 0)
		return err_wrap(e, "systemd's user manager");
	/* The answer says that it was begun; being there says that it is done. */
	for (int i = 0; i < MOVE_TRIES; i++) {
		if (cgroup_step_aside("supervisor", e) == 0)
			return 0;
		if (e->code != ERR_NOTFOUND)
			return -1;
		nanosleep(&moment, NULL);
	}
	return err_set(e, ERR_FAILED,
		"systemd's user manager: its scope did not become ours in time");
}
