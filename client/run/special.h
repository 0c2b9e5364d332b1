/* special.h -- /proc, /sys and /dev of a container.
 * Rules   mounted while the host's own are still there (the kernel gives a new /proc only
 *         then) and checked afterwards; device nodes are the host's, bound one by one and
 *         checked to be the device they are named after
 * Source  runtime-spec config-linux.md "Default Devices"; proc(5), devpts(5) */
#ifndef CLIENT_RUN_SPECIAL_H
#define CLIENT_RUN_SPECIAL_H

#include "client/run/netns.h"

/* Mounts all of them beneath root_fd. net: one that was begun, joined right before /sys,
 * which shows the network of who mounts it; NULL: the caller is where it should be. */
int special_mount(int root_fd, unsigned int flags, struct netns *net,
	struct err *e) must_check nonnull_args(4);

/* Mounts on root_fd/name, made when it is missing, and looks by that name at whether a
 * file system of this magic is there. */
int special_attach(int mount_fd, int root_fd, const char *name, long magic,
	struct err *e) must_check nonnull;

#endif
