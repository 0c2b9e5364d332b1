/* init_dirs.h -- the two directories that init fills: whose they are, and until when. */
#ifndef INDEXER_INIT_DIRS_H
#define INDEXER_INIT_DIRS_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#include <sys/types.h>

struct init_place {
	char *path; /* absolute */
	int fd;
	bool is_new; /* was made by init_place_open */
};

#define INIT_PLACE                                                                       \
	{                                                                                \
		.fd = -1                                                                 \
	}

/* Opens it; makes the last component when it is missing. */
int init_place_open(const char *path, mode_t mode, struct init_place *out,
	struct err *e) must_check nonnull;
void init_place_release(struct init_place *p) nonnull;

/* Neither may lie in the other: the root key must be able to leave. */
int init_places_differ(const struct init_place *a, const struct init_place *b,
	struct err *e) must_check nonnull;

/* Writes the marker into an empty directory, or finds the same one there. */
int init_place_claim(
	struct init_place *p, struct bytes marker, struct err *e) must_check nonnull;
int init_place_done(struct init_place *p, struct err *e) must_check nonnull;

/* Throws away what an interrupted init left: a GnuPG home, the catalog. */
int init_empty_home(int dir_fd, const char *name, struct err *e) must_check nonnull;
int init_sweep(int dir_fd, const char *path, bool everything,
	struct err *e) must_check nonnull; /* temporary files, or all */
int init_remove_catalog(int dir_fd, struct err *e) must_check nonnull;

/* Random lower-case hex digits, NUL-terminated. */
int init_random_hex(char *out, size_t size, struct err *e) must_check nonnull;

#endif
