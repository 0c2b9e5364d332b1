/* netns.h -- the private network namespace, made while the caller does other things.
 * Making one takes the kernel as long as all our mounts together; a process that shares our
 * memory and descriptors makes it beside them.
 * Rules   nothing is allocated; between begin and join the caller keeps the struct where
 *         it is and starts no process
 * Owns    the maker and its socket, both gone after the join
 * Source  unshare(2), setns(2), SIOCGSKNS in socket(7) */
#ifndef CLIENT_RUN_NETNS_H
#define CLIENT_RUN_NETNS_H

#include "lib/base/err.h"

#include <sys/types.h>

#define NETNS_STACK 16384

struct netns {
	pid_t maker;
	int sock_fd; /* in the new namespace; -1: could not be made */
	char stack[NETNS_STACK] __attribute__((aligned(16)));
};

/* Needs CAP_SYS_ADMIN in the caller's user namespace, mapped or not. What fails here is
 * told by the join. */
void netns_begin(struct netns *n) nonnull;

/* Moves the caller into it, its loopback up. */
int netns_join(struct netns *n, struct err *e) must_check nonnull;

/* Starts the loopback of the caller's namespace. */
int netns_loopback(struct err *e) must_check nonnull;

#endif
