/* pulled.h -- what is asked of a pull, and what came of it. */
#ifndef CLIENT_IMAGE_PULLED_H
#define CLIENT_IMAGE_PULLED_H

#include "client/image/repo.h"
#include "client/image/store.h"
#include "client/image/unpacker.h"
#include "lib/base/out.h"

struct pulled {
	struct image image;
	char serial[SERIAL_MAX];
	char id[DIGEST_HEX];
	bool was_stored;
	bool single_id;
	char base[SERIAL_MAX]; /* the stored night that it was updated from, or "" */
	uint64_t fetched_bytes;
	struct unpack_done unpacked;
};

enum pull_flags {
	PULL_MEND = 1,    /* although it is stored: made anew, and put in its place */
	PULL_DRY_RUN = 2, /* nothing is fetched but documents, and nothing changes */
};

struct pull_options {
	unsigned int flags;
	int64_t rate_max; /* bytes a second, 0: as fast as it goes */
};

#endif
