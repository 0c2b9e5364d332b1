/* unpack.h -- local archives become a tree, in a child that can do nothing else.
 * Rules   the child is confined to the tree (confined.h); every entry is judged by
 *         lib/model/unpackpolicy.h; how an archive is compressed is told by its first
 *         bytes (lib/adapt/inflate.h); a squashfs is read by sqfs2tar, an ordinary user's
 *         process
 *         of layers, each lies over those before: an entry replaces whatever has its
 *         name, .wh.NAME hides what the layers below call so, .wh..wh..opq all that they
 *         have in its directory; what the same layer brings stays
 * Errors  those of the reader and the policy; ERR_UPSTREAM for a web page
 * Source  OCI image-spec 1.1, layer.md */
#ifndef BUILDER_UNPACK_H
#define BUILDER_UNPACK_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct unpack_archive {
	int fd;           /* a regular file, read from its beginning */
	const char *name; /* for sentences */
};

struct unpack_plan {
	const struct unpack_archive *archive;
	size_t count;
	bool layers;
	const char *beneath; /* what this directory of the archive holds is the tree, all
				else is left out; NULL: all of it */
};

/* root_dir is an empty directory; *newest_s becomes the time of the newest member. */
int unpack_run(const struct unpack_plan *p, int root_dir, int64_t *newest_s,
	struct err *e) must_check nonnull;

#endif
