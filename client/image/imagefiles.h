/* imagefiles.h -- what stands beside an image's tree: meta/ and start.
 * Rules   SEC-42, SEC-43: only known names, only settings that cannot reach the host
 * Source  lib/model/places.h, lib/model/start.h */
#ifndef CLIENT_IMAGE_IMAGEFILES_H
#define CLIENT_IMAGE_IMAGEFILES_H

#include "lib/base/buf.h"

/* One file of the metadata into meta/; keys of lines that are not believed go to dropped. */
int imagefiles_meta(int dir_fd, const char *name, struct bytes content,
	struct buf *dropped, struct err *e) must_check nonnull;

struct image_start {
	const char *arch, *init, *stop_signal;
	int64_t epoch_s;
};

int imagefiles_start(
	int dir_fd, const struct image_start *s, struct err *e) must_check nonnull;

#endif
