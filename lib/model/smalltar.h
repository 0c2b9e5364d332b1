/* smalltar.h -- a small ustar archive with bare member names, as LXC and Incus want
 * their metadata.
 * Shape   files 0644 and directories 0755 of root, one mtime for all
 * Source  POSIX.1-2017 ustar; recipes chapter section 3 */
#ifndef LIB_MODEL_SMALLTAR_H
#define LIB_MODEL_SMALLTAR_H

#include "lib/base/buf.h"

/* name: at most 100 bytes; a directory's ends with a slash. */
int smalltar_add(struct buf *out, const char *name, struct bytes content, int64_t mtime_s,
	struct err *e) must_check nonnull;
void smalltar_end(struct buf *out) nonnull;

#endif
