/* derive.h -- what the indexer itself puts beside a build's files.
 * Shape   rootfs.nspawn: settings that systemd-pull looks for; a served one must stand in
 *         SHA256SUMS, so it is a file of the build like any other
 * Source  systemd.nspawn(5); protocols chapter section 4 */
#ifndef INDEXER_DERIVE_H
#define INDEXER_DERIVE_H

#include "indexer/admit_tree.h"
#include "indexer/intake.h"

int derive_files(struct intake *in, const struct tree_facts *tree,
	struct err *e) must_check nonnull;

#endif
