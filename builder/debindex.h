/* debindex.h -- one signed index of a Debian archive: fetched, verified, still valid, and
 * of the suite that was asked for.
 * Shape   a line "deb BASE SUITE COMPONENT..." of mirror.h becomes a struct debindex
 * Rules   InRelease is signed by a key of the recipe (gpgv.h); what it names is fetched by
 *         its digest (fetched.h), where the archive allows it under that digest
 * Errors  ERR_UNTRUSTED, ERR_NETWORK, ERR_UPSTREAM; 1 with a reason when the archive is
 *         one that only apt understands
 * Owns    its text; borrows the job's arena
 * Source  apt-secure(8), DebianRepository/Format */
#ifndef BUILDER_DEBINDEX_H
#define BUILDER_DEBINDEX_H

#include "builder/fetched.h"
#include "builder/gpgv.h"

#define DEBINDEX_MAX            8
#define DEBINDEX_COMPONENTS_MAX 8
#define DEBINDEX_PACKAGES_MAX   (512LL << 20)
#define REASON_MAX              512

struct debindex {
	const char *base, *suite, *url;
	const char *component[DEBINDEX_COMPONENTS_MAX];
	size_t component_count;
	struct buf text;      /* what is signed */
	struct digest sha256; /* of InRelease itself */
	char fpr[FPR_MAX];
};

void debindex_init(struct debindex *x) nonnull;
void debindex_release(struct debindex *x) nonnull;

/* inrelease: what it was when it was fetched in this build, or NULL. 0, -1, or 1 and why in
 * a few words. */
int debindex_open(struct job *j, const char *line, const struct digest *inrelease,
	struct debindex *out, char reason[REASON_MAX], struct err *e) must_check
	nonnull_args(1, 2, 4, 5, 6);

/* The Packages file of one component, as it is compressed; *plain becomes the digest of
 * what is in it. */
int debindex_packages(struct job *j, const struct debindex *x, const char *component,
	struct fetched *out, struct digest *plain, char reason[REASON_MAX],
	struct err *e) must_check nonnull;

#endif
