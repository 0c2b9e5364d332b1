/* notary.h -- signs for the tree, and believes no signature that it did not check.
 * Rules   the publish key, as the newest root lists it now; what a client would refuse
 *         (expired, revoked, unlisted key) is refused before anything is signed
 * Errors  ERR_UNTRUSTED names key and path
 * Owns    signer, verifier and root */
#ifndef INDEXER_NOTARY_H
#define INDEXER_NOTARY_H

#include "indexer/sign.h"
#include "indexer/yard.h"

struct notary {
	struct signer *signer; /* NULL when only checking */
	struct verifier *verifier;
	struct trust_root root;
	struct verify_role publish, timestamp;
	const char *publish_fpr[TRUST_KEYS_MAX], *timestamp_fpr[TRUST_KEYS_MAX];
	int64_t now_s;
};

enum notary_flags {
	NOTARY_SIGN = 1,
};

int notary_open(const struct yard *y, unsigned int flags, struct notary *out,
	struct err *e) must_check nonnull;
void notary_close(struct notary *n) nonnull;
#define auto_notary with_cleanup(notary_close)

/* The armoured signature over bytes or a file that will stand at `path` in public/. */
int notary_sign(struct notary *n, struct bytes data, const char *path, struct buf *out,
	struct err *e) must_check nonnull;
int notary_sign_fd(struct notary *n, int fd, const char *path, struct buf *out,
	struct err *e) must_check nonnull;

/* The checks alone: a good signature by the publish role whose notation is `path`. */
int notary_check(struct notary *n, struct bytes data, struct bytes asc, const char *path,
	struct err *e) must_check nonnull;
int notary_check_fd(struct notary *n, int fd, struct bytes asc, const char *path,
	struct err *e) must_check nonnull;

/* The text inside its own signature (.sjson); the check gives back what was signed. */
int notary_clearsign(struct notary *n, struct bytes text, const char *path,
	struct buf *out, struct err *e) must_check nonnull;
int notary_check_clearsigned(struct notary *n, struct bytes message, const char *path,
	struct buf *text, struct err *e) must_check nonnull;

/* A binary signature over PAE(type, body), as envelopes carry them. */
int notary_sign_pae(struct notary *n, const char *type, struct bytes body,
	struct buf *out, struct err *e) must_check nonnull;
int notary_check_pae(struct notary *n, const struct verify_role *role, const char *type,
	struct bytes body, const struct trust_signature *sigs, size_t count,
	struct err *e) must_check nonnull;

#endif
