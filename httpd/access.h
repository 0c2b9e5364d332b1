/* access.h -- one line per request, in the combined log format that every tool reads.
 * Rules   text from outside is escaped and cut, so a line is one line; workers never wait
 *         for the disk: lines gather in memory and are written about once a second; what
 *         does not fit is dropped and counted
 * Owns    the descriptor it was given; safe for any number of threads
 * Source  SEC-80 */
#ifndef HTTPD_ACCESS_H
#define HTTPD_ACCESS_H

#include "httpd/pair.h"
#include "lib/base/buf.h"

struct access_entry {
	struct address peer;
	int64_t time_s;
	const char *method, *target, *version;
	unsigned int status;
	uint64_t body_bytes;
	bool is_cut; /* the connection ended before the reply did */
	struct bytes user_agent;
};

/* Appends one line; pure. */
void access_format(struct buf *out, const struct access_entry *a) nonnull;

struct access;

/* Opens a file for appending, "-" for stdout. */
int access_open(const char *path, struct access **out, struct err *e) must_check nonnull;

/* Later lines go to fd, which it takes: the log was moved away. */
void access_reopen(struct access *a, int fd) nonnull;

void access_close(struct access **a) nonnull;

void access_log(struct access *a, const struct access_entry *entry) nonnull;
void access_flush(struct access *a) nonnull;

#endif
