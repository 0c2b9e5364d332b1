/* verify.h -- is this signed by whom we trust, are these the bytes that were signed for?
 * The only reader of OpenPGP signatures; knows gpgme.
 * Rules   SEC-1 to SEC-4: a private home per verifier with only the role's keys, removed
 *         on close; no agent, no key server; the user's own keyring is neither read nor
 *         written; every error path rejects
 * Errors  ERR_UNTRUSTED in words a user can act on
 * Owns    a verifier owns its home; struct verified owns its descriptor
 * Source  gpgme manual; RFC 4880; security chapter section 5 */
#ifndef LIB_ADAPT_VERIFY_H
#define LIB_ADAPT_VERIFY_H

#include "lib/adapt/digest.h"
#include "lib/base/buf.h"

#define FPR_MAX        65 /* 40 or 64 upper-case hex digits and the NUL */
#define SIGNATURE_MAX  (64 << 10)
#define VERIFY_KEY_MAX (8 << 10)

struct verifier;

/* Can gpg be run at all? gpgme takes its silence for an answer. */
int verify_find_gpg(struct err *e) must_check nonnull;

/* Imports these armoured public keys (1..64, each at most 8 KiB) into a fresh home. Sets
 * GNUPGHOME for a moment: not while other threads read the environment. */
int verifier_open(const struct bytes *keys, size_t count, struct verifier **out,
	struct err *e) must_check nonnull;
void verifier_close(struct verifier **v) nonnull;
#define auto_verifier with_cleanup(verifier_close)

/* The primary fingerprint of the only key in a block; ERR_PARSE if there is none or
 * several. */
int verify_key_fingerprint(
	struct bytes key, char out[FPR_MAX], struct err *e) must_check nonnull;

/* What a public key says of itself; nothing is verified by looking. */
struct verify_key {
	char fpr[FPR_MAX]; /* of the primary */
	char user[128];    /* the first user id, "" if there is none */
	int64_t expires_s; /* the last of what can sign; 0: never */
	bool revoked;
};

/* The keys of armoured blocks, `room` at most; ERR_PARSE when there is none. */
int verify_list_keys(struct bytes blocks, struct verify_key *out, size_t room,
	size_t *count, struct err *e) must_check nonnull;

struct verify_role {
	const char *const *fprs; /* primary fingerprints */
	size_t count;
	unsigned int threshold;
};

/* SEC-1 over one detached signature (binary or armoured, may hold several): at least
 * `threshold` distinct listed primaries signed exactly data; now_s bounds signature
 * times. */
int verify_detached(struct verifier *v, const struct verify_role *role, struct bytes data,
	struct bytes signature, int64_t now_s, struct err *e) must_check nonnull;

/* The same for separate signatures over one text, as envelopes carry them. */
int verify_detached_all(struct verifier *v, const struct verify_role *role,
	struct bytes data, const struct bytes *signatures, size_t count, int64_t now_s,
	struct err *e) must_check nonnull;

/* For a file too large for memory: reads fd from offset 0. */
int verify_detached_fd(struct verifier *v, const struct verify_role *role, int fd,
	struct bytes signature, int64_t now_s, struct err *e) must_check nonnull;

/* A clearsigned message: the text that was signed, appended to `text`. */
int verify_clearsigned(struct verifier *v, const struct verify_role *role,
	struct bytes message, int64_t now_s, struct buf *text,
	struct err *e) must_check nonnull;

/* The value of notation `name` in the (first good, listed) signature, "" if none. */
const char *verify_notation(struct verifier *v) nonnull;
/* The primary key that made it, "" if none; borrowed until the next check. */
const char *verify_signer(struct verifier *v) nonnull;
#define VERIFY_PATH_NOTATION "path@rootyard"

/* A file whose size and digest are what a verified document said. Only verify_file makes
 * one, and unpacking takes nothing else. */
struct verified {
	int fd; /* at offset 0 */
	uint64_t size;
	struct digest sha256;
};

#define VERIFIED_INIT                                                                    \
	{                                                                                \
		.fd = -1                                                                 \
	}

/* Takes fd on success. ERR_UNTRUSTED names both sizes or both digests. */
int verify_file(int fd, const char *name, uint64_t size, const struct digest *sha256,
	struct verified *out, struct err *e) must_check nonnull;

/* A local file that the user himself vouches for (rootyard unpack ARCHIVE): hashed,
 * believed. */
int verify_local(
	int fd, const char *name, struct verified *out, struct err *e) must_check nonnull;
void verified_release(struct verified *v) nonnull;
#define auto_verified with_cleanup(verified_release)

#endif
