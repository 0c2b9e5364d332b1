/* pull.h -- one image from a remote into the store.
 * Rules   every document, and every file or piece of one, is verified before a byte of it is
 *         interpreted; the
 *         store shows the image when all of it is there, or stays as it was; an image
 *         that is stored already costs no download
 * Errors  as repo.h, unpack.h and store.h; ERR_NOTFOUND for an image or build that is
 *         not offered; ERR_NOSPACE before anything is fetched */
#ifndef CLIENT_IMAGE_PULL_H
#define CLIENT_IMAGE_PULL_H

#include "client/image/pulled.h"

/* The smallest delta of a build whose base is stored and that is smaller than the whole, or NULL.
 */
const struct doc_delta *pull_least(
	const struct store *store, const struct doc_build *build) nonnull;

int pull_image(const struct remote *remote, const struct image_ref *ref,
	const struct pull_options *options, struct out *out, struct pulled *done,
	struct err *e) must_check nonnull;

#endif
