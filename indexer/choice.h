/* choice.h -- the one image, and the one build, that a command line means.
 * Rules   parts of the name may be left out while one image fits; of several the variant
 *         `default` is meant; without a serial the newest build that is offered
 * Errors  ERR_NOTFOUND, ERR_USAGE with the names that fit */
#ifndef INDEXER_CHOICE_H
#define INDEXER_CHOICE_H

#include "indexer/catalog.h"

struct choice {
	struct image image;
	char name[IMAGE_NAME_MAX]; /* d/r/a/v */
	char serial[SERIAL_MAX];
	char state[16];
	int64_t build;
	bool is_named; /* the serial was given */
	bool is_pinned, is_retired;
};

int choice_find(struct catalog *c, const char *text, struct choice *out,
	struct err *e) must_check nonnull;

#endif
