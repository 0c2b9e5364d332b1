/* trustedit.h -- the root document that follows another.
 * Rules   pure; a made document borrows every string from the one before it and from the
 *         caller
 * Errors  ERR_LIMIT where the document has no room, ERR_CONFLICT for what makes no sense */
#ifndef LIB_MODEL_TRUSTEDIT_H
#define LIB_MODEL_TRUSTEDIT_H

#include "lib/model/trust.h"

/* Version + 1, made now_s, good for `days`; otherwise the same. */
void trust_next(const struct trust_root *now, int64_t now_s, int64_t days,
	struct trust_root *out) nonnull;

const struct trust_key *trust_key_find(
	const struct trust_root *r, const char *fpr) nonnull;
bool trust_role_has(
	const struct trust_root *r, enum trust_role_name role, const char *fpr) nonnull;
bool trust_is_revoked(const struct trust_root *r, const char *fpr) nonnull;

/* The key becomes known (until_s INT64_MAX: without an end) and belongs to the role. */
int trust_role_add(struct trust_root *r, enum trust_role_name role,
	const struct trust_key *key, struct err *e) must_check nonnull;
void trust_role_drop(
	struct trust_root *r, enum trust_role_name role, const char *fpr) nonnull;

/* Out of every role and of the known keys, into the list of revocations. */
int trust_revoke(struct trust_root *r, const char *fpr, int64_t since_s,
	const char *reason, struct err *e) must_check nonnull;

/* Forgets keys that no role names any more. */
void trust_tidy(struct trust_root *r) nonnull;

/* Can every role still reach its threshold? */
int trust_check(const struct trust_root *r, struct err *e) must_check nonnull;

#endif
