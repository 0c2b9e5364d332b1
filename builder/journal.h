/* journal.h -- what a night has done so far, so that the next one can go on.
 * Shape   CACHE/nightly/journal: a JSON object a line, the first says when it began; a
 *         line that was cut off by a crash is the last and is dropped
 * Bounds  16 MiB; a journal of more than a day ago is another night's */
#ifndef BUILDER_JOURNAL_H
#define BUILDER_JOURNAL_H

#include "builder/night.h"

#define JOURNAL_NAME "journal"

/* Opens it, and marks what a killed night has finished as done. */
int journal_open(struct night *n, struct err *e) must_check nonnull;

/* On disk when it returns. */
int journal_add(struct night *n, const struct night_entry *entry,
	struct err *e) must_check nonnull;

/* The night is over. */
int journal_end(struct night *n, struct err *e) must_check nonnull;

#endif
