/* net.h -- a network for a container without privilege: pasta, or slirp4netns, between its
 * network namespace and the caller's own sockets.
 * Shape   a launcher process, forked before the caller enters the holder namespace, so
 *         that what it executes is the caller's and no more; it is told whose
 *         namespaces, starts the helper, and lives as long as somebody holds our end
 * Rules   the host's loopback addresses are not reachable from inside; ports of the host
 *         are opened for `publish` alone
 * Errors  ERR_NOTFOUND names the missing program or device with the mend
 * Owns    the launcher and its socket until net_end
 * Source  pasta(1), slirp4netns(1) */
#ifndef CLIENT_RUN_NET_H
#define CLIENT_RUN_NET_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

#define NET_PUBLISH_MAX 16

struct net {
	int sock_fd;
	pid_t launcher;
	const char *resolv_conf; /* what the container's names are looked up with */
};

#define NET_INIT                                                                         \
	{                                                                                \
		.sock_fd = -1, .launcher = -1                                            \
	}

/* [ADDRESS:]PORT[:PORT][/tcp|/udp] as pasta's -t or -u takes it. */
struct net_port {
	bool udp;
	unsigned int host_port;
	char spec[96];
};

int net_port_parse(
	const char *text, struct net_port *out, struct err *e) must_check nonnull;

/* Starts the launcher; run: the run place; publish: NULL-terminated, may be NULL. */
int net_begin(struct net *n, const char *run, const char *const *publish,
	struct err *e) must_check nonnull_args(1, 2, 4);

/* Connects the namespaces of a process, and waits until its interface is up. */
int net_connect(struct net *n, pid_t pid, struct err *e) must_check nonnull;

/* Lets go of it, because another process holds it now. */
void net_leave(struct net *n) nonnull;

/* Lets go: with the last one who does the helper ends. */
void net_end(struct net *n) nonnull;

#endif
