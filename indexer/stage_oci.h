/* stage_oci.h -- P3b of v2/ and sigs/: which documents, blobs, tags and signatures the
 * dirty images need.
 * Rules   within the transaction of the generation; a build is described once, before
 *         the switch; tags move after it; a group's tags follow from its active builds,
 *         so that what a build leaves behind when it goes is removed here as well
 * Source  protocols section 5; lib/model/oci.h */
#ifndef INDEXER_STAGE_OCI_H
#define INDEXER_STAGE_OCI_H

#include "indexer/notary.h"
#include "indexer/plan.h"
#include "lib/model/oci.h"

int stage_oci(struct yard *y, struct notary *n, const struct plan *plan,
	struct err *e) must_check nonnull;

/* What one build has there: its rows, and the files before the switch. */
int stage_oci_build(struct catalog *c, const struct catalog_build *b,
	struct err *e) must_check nonnull;

/* What refers to an image manifest of a build, as v2/ has it. */
int oci_referrers(struct catalog *c, const struct catalog_build *b,
	const struct oci_blob *subject, struct buf *out,
	struct err *e) must_check nonnull;

/* v2/DISTRO/tags/list as the catalog has it. */
int oci_tag_list(struct catalog *c, const char *distro, struct buf *out,
	struct err *e) must_check nonnull;

#endif
