#include "client/run/netns.h"

#include "lib/base/auto.h"

#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* Any socket carries the requests; a local one touches no network. */
static int open_local(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static int raise_loopback(int sock_fd)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	return ioctl(sock_fd, SIOCSIFFLAGS, &lo);
}

int netns_loopback(struct err *e)
{
	auto_fd int sock = open_local();

	if (sock < 0 || raise_loopback(sock) < 0)
		return err_sys(e, "cannot start the loopback interface");
	return 0;
}

/* errno is the caller's, who is using it: nothing but success is told. */
static int make(void *arg)
{
	struct netns *n = arg;
	int sock;

	if (unshare(CLONE_NEWNET) < 0)
		return 1;
	sock = open_local();
	if (sock < 0)
		return 1;
	n->sock_fd = sock;
	return raise_loopback(sock) < 0;
}

void netns_begin(struct netns *n)
{
	n->sock_fd = -1;
	n->maker =
		clone(make, n->stack + NETNS_STACK, CLONE_VM | CLONE_FS | CLONE_FILES, n);
}

/* 1: as the maker promised; 0: it made none. */
static int enter_made(const struct netns *n, struct err *e)
{
	auto_fd int sock = -1, ns = -1;
	int status = 1;

	if (n->maker < 0)
		return 0;
	if (waitpid(n->maker, &status, __WALL) < 0)
		return err_sys(e, "cannot wait for the network namespace");
	sock = n->sock_fd;
	if (status != 0)
		return 0;
	ns = ioctl(sock, SIOCGSKNS);
	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		return err_sys(e, "cannot enter the network namespace");
	return 1;
}

int netns_join(struct netns *n, struct err *e)
{
	int made = enter_made(n, e);

	if (made != 0)
		return made < 0 ? -1 : 0;
	if (unshare(CLONE_NEWNET) < 0)
		return err_sys(e, "cannot make the network namespace");
	return netns_loopback(e);
}
