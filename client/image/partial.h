/* partial.h -- a download that may be continued by a later run.
 * Shape   NAME (what is there so far, flock'ed while somebody writes) and NAME.etag (the
 *         strong tag it was sent under, and by whom) beneath one directory
 * Rules   without a strong tag, or a digest for what is there, nothing is continued;
 *         nothing here is believed
 *         A tag is one server's: what another one sends on is joined to it all the same,
 *         because the name is one of content, and judged by its digest */
#ifndef CLIENT_IMAGE_PARTIAL_H
#define CLIENT_IMAGE_PARTIAL_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct partial {
	int dir_fd; /* borrowed */
	int fd;     /* open for reading and writing */
	char *etag_name;
};

#define PARTIAL_INIT                                                                     \
	{                                                                                \
		.dir_fd = -1, .fd = -1                                                   \
	}

/* Opens or makes it, and waits for the lock. */
int partial_open(int dir_fd, const char *name, struct partial *out,
	struct err *e) must_check nonnull;
void partial_release(struct partial *p) nonnull;
#define auto_partial with_cleanup(partial_release)

/* Cuts it off behind so many bytes. */
int partial_restart(
	const struct partial *p, uint64_t bytes, struct err *e) must_check nonnull;

/* Remembers the tag, and the base URL it came from, before the first byte arrives; "" forgets it.
 */
int partial_keep_etag(const struct partial *p, const char *etag, const char *base,
	struct err *e) must_check nonnull;

/* The strong tag, "" when there is none; was it this base that sent it? */
bool partial_etag(
	const struct partial *p, const char *base, char *out, size_t out_size) nonnull;

/* Removes both files. */
void partial_forget(int dir_fd, const char *name) nonnull;

#endif
