/* nighttable.h -- how a night looks while it lasts: on a terminal a table of what runs,
 * redrawn in place; elsewhere one plain line for each image that is done. */
#ifndef BUILDER_NIGHTTABLE_H
#define BUILDER_NIGHTTABLE_H

#include "builder/night.h"

void nighttable_draw(struct night *n) nonnull;
void nighttable_clear(struct night *n) nonnull;
void nighttable_done(struct night *n, const struct night_entry *entry) nonnull;
void nighttable_retry(
	struct night *n, const struct night_entry *entry, int64_t pause_ms) nonnull;

#endif
