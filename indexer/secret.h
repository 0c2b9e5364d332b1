/* secret.h -- a passphrase, from a descriptor or typed twice.
 * Rules   one line of 1 to 255 bytes without control characters; wiped on release */
#ifndef INDEXER_SECRET_H
#define INDEXER_SECRET_H

#include "lib/base/err.h"

struct secret {
	char text[256]; /* "" for none */
};

void secret_release(struct secret *s) nonnull;
#define auto_secret with_cleanup(secret_release)

int secret_read_fd(int fd, struct secret *out, struct err *e) must_check nonnull;

/* Asks on the terminal, twice; an empty answer means none. 1 asked, 0 there is no
 * terminal. */
int secret_ask(const char *what, struct secret *out, struct err *e) must_check nonnull;

/* The same for a key that exists: asked once. */
int secret_ask_known(
	const char *what, struct secret *out, struct err *e) must_check nonnull;

#endif
