/* complaints.h -- every fault of one document, collected before anything is refused.
 * Shape   "DOCUMENT:LINE:COLUMN: sentence"; warnings stand apart and refuse nothing
 * Owns    the texts; borrows the document's name */
#ifndef BUILDER_COMPLAINTS_H
#define BUILDER_COMPLAINTS_H

#include "lib/base/arena.h"
#include "lib/base/out.h"

struct complaint {
	unsigned int line, column; /* 0: the document as a whole */
	bool warning;
	const char *text;
};

struct complaints {
	const char *document;
	struct arena arena;
	struct complaint *item;
	size_t count, room, errors, dropped;
};

void complaints_init(struct complaints *c, const char *document) nonnull;
void complaints_release(struct complaints *c) nonnull;
#define auto_complaints with_cleanup(complaints_release)

void complain(struct complaints *c, unsigned int line, unsigned int column,
	const char *fmt, ...) nonnull_args(1, 4) printf_like(4, 5);
void complain_warn(struct complaints *c, unsigned int line, unsigned int column,
	const char *fmt, ...) nonnull_args(1, 4) printf_like(4, 5);

/* The same as a fault of YAML says it; ctx is the complaints. */
void complain_of_yaml(
	void *ctx, unsigned int line, unsigned int column, const char *sentence) nonnull;

/* Prints them in the order of the document, one line each; with --json as results.
 * Without `errors` only the warnings. */
void complaints_print(struct complaints *c, bool errors, struct out *o) nonnull;

/* ERR_RECIPE when anything but a warning was said: the sentence itself when there is one,
 * else how many. */
int complaints_check(struct complaints *c, struct err *e) must_check nonnull;

#endif
