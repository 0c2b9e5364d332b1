/* write_staged.h -- the small files that were staged beside a generation, from the
 * catalog to the disk: what is named by content before the switch, what moves after it.
 * Rules   may be done again from the start: what is there already is left alone; each
 *         file appears by rename, and its directory is synced before the next step */
#ifndef INDEXER_WRITE_STAGED_H
#define INDEXER_WRITE_STAGED_H

#include "indexer/catalog_oci.h"
#include "indexer/yard.h"

int write_staged(
	struct yard *y, enum staged_phase phase, struct err *e) must_check nonnull;

/* Files in the order of their directories, each of which is synced once, when the next
 * one begins or writing_end is called. */
struct writing {
	struct yard *yard;
	char dir[LAYOUT_PATH_MAX]; /* not yet synced; "" for none */
};

/* Makes `path` hold this text, unless it does. */
int writing_put(struct writing *w, const char *path, struct bytes text,
	struct err *e) must_check nonnull;
int writing_end(struct writing *w, struct err *e) must_check nonnull;

#endif
