#include "httpd/listen.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define BACKLOG      4096
#define UNSENT_BYTES (512 << 10) /* what the kernel queues for one slow peer */

union where {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int parse_port(const char *text, uint16_t *out)
{
	unsigned int port = 0;

	if (!*text || strlen(text) > 5)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		port = port * 10 + (unsigned int)(*text - '0');
	}
	*out = (uint16_t)port;
	return port > 65535 ? -1 : 0;
}

static int parse_address(const char *host, uint16_t port, union where *out)
{
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(port);
		return 0;
	}
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons(port);
	return *host == '\0' || inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1 ? 0
										   : -1;
}

static int parse_where(const char *where, union where *out, struct err *e)
{
	const char *colon = strrchr(where, ':');
	size_t len = colon ? (size_t)(colon - where) : 0;
	char host[INET6_ADDRSTRLEN + 2];
	const char *name = host;
	uint16_t port;

	if (!colon || len >= sizeof(host) || parse_port(colon + 1, &port) < 0)
		return err_set(e, ERR_USAGE, "expected [ADDR]:PORT, not '%s'", where);
	memcpy(host, where, len);
	host[len] = '\0';
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		name++;
	} else if (strchr(host, ':')) {
		return err_set(e, ERR_USAGE,
			"write an IPv6 address in brackets, not as in '%s'", where);
	}
	if (parse_address(name, port, out) < 0)
		return err_set(e, ERR_USAGE, "'%s' is no numeric address", name);
	return 0;
}

static int bound_socket(union where *w)
{
	bool v4 = w->any.sa_family == AF_INET;
	auto_fd int fd =
		socket(w->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, off = 0;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -1;
	if (!v4 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
		return -1;
	if (bind(fd, &w->any, v4 ? sizeof(w->v4) : sizeof(w->v6)) < 0)
		return -1;
	return STEAL_FD(fd);
}

/* Where the kernel has no IPv6, every address means every IPv4 address. */
static int open_socket(union where *w)
{
	int fd = bound_socket(w);

	if (fd < 0 && errno == EAFNOSUPPORT && w->any.sa_family == AF_INET6 &&
		IN6_IS_ADDR_UNSPECIFIED(&w->v6.sin6_addr)) {
		uint16_t port = w->v6.sin6_port;

		memset(w, 0, sizeof(*w));
		w->v4.sin_family = AF_INET;
		w->v4.sin_port = port;
		fd = bound_socket(w);
	}
	return fd;
}

static void name_socket(int fd, struct listen_socket *out)
{
	union where w;
	socklen_t len = sizeof(w);
	char host[INET6_ADDRSTRLEN] = "";

	memset(&w, 0, sizeof(w));
	if (getsockname(fd, &w.any, &len) < 0)
		return;
	if (w.any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &w.v4.sin_addr, host, sizeof(host));
		snprintf(out->host_port, sizeof(out->host_port), "%s:%u", host,
			ntohs(w.v4.sin_port));
		out->port = ntohs(w.v4.sin_port);
	} else {
		inet_ntop(AF_INET6, &w.v6.sin6_addr, host, sizeof(host));
		snprintf(out->host_port, sizeof(out->host_port), "[%s]:%u", host,
			ntohs(w.v6.sin6_port));
		out->port = ntohs(w.v6.sin6_port);
	}
}

/* With its first bytes there already, what speaks something else is known at once. */
static int tune_socket(int fd)
{
	const int wait_s = 1, unsent = UNSENT_BYTES;

	if (setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &wait_s, sizeof(wait_s)) < 0)
		return -1;
	return setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
}

int listen_open(const char *where, enum listen_kind kind, struct listen_socket *out,
	struct err *e)
{
	struct listen_socket s = { .kind = kind };
	auto_fd int fd = -1;
	union where w = { .any = { .sa_family = AF_UNSPEC } };

	if (parse_where(where, &w, e) < 0)
		return -1;
	fd = open_socket(&w);
	if (fd < 0 || tune_socket(fd) < 0 || listen(fd, BACKLOG) < 0)
		return err_sys(e, "cannot listen on '%s'", where);
	name_socket(fd, &s);
	s.fd = STEAL_FD(fd);
	*out = s;
	return 0;
}

static bool is_listening_tcp(int fd)
{
	static const struct {
		int name, wanted;
	} facts[] = {
		{ SO_TYPE, SOCK_STREAM },
		{ SO_PROTOCOL, IPPROTO_TCP },
		{ SO_ACCEPTCONN, 1 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(facts); i++) {
		int value = 0;
		socklen_t len = sizeof(value);

		if (getsockopt(fd, SOL_SOCKET, facts[i].name, &value, &len) < 0 ||
			value != facts[i].wanted)
			return false;
	}
	return true;
}

int listen_adopt(int fd, enum listen_kind kind, struct listen_socket *out, struct err *e)
{
	struct listen_socket s = { .fd = fd, .kind = kind };
	int flags = fcntl(fd, F_GETFL);

	if (!is_listening_tcp(fd))
		return err_set(
			e, ERR_USAGE, "descriptor %d is no listening TCP socket", fd);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || tune_socket(fd) < 0)
		return err_sys(e, "cannot prepare socket %d", fd);
	name_socket(fd, &s);
	*out = s;
	return 0;
}
