#include "httpd/hello.h"

#include "lib/base/auto.h"

#include <sys/socket.h>

#define HANDSHAKE 0x16

bool hello_is_wrong(int sock_fd, bool is_tls)
{
	unsigned char first = 0;

	if (recv(sock_fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) != 1)
		return false;
	return is_tls ? first >= 'A' && first <= 'Z' : first == HANDSHAKE;
}

/* Unread bytes would turn the end into a reset, which takes the answer with it. */
static void drain(int sock_fd)
{
	char ignored[4096];

	for (int i = 0; i < 4; i++)
		if (recv(sock_fd, ignored, sizeof(ignored), MSG_DONTWAIT) <= 0)
			return;
}

void hello_refuse(int sock_fd, bool is_tls)
{
	static const char answer[] = "HTTP/1.1 400 Bad Request\r\n"
				     "Content-Type: text/plain; charset=utf-8\r\n"
				     "Content-Length: 36\r\n"
				     "Connection: close\r\n\r\n"
				     "this port speaks TLS: use https://\r\n";

	drain(sock_fd);
	if (is_tls)
		send(sock_fd, answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(sock_fd, SHUT_RDWR);
}
