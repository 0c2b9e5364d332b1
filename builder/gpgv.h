/* gpgv.h -- who signed these bytes? Asked of gpgv, which runs as an ordinary user over
 * descriptors and the given keys alone.
 * Rules   a bad signature beside good ones refuses all; one by an unknown key does not
 *         count; a key or a signature that has expired or was revoked is no good one
 * Errors  ERR_UNTRUSTED, with the reason and the key
 * Source  gpgv(1), doc/DETAILS of GnuPG */
#ifndef BUILDER_GPGV_H
#define BUILDER_GPGV_H

#include "lib/adapt/verify.h"
#include "lib/base/buf.h"

struct gpgv {
	int keys_fd; /* a file of binary keys */
	int log_fd;  /* hears what gpgv says */
};

/* A clearsigned message: text gets what was signed, fpr the primary key of the first good
 * signature. */
int gpgv_message(const struct gpgv *g, int fd, const char *name, struct buf *text,
	char fpr[FPR_MAX], struct err *e) must_check nonnull;

/* A detached signature (binary or armoured) over all of data_fd. */
int gpgv_detached(const struct gpgv *g, int data_fd, const char *name, int signature_fd,
	char fpr[FPR_MAX], struct err *e) must_check nonnull;

/* The judgement over gpgv's status lines. */
int gpgv_judge(const char *status, const char *name, char fpr[FPR_MAX],
	struct err *e) must_check nonnull;

#endif
