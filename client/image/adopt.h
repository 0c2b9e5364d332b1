/* adopt.h -- an archive that came without a manifest becomes an image of the store.
 * In      an archive whose bytes somebody vouched for; metadata of LXC's kind, or none
 * Out     an image under the id of the manifest that its tree gives, and a ref
 * Rules   unpacked under the policy and in the confinement of a pulled image; that it appears,
 *         and under which name, as store.h says; how it is started is read off its tree
 * Errors  as unpacker.h and store.h */
#ifndef CLIENT_IMAGE_ADOPT_H
#define CLIENT_IMAGE_ADOPT_H

#include "client/image/pulled.h"

struct adopt_job {
	const struct store *store;
	struct out *out;
	const char *remote; /* of the ref */
	const struct image *image;
	const char *serial;
	int archive_fd;
	enum unpack_coding coding;
	int meta_fd; /* -1: none */
};

int adopt_image(const struct adopt_job *job, struct pulled *done,
	struct err *e) must_check nonnull;

#endif
