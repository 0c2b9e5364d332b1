/* prune.h -- builds leave the index, and their files go when nobody may ask any more.
 * Rules   retention.h decides; what leaves is published at once; what goes loses its rows
 *         and gets an intent in one transaction, before the first file is removed, so
 *         that the next start finishes what a kill cuts off
 * Owns    the decisions, until prune_release */
#ifndef INDEXER_PRUNE_H
#define INDEXER_PRUNE_H

#include "indexer/retention.h"
#include "indexer/yard.h"

struct prune_build {
	int64_t id, left_generation;
	struct image image;
	char serial[SERIAL_MAX];
	struct retention_build rule; /* and the fate */
	uint64_t bytes, own_bytes;   /* of those that retire, wait or go */
};

struct prune {
	struct prune_build *build; /* images in order, newest first */
	size_t count, room;
	size_t retires, waits, goes;
	uint64_t freed;   /* bytes that no build that stays has */
	size_t documents; /* that go */
	uint64_t doc_bytes;
};

int prune_plan(struct yard *y, struct prune *out, struct err *e) must_check nonnull;
void prune_release(struct prune *p) nonnull;
#define auto_prune with_cleanup(prune_release)

/* Takes out of the index what retires; the caller publishes. */
int prune_retire(struct yard *y, const struct prune *p, struct err *e) must_check nonnull;

/* Removes what goes: builds, then documents that nothing names. */
int prune_remove(struct yard *y, struct prune *p, struct err *e) must_check nonnull;

#endif
