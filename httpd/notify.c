#include "httpd/notify.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static int64_t watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!usec || (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	return strtoll(usec, NULL, 10) / 1000 / 3; /* three chances */
}

static int connect_to(const char *path, struct err *e)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	auto_fd int fd = -1;

	if ((path[0] != '/' && path[0] != '@') || len < 2 ||
		len >= sizeof(where.sun_path))
		return err_set(e, ERR_USAGE, "NOTIFY_SOCKET is no socket: '%s'", path);
	memcpy(where.sun_path, path, len + 1);
	if (path[0] == '@')
		where.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 ||
		connect(fd, (const struct sockaddr *)&where,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return err_sys(e, "cannot reach the service manager at '%s'", path);
	return STEAL_FD(fd);
}

int notify_open(struct notify *n, struct err *e)
{
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = path ? connect_to(path, e) : -1;

	if (path && fd < 0)
		return -1;
	*n = (struct notify){ .fd = fd, .interval_ms = watchdog_ms() };
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return 0;
}

void notify_close(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

static void tell(const struct notify *n, const char *text)
{
	if (n->fd >= 0)
		send(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void notify_ready(const struct notify *n, const char *status)
{
	char text[256];

	snprintf(text, sizeof(text), "READY=1\nSTATUS=%s", status);
	tell(n, text);
}

void notify_reloading(const struct notify *n)
{
	char text[80];
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
		(unsigned long long)t.tv_sec * 1000000 +
			(unsigned long long)t.tv_nsec / 1000);
	tell(n, text);
}

void notify_stopping(const struct notify *n)
{
	tell(n, "STOPPING=1\nSTATUS=letting replies under way finish");
}

void notify_alive(struct notify *n, int64_t now_ms)
{
	if (n->interval_ms <= 0 || now_ms - n->told_ms < n->interval_ms)
		return;
	n->told_ms = now_ms;
	tell(n, "WATCHDOG=1");
}
