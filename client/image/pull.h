/* pull.h -- one image from a remote into the store.
 * Rules   every document and file is verified before a byte of it is interpreted; the
 *         store shows the image when all of it is there, or stays as it was; an image
 *         that is stored already costs no download
 * Errors  as repo.h, unpack.h and store.h; ERR_NOTFOUND for an image or build that is
 *         not offered; ERR_NOSPACE before anything is fetched */
#ifndef CLIENT_IMAGE_PULL_H
#define CLIENT_IMAGE_PULL_H

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

/* The smallest delta of a build whose base is stored and that is smaller than the whole, or NULL.
 */
const struct doc_delta *pull_least(
	const struct store *store, const struct doc_build *build) nonnull;

int pull_image(const struct remote *remote, const struct image_ref *ref,
	const struct pull_options *options, struct out *out, struct pulled *done,
	struct err *e) must_check nonnull;

#endif
