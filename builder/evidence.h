/* evidence.h -- a source file, and what says that it is the right one.
 * Rules   in this order: the sha256 that releases.yaml pins for the URL; a signature by
 *         source.keys over a list of checksums, or over the file itself; a list that
 *         nobody signed is compared and proves nothing. Without proof nothing is fetched,
 *         unless --allow-unverified; what was found goes into build.json
 * Errors  ERR_UNTRUSTED; those of fetched.h, gpgv.h and sumsfile.h */
#ifndef BUILDER_EVIDENCE_H
#define BUILDER_EVIDENCE_H

#include "builder/fetched.h"

struct evidence {
	const char *url;
	const char *checksums; /* a list of checksums, clearsigned or not; NULL: none */
	const char *signature; /* detached; NULL: none */
	bool over_checksums;   /* the signature is over the list */
};

int evidence_fetch(struct job *j, const struct evidence *v, struct fetched *out,
	struct err *e) must_check nonnull;

/* The digest that releases.yaml pins for a URL or reference, or NULL. */
const char *evidence_pin(const struct job *j, const char *url) nonnull;

/* ERR_UNTRUSTED unless --allow-unverified: nothing verifies `what`. */
int evidence_missing(
	const struct job *j, const char *what, struct err *e) must_check nonnull;

#endif
