/* keeper.h -- a process beside the server that keeps one right the server gives up: to
 * open a few files that were named on the command line, again and again.
 * Why     keys are readable by root alone and are replaced by rename, so neither the
 *         server's user nor a descriptor from before would see the new ones
 * Rules   what it can be asked is a number, what it answers is a descriptor; it ends when
 *         the server does; it has no capability, and its calls are those of keeper.seccomp
 * Owns    the process and the socket to it
 * Source  unix(7) SCM_RIGHTS; SEC-78 */
#ifndef HTTPD_KEEPER_H
#define HTTPD_KEEPER_H

#include "lib/base/err.h"

#include <sys/types.h>

#define KEEPER_FILES_MAX 8

struct keeper_file {
	const char *path;
	int flags; /* for open(2) */
};

struct keeper;

/* Before any thread exists. Borrows the paths. */
int keeper_start(const struct keeper_file *files, size_t count, struct keeper **out,
	struct err *e) must_check nonnull;
void keeper_stop(struct keeper **k) nonnull;

/* A descriptor of file number `which`, or -1 with a sentence that names it. */
int keeper_open(struct keeper *k, size_t which, struct err *e) must_check nonnull;

#endif
