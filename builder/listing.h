/* listing.h -- the newest of what a directory's page on a server links to.
 * In      HTML as servers make it of a directory: href="NAME"; the last component of a
 *         link counts, with or without a slash behind
 * Errors  ERR_UPSTREAM when nothing fits
 * Source  what nginx, Apache and lighttpd write */
#ifndef BUILDER_LISTING_H
#define BUILDER_LISTING_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#define LISTING_VERSION_MAX 64

struct listing {
	struct bytes page;
	const char *prefix, *suffix; /* around the version in a name */
	unsigned int dots;           /* a version is numbers with so many dots between */
};

/* The greatest version, number by number. Parses in a confined child. */
int listing_newest(const struct listing *l, char version[LISTING_VERSION_MAX],
	struct err *e) must_check nonnull;

/* The same in this process: for tests. */
int listing_parse(const struct listing *l, char version[LISTING_VERSION_MAX],
	struct err *e) must_check nonnull;

#endif
