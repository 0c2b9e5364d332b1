#include "client/run/report.h"

#include <sys/socket.h>

void report_failure(int sock_fd, int status, const struct err *e)
{
	struct report r = { .kind = REPORT_FAILURE, .status = status, .e = *e };

	(void)!send(sock_fd, &r, sizeof(r), MSG_NOSIGNAL);
	_exit(status);
}

int report_descriptor(int sock_fd, int fd, struct err *e)
{
	struct report r = { .kind = REPORT_DESCRIPTOR };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { .iov_base = &r, .iov_len = sizeof(r) };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(int));
	if (sendmsg(sock_fd, &message, MSG_NOSIGNAL) < 0)
		return err_sys(e, "cannot hand over a descriptor");
	return 0;
}

int report_receive(int sock_fd, struct report *out, int *fd, struct err *e)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { .iov_base = out, .iov_len = sizeof(*out) };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *head;
	ssize_t n;

	*fd = -1;
	do
		n = recvmsg(sock_fd, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "cannot hear from the container");
	if (n == 0)
		return 0;
	if (n != (ssize_t)sizeof(*out))
		return err_set(e, ERR_FAILED, "a report of %zd bytes", n);
	head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
		head->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(head), sizeof(int));
	return 1;
}
