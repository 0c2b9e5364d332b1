/* inrelease.h -- what a signed index of a Debian archive names.
 * In      the text that gpgv_message handed out as signed
 * Source  apt-secure(8) */
#ifndef BUILDER_INRELEASE_H
#define BUILDER_INRELEASE_H

#include "lib/adapt/digest.h"

#define INRELEASE_MAX (4U << 20)

/* The digest it gives for "main/binary-amd64/Packages". */
bool inrelease_lists(struct bytes text, const char *path, struct digest *out) nonnull;

/* Until when it is valid; INT64_MAX when it does not say. */
int inrelease_valid_until(struct bytes text, const char *name, int64_t *out_s,
	struct err *e) must_check nonnull;

/* ERR_UPSTREAM when Valid-Until and grace_s are over at now_s. */
int inrelease_is_fresh(struct bytes text, const char *name, int64_t now_s,
	int64_t grace_s, struct err *e) must_check nonnull;

#endif
