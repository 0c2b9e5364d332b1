/* meter.h -- a reader that hashes and counts what passes, and stops at a ceiling.
 * Errors  ERR_LIMIT "'NAME' unpacks to more than N bytes"
 * Owns    the hash state until meter_end or meter_release; borrows `in` and `name` */
#ifndef INDEXER_METER_H
#define INDEXER_METER_H

#include "lib/adapt/digest.h"

struct meter {
	struct reader in;
	const char *name;
	uint64_t max, seen;
	struct hasher hash;
};

void meter_begin(
	struct meter *m, struct reader in, const char *name, uint64_t max) nonnull;
struct reader meter_as_reader(struct meter *m) nonnull;

/* Reads to the end and says what passed. */
int meter_end(struct meter *m, struct digest *sha256, struct err *e) must_check nonnull;
void meter_release(struct meter *m) nonnull;
#define auto_meter with_cleanup(meter_release)

#endif
