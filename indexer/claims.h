/* claims.h -- what container engines verify: one signed claim for each reference to an OCI
 * manifest, made several at a time and staged beside the generation.
 * Rules   in the transaction of a publication: claims_add and claims_renew note who signs,
 *         claims_sign makes what was noted; each is read back before it is believed
 * Errors  as notary.h
 * Owns    what waits, until claims_release
 * Source  containers-signature(5) */
#ifndef INDEXER_CLAIMS_H
#define INDEXER_CLAIMS_H

#include "indexer/catalog_oci.h"
#include "indexer/notary.h"

struct claims {
	struct yard *yard;
	struct notary *notary;
	struct arena arena;
	struct claim *claim;
	size_t count, room;
};

/* "images.example.org/toy:one" is this manifest; nothing when that is signed already. */
int claims_add(struct claims *c, const char *distro, const struct digest *manifest,
	const char *reference, struct err *e) must_check nonnull;

/* Every claim that another key signed: by the current one. */
int claims_renew(struct claims *c, struct err *e) must_check nonnull;

int claims_sign(struct claims *c, struct err *e) must_check nonnull;
void claims_release(struct claims *c) nonnull;

/* Is this message a good signature by the publish role over this claim, of whatever time?
 */
int claims_check(struct notary *n, struct bytes message, const char *path,
	const char *reference, const struct digest *manifest,
	struct err *e) must_check nonnull;

#endif
