/* floor-httpd.c -- what an HTTP server cannot do without: accept, read, write of one
 * cached buffer, an epoll set and a thread for each processor. It reads no head, knows no
 * file and answers every request alike; bench/serve compares with it.
 *     floor-httpd FILE THREADS      prints its port, serves 127.0.0.1 until killed */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int listen_fd;
static char head[256];
static size_t head_len, body_len;
static void *body;

struct peer {
	int fd;
	size_t sent; /* of head and body, of the reply under way */
};

/* 0: all of it is out; 1: the socket is full; -1: the peer left. */
static int write_rest(struct peer *p)
{
	while (p->sent < head_len + body_len) {
		struct iovec v[2] = { { head + p->sent, head_len - p->sent },
			{ body, body_len } };
		size_t in_body = p->sent - head_len;
		struct iovec rest = { (char *)body + in_body, body_len - in_body };
		ssize_t n = p->sent < head_len ? writev(p->fd, v, 2)
					       : writev(p->fd, &rest, 1);

		if (n < 0)
			return errno == EAGAIN ? 1 : -1;
		p->sent += (size_t)n;
	}
	p->sent = 0;
	return 0;
}

static void add_peer(int set)
{
	const int on = 1, queue = 128 << 10;
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct peer *p;
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &queue, sizeof(queue));
	p = calloc(1, sizeof(*p));
	p->fd = fd;
	e.data.ptr = p;
	epoll_ctl(set, EPOLL_CTL_ADD, fd, &e);
}

/* As write_rest. */
static int serve_peer(struct peer *p)
{
	char request[4096];
	int rest = p->sent > 0 ? write_rest(p) : 0;

	while (rest == 0) {
		ssize_t n = recv(p->fd, request, sizeof(request), 0);

		if (n <= 0)
			return n < 0 && errno == EAGAIN ? 0 : -1;
		rest = write_rest(p);
		if (n < (ssize_t)sizeof(request))
			break;
	}
	return rest;
}

static void remove_peer(struct peer *p)
{
	close(p->fd);
	free(p);
}

static void *serve(void *arg)
{
	int set = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event wait = { .events = EPOLLIN | EPOLLEXCLUSIVE }, got[128];

	epoll_ctl(set, EPOLL_CTL_ADD, listen_fd, &wait);
	for (;;) {
		int n = epoll_wait(set, got, 128, -1);

		for (int i = 0; i < n; i++)
			if (!got[i].data.ptr)
				add_peer(set);
			else if (serve_peer(got[i].data.ptr) < 0)
				remove_peer(got[i].data.ptr);
	}
	return arg;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);
	struct stat st;
	int fd = argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	pthread_t thread;

	signal(SIGPIPE, SIG_IGN);
	if (fd < 0 || fstat(fd, &st) < 0)
		return 2;
	body_len = (size_t)st.st_size;
	body = mmap(NULL, body_len, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	head_len = (size_t)snprintf(head, sizeof(head),
		"HTTP/1.1 200 OK\r\nDate: Wed, 25 Nov 2026 10:00:00 GMT\r\nContent-Type: "
		"application/octet-stream\r\nContent-Length: %zu\r\n\r\n",
		body_len);
	listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (body == MAP_FAILED || bind(listen_fd, (void *)&at, sizeof(at)) < 0 ||
		listen(listen_fd, 4096) < 0 ||
		getsockname(listen_fd, (void *)&at, &len) < 0)
		return 1;
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	for (int i = 1; i < atoi(argv[2]); i++)
		pthread_create(&thread, NULL, serve, NULL);
	serve(NULL);
	return 0;
}
