/* debfile.h -- the parts of one .deb as streams.
 * Errors  ERR_UPSTREAM for what is no package of format 2.0
 * Owns    nothing; borrows the descriptor
 * Source  deb(5), ar(5) */
#ifndef BUILDER_DEBFILE_H
#define BUILDER_DEBFILE_H

#include "lib/base/reader.h"

#include <stdbool.h>
#include <stdint.h>

struct debfile_part {
	int fd;
	int64_t at, end;
};

/* The member that begins with this name: "control.tar", "data.tar". */
int debfile_open(int fd, const char *name, const char *member, struct debfile_part *out,
	struct err *e) must_check nonnull;

/* Its bytes, still compressed; p moves. */
struct reader debfile_reader(struct debfile_part *p) nonnull;

#endif
