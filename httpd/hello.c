#include "httpd/hello.h"

#include <errno.h>
#include <sys/socket.h>

#define HANDSHAKE 0x16

bool hello_is_handshake(int sock_fd)
{
	unsigned char first = 0;

	return recv(sock_fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1 &&
	       first == HANDSHAKE;
}

/* Unread bytes would turn the end into a reset, which takes the answer with it. */
static void drain(int sock_fd)
{
	char ignored[4096];

	for (int i = 0; i < 4; i++)
		if (recv(sock_fd, ignored, sizeof(ignored), MSG_DONTWAIT) <= 0)
			return;
}

static void refuse_clear(int sock_fd)
{
	static const char answer[] = "HTTP/1.1 400 Bad Request\r\n"
				     "Content-Type: text/plain; charset=utf-8\r\n"
				     "Content-Length: 36\r\n"
				     "Connection: close\r\n\r\n"
				     "this port speaks TLS: use https://\r\n";

	drain(sock_fd);
	send(sock_fd, answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(sock_fd, SHUT_RDWR);
}

ssize_t hello_receive(struct hello *h, void *p, size_t size)
{
	ssize_t n = recv(h->sock_fd, p, size, 0);
	const unsigned char *first = p;

	if (n <= 0 || h->is_heard)
		return n;
	h->is_heard = true;
	if (*first < 'A' || *first > 'Z')
		return n;
	refuse_clear(h->sock_fd);
	errno = ECONNRESET;
	return -1;
}
