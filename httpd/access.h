/* access.h -- one line per request: the combined log format that every tool reads, or JSON.
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
	bool is_cut;      /* the connection ended before the reply did */
	const char *user; /* "" for nobody */
	struct bytes user_agent;
};

enum access_form {
	ACCESS_COMBINED,
	ACCESS_JSON,
};

/* Appends one line; pure. */
void access_format(
	struct buf *out, enum access_form form, const struct access_entry *a) nonnull;

struct access;

/* Opens a file for appending, "-" for stdout. */
int access_open(const char *path, enum access_form form, struct access **out,
	struct err *e) must_check nonnull;

/* Later lines go to fd, which it takes: the log was moved away. */
void access_reopen(struct access *a, int fd) nonnull;

void access_close(struct access **a) nonnull;

void access_log(struct access *a, const struct access_entry *entry) nonnull;
void access_flush(struct access *a) nonnull;

/* Lines that did not fit, since the start. */
uint64_t access_dropped(struct access *a) nonnull;

#endif
