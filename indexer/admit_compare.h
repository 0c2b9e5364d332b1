/* admit_compare.h -- is a build about as large as the last good one?
 * Rules   unpacked size and number of packages, each compared only where both are known;
 *         a build that is off by more than the site's share waits for a person
 * Source  site.yaml: hold_percent */
#ifndef INDEXER_ADMIT_COMPARE_H
#define INDEXER_ADMIT_COMPARE_H

#include "indexer/catalog.h"

struct build_measure {
	char serial[SERIAL_MAX];
	uint64_t unpacked_size;
	int64_t packages; /* -1: not known */
};

/* The newest active build of an image: 1 found, 0 there is none, -1. */
int admit_last_good(struct catalog *c, const struct image *image,
	struct build_measure *out, struct err *e) must_check nonnull;

/* Off by more than `percent` of the last one? `why` says by what. 0 percent: never. */
bool admit_is_off(const struct build_measure *last, const struct build_measure *now,
	int64_t percent, char *why, size_t why_size) nonnull;

#endif
