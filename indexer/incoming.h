/* incoming.h -- the directories of builds that somebody left for us.
 * In      a directory of DISTRO/RELEASE/ARCH/VARIANT/SERIAL/; the name of the file that is written
 *         there last: where it is absent somebody is still at work
 * Out     the paths of those that are complete, sorted
 * Owns    the paths, until incoming_release */
#ifndef INDEXER_INCOMING_H
#define INDEXER_INCOMING_H

#include "lib/model/image.h"

struct incoming {
	char **path;
	size_t count, room;
};

int incoming_find(const char *top, const char *last, struct incoming *out,
	struct err *e) must_check nonnull;
void incoming_release(struct incoming *i) nonnull;
#define auto_incoming with_cleanup(incoming_release)

/* What such a path says that the build is. */
int incoming_name(const char *path, struct image *image, char serial[SERIAL_MAX],
	struct err *e) must_check nonnull;

#endif
