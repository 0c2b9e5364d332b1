/* keys.h -- the publisher's keys through their lives: made, trusted by a root, put to
 * use, handed over, revoked.
 * Rules   a key is put to use only while the newest root lists it; .asc change hands one
 *         file at a time, by rename, builds first and the indexes last; each build that
 *         is done is remembered, so that whatever a kill leaves is continued
 * Errors  ERR_CONFLICT says which step comes first
 * Source  security chapter, SEC-5, SEC-25 to SEC-27 */
#ifndef INDEXER_KEYS_H
#define INDEXER_KEYS_H

#include "indexer/notary.h"
#include "indexer/proposal.h"
#include "indexer/resign.h"

/* The `next` key of this role ("publish", "timestamp"); made when there is none. */
int keys_next(struct yard *y, const char *role, struct catalog_key *out, bool *is_new,
	struct err *e) must_check nonnull;

/* Adds it to what a root will say. */
int keys_propose(struct proposal *p, const struct catalog_key *key,
	struct err *e) must_check nonnull;

/* A current key that the newest root does not trust any more hands over to the next one
 * that it does trust: 1 something changed, 0 not, -1. */
int keys_follow(struct yard *y, struct err *e) must_check nonnull;

/* Is there a next key of either role that the newest root trusts now? 1, 0, -1. */
int keys_may_switch(struct yard *y, struct err *e) must_check nonnull;

/* Puts next keys to use: builds, then the catalog; the caller publishes. */
int keys_switch(
	struct yard *y, const struct resign_report *r, struct err *e) must_check nonnull;

/* Re-signs the builds whose .asc are not by the current key. */
int keys_resign(
	struct yard *y, const struct resign_report *r, struct err *e) must_check nonnull;

#endif
