#include "httpd/keeper.h"

#include "lib/base/sandbox.h"
#include "seccomp.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define ANSWER_MS 5000

struct question {
	uint32_t number; /* so that an answer that came too late is told from the next */
	uint32_t which;
};

struct reply_head {
	uint32_t number;
	int32_t error;
};

struct keeper {
	pid_t pid;
	int sock_fd;
	uint32_t asked;
	size_t count;
	struct keeper_file file[KEEPER_FILES_MAX];
};

/* ---- in the process itself */

static void answer(int sock_fd, int fd, struct reply_head head)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec body = { &head, sizeof(head) };
	struct msghdr message = { .msg_iov = &body, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	if (sendmsg(sock_fd, &message, MSG_NOSIGNAL) < 0)
		_exit(0);
}

static void keep(const struct keeper *k, int sock_fd)
{
	struct question q;

	while (recv(sock_fd, &q, sizeof(q), 0) == sizeof(q)) {
		int fd = -1;

		errno = EINVAL;
		if (q.which < k->count)
			fd = open(k->file[q.which].path,
				k->file[q.which].flags | O_CLOEXEC | O_NOCTTY, 0640);
		answer(sock_fd, fd, (struct reply_head){ q.number, fd < 0 ? errno : 0 });
		if (fd >= 0)
			close(fd);
	}
	_exit(0);
}

#if defined(__SANITIZE_ADDRESS__)
#define UNFILTERED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNFILTERED 1
#endif
#endif

static int filter_calls(struct err *e)
{
#ifdef UNFILTERED
	(void)e;
	return 0;
#else
	return sandbox_seccomp(seccomp_keeper, ARRAY_COUNT(seccomp_keeper), e);
#endif
}

/* What ends the server ends this through the socket: signals to all would end it before
 * a draining server is done. */
static void become_keeper(const struct keeper *k, int sock_fd)
{
	struct err e;

	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (sandbox_no_new_privs(&e) < 0 || sandbox_drop_caps(&e) < 0 ||
		sandbox_no_core(&e) < 0 || filter_calls(&e) < 0)
		_exit(1);
	keep(k, sock_fd);
}

/* ---- in the server */

int keeper_start(
	const struct keeper_file *files, size_t count, struct keeper **out, struct err *e)
{
	struct keeper *k = xcalloc(1, sizeof(*k));
	int pair[2];

	if (count > KEEPER_FILES_MAX)
		err_abort("more files than the keeper keeps");
	k->count = count;
	memcpy(k->file, files, count * sizeof(*files));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		free(k);
		return err_sys(e, "cannot make a socket pair");
	}
	k->pid = fork();
	if (k->pid == 0) {
		close(pair[0]);
		become_keeper(k, pair[1]);
	}
	close(pair[1]);
	k->sock_fd = pair[0];
	if (k->pid < 0) {
		err_sys(e, "cannot start a process");
		close(k->sock_fd);
		free(k);
		return -1;
	}
	*out = k;
	return 0;
}

void keeper_stop(struct keeper **slot)
{
	struct keeper *k = *slot;

	if (!k)
		return;
	/* Its end is not waited for: once confined we may not, and it is init's then. */
	close(k->sock_fd);
	free(k);
	*slot = NULL;
}

/* One answer, whichever question it is to; -1 when none came. */
static int receive(int sock_fd, struct reply_head *head, int *fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec body = { head, sizeof(*head) };
	struct msghdr message = { .msg_iov = &body,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct pollfd p = { .fd = sock_fd, .events = POLLIN };
	struct cmsghdr *c;

	*fd = -1;
	if (poll(&p, 1, ANSWER_MS) != 1) {
		errno = ETIMEDOUT;
		return -1;
	}
	if (recvmsg(sock_fd, &message, MSG_CMSG_CLOEXEC) != sizeof(*head)) {
		errno = EPIPE;
		return -1;
	}
	c = CMSG_FIRSTHDR(&message);
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	return 0;
}

/* Answers to questions that were given up are dropped: taken for this one they would
 * swap the certificate and its key, now and ever after. */
static int receive_answer(int sock_fd, uint32_t number)
{
	struct reply_head head;
	int fd;

	for (;;) {
		if (receive(sock_fd, &head, &fd) < 0)
			return -1;
		if (head.number == number)
			break;
		if (fd >= 0)
			close(fd);
	}
	if (fd < 0)
		errno = head.error ? head.error : EBADMSG;
	return fd;
}

int keeper_open(struct keeper *k, size_t which, struct err *e)
{
	const struct question q = { ++k->asked, (uint32_t)which };
	int fd = -1;

	if (send(k->sock_fd, &q, sizeof(q), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(q))
		fd = receive_answer(k->sock_fd, q.number);
	return fd >= 0 ? fd : err_sys(e, "cannot open '%s'", k->file[which].path);
}
