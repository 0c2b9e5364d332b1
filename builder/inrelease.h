/* inrelease.h -- a signed index of a Debian archive: who signed it, what it names.
 * Rules   gpgv runs as an ordinary user over one descriptor; only the text that it hands
 *         out as signed is ever read; a bad signature beside good ones refuses it, a
 *         signature by an unknown key does not count
 * Errors  ERR_UNTRUSTED
 * Source  gpgv(1), doc/DETAILS of GnuPG; apt-secure(8) */
#ifndef BUILDER_INRELEASE_H
#define BUILDER_INRELEASE_H

#include "lib/adapt/verify.h"
#include "lib/base/buf.h"

#define INRELEASE_MAX (4U << 20)

/* keys_fd: a file of binary keys. text gets the signed text, fpr the primary key of the
 * first good signature. */
int inrelease_verify(int fd, const char *name, int keys_fd, int log_fd, struct buf *text,
	char fpr[FPR_MAX], struct err *e) must_check nonnull;

/* The same judgement over gpgv's status lines. */
bool inrelease_signer(const char *status, char fpr[FPR_MAX]) nonnull;

/* The digest it gives for "main/binary-amd64/Packages". */
bool inrelease_lists(struct bytes text, const char *path, struct digest *out) nonnull;

/* ERR_UPSTREAM when Valid-Until and grace_s are over at now_s. */
int inrelease_is_fresh(struct bytes text, const char *name, int64_t now_s,
	int64_t grace_s, struct err *e) must_check nonnull;

#endif
