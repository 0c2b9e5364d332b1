/* sign.h -- the only code that can sign; knows gpgme.
 * Rules   a private home (0700) with secret keys; SHA-512; no key server, no pinentry of
 *         a desktop: a passphrase comes from the caller. The agent is started by
 *         signer_open and ended by signer_close, or by its watcher when this process is
 *         killed
 * Errors  ERR_NOTFOUND when the home lacks the key; ERR_FAILED with the engine's words
 * Owns    a signer owns its context
 * Source  gpgme manual; gpg(1); RFC 4880 */
#ifndef INDEXER_SIGN_H
#define INDEXER_SIGN_H

#include "lib/adapt/verify.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"

struct signer;

#define SIGN_KEYS_MAX 64

/* passphrase "" for keys without one. Also removes what a killed run left in the home. */
int signer_open(const char *home, const char *passphrase, struct signer **out,
	struct err *e) must_check nonnull;
void signer_close(struct signer **s) nonnull;
#define auto_signer with_cleanup(signer_close)

/* Does the home hold this secret key? */
bool signer_has(const struct signer *s, const char *fpr) nonnull;

/* The primary fingerprints of the secret keys it holds; borrowed. */
size_t signer_keys(const struct signer *s, const char *fprs[SIGN_KEYS_MAX]) nonnull;

/* An armoured detached signature, appended to out; `path` becomes notation path@rootyard
 * unless "". */
int signer_sign(struct signer *s, const char *fpr, struct bytes data, const char *path,
	struct buf *out, struct err *e) must_check nonnull;
int signer_sign_fd(struct signer *s, const char *fpr, int fd, const char *path,
	struct buf *out, struct err *e) must_check nonnull;

/* A binary one without notation, as envelopes carry them. */
int signer_sign_binary(struct signer *s, const char *fpr, struct bytes data,
	struct buf *out, struct err *e) must_check nonnull;

/* The text inside its own signature, in lines of less than 19,995 bytes: gpg cuts longer
 * ones. */
int signer_clearsign(struct signer *s, const char *fpr, struct bytes text,
	const char *path, struct buf *out, struct err *e) must_check nonnull;

/* A binary signed message, its data inside: a container engine's simple signature. */
int signer_sign_message(struct signer *s, const char *fpr, struct bytes data,
	struct buf *out, struct err *e) must_check nonnull;

/* Prepares an empty home: directory 0700, gpg.conf, gpg-agent.conf. */
int sign_make_home(int dir_fd, const char *name, struct err *e) must_check nonnull;

/* How the keys of a site are called: "NAME (rootyard publish key 0123abcd)". */
#define USER_ID_MAX 256
void sign_user_id(const char *site, const char *purpose, const char *repo,
	char out[USER_ID_MAX]) nonnull;

/* An rsa3072 key for signing that does not expire. */
int sign_make_key(const char *home, const char *user_id, const char *passphrase,
	char fpr[FPR_MAX], struct err *e) must_check nonnull;

/* The minimal public key, armoured or (as systemd's keyrings are) binary. */
int sign_export(const char *home, const char *fpr, bool armor, struct buf *out,
	struct err *e) must_check nonnull;

#endif
