/* store.h -- the user's places as open directories.
 * Rules   the data place is the user's own and closed to others (0700), and nobody else
 *         can rename anything on the way to it; made when missing
 * Errors  ERR_USAGE names the directory and the chmod that mends it
 * Owns    both descriptors until store_close
 * Source  lib/model/places.h; security SEC-46 */
#ifndef CLIENT_RUN_STORE_H
#define CLIENT_RUN_STORE_H

#include "lib/model/places.h"

struct store {
	char data[PLACE_MAX];
	char run[PLACE_MAX];
	int data_fd; /* images/ refs/ containers/ */
	int run_fd;  /* <name>/ of every running container */
};

#define STORE_INIT                                                                       \
	{                                                                                \
		.data_fd = -1, .run_fd = -1                                              \
	}

int store_open(struct store *s, struct err *e) must_check nonnull;
void store_close(struct store *s) nonnull;
#define auto_store with_cleanup(store_close)

/* containers/ beneath the data place, made when missing: a descriptor. */
int store_open_containers(const struct store *s, struct err *e) must_check nonnull;

#endif
