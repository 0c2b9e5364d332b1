/* derive.h -- what the indexer itself puts beside a build's files.
 * Shape   rootfs.nspawn: settings that systemd-pull looks for; a served one must stand in
 *         SHA256SUMS, so it is a file of the build like any other
 *         rootfs.tar.gz: the same tar for who knows no newer compression, where the site
 *         serves such clients; DISTRO-VERSION-ARCH-VARIANT.tar.gz is a name of it
 * Source  systemd.nspawn(5); protocols chapter section 4 */
#ifndef INDEXER_DERIVE_H
#define INDEXER_DERIVE_H

#include "indexer/admit_tree.h"
#include "indexer/intake.h"

int derive_files(struct intake *in, const struct tree_facts *tree,
	struct err *e) must_check nonnull;

/* "13" where the operator's releases say so, else the release's name. */
const char *derive_version(const struct image *image, const struct site_release *release)
	nonnull_args(1);

#endif
