/* notary.h -- signs for the tree, and believes no signature that it did not check.
 * Rules   .asc are by the one `current` publish key: old gpg refuses a file with a second
 *         signature by a key it does not know. Envelopes carry a signature by each key of
 *         the role that is at hand, so that nobody is locked out while keys change. What
 *         a client would refuse (expired, revoked, unlisted key) is refused before
 *         anything is signed
 * Errors  ERR_UNTRUSTED names key and path; ERR_AGAIN when gpg did not end in time
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
	char asc_fpr[FPR_MAX];         /* the key that makes .asc */
	const struct trust_root *also; /* a coming root: envelopes are for it, too */
	int64_t now_s;
};

enum notary_flags {
	NOTARY_SIGN = 1,
	NOTARY_FRESH = 2, /* only while what is published is good: see clock.h */
};

int notary_open(const struct yard *y, unsigned int flags, struct notary *out,
	struct err *e) must_check nonnull;
/* With another of our keys than the current one for .asc. */
int notary_open_as(const struct yard *y, const char *fpr, struct notary *out,
	struct err *e) must_check nonnull;
void notary_close(struct notary *n) nonnull;
#define auto_notary with_cleanup(notary_close)

/* The armoured signature over bytes, or over a file when fd >= 0, that will stand at
 * `path` in public/. */
struct notary_job {
	const char *path;
	struct bytes data;
	int fd;
	const struct digest *want; /* what a file must still be, or NULL */
	void *owned;               /* the caller's: what data points to */
	bool is_read_back;         /* checked by the caller when it is on disk */
	struct buf asc;            /* filled; the caller releases it */
};
#define NOTARY_JOB_INIT                                                                  \
	{                                                                                \
		.fd = -1, .asc = {.ceiling = SIGNATURE_MAX }                             \
	}

/* All of them, several at a time. */
int notary_sign(struct notary *n, struct notary_job *job, size_t count,
	struct err *e) must_check nonnull_args(1, 4);

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

/* A message inside its own signature without a notation, as container engines want it. */
int notary_check_message(struct notary *n, struct bytes message, const char *path,
	struct buf *text, struct err *e) must_check nonnull;

/* Binary signatures over PAE(type, body) by each key of the role that is at hand. */
int notary_sign_pae(struct notary *n, enum trust_role_name role, const char *type,
	struct bytes body, struct arena *a, struct trust_signature sigs[TRUST_KEYS_MAX],
	size_t *count, struct err *e) must_check nonnull;
int notary_check_pae(struct notary *n, const struct verify_role *role, const char *type,
	struct bytes body, const struct trust_signature *sigs, size_t count,
	struct err *e) must_check nonnull;

#endif
