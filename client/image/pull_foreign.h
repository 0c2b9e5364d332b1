/* pull_foreign.h -- an image from a server that signs nothing (foreign.h) into the store.
 * Rules   as pull.h, but that only TLS, and the digests of simplestreams, stand for the bytes; a
 *         build that has its ref costs no download
 * Errors  as pull.h and adopt.h */
#ifndef CLIENT_IMAGE_PULL_FOREIGN_H
#define CLIENT_IMAGE_PULL_FOREIGN_H

#include "client/image/pulled.h"

int pull_foreign(const struct remote *remote, const struct image_ref *ref,
	const struct pull_options *options, struct out *out, struct pulled *done,
	struct err *e) must_check nonnull;

#endif
