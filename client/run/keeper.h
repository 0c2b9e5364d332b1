/* keeper.h -- the process that keeps the holder namespace between two commands.
 * Shape   <run place>/.holder/record, one line of decimals:
 *           pid starttime namespace uid_start gid_start files
 *         namespace is the inode of /proc/PID/ns/user; files is a digest of what stat says
 *         of the files that the ids were read from
 * Rules   one per run place. It is believed as the same process (start time) in the same
 *         namespace only, and asked for nothing but that namespace. It holds no
 *         descriptor, name or argument of whoever started it. It ends when its record is
 *         replaced or removed, or when nobody used it for a quarter of an hour; that
 *         costs the next command one newuidmap
 * Source  user_namespaces(7), setns(2), inotify(7) */
#ifndef CLIENT_RUN_KEEPER_H
#define CLIENT_RUN_KEEPER_H

#include "lib/base/userns.h"

struct keeper {
	pid_t pid; /* 0: none */
	uint64_t starttime, ns_inode, files;
	struct subids ids; /* what it maps */
};

/* The record, when there is one and nothing it was made from changed since. */
bool keeper_recall(int run_fd, struct keeper *out) nonnull;

/* Enters the namespace; false when the keeper is gone or is another process. */
bool keeper_join(const struct keeper *k) nonnull;

/* Enters one that maps ids: another command's, or a new one, which takes some
 * milliseconds. */
int keeper_enter(int run_fd, const struct subids *ids, struct err *e) must_check nonnull;

/* The pure part, for tests. */
bool keeper_parse(struct bytes text, struct keeper *out) nonnull;

#endif
