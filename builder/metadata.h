/* metadata.h -- what LXC and Incus want to know of an image, as their archives.
 * Shape   meta.tar.xz: create-message, expiry, excludes-user, config*, templates;
 *         incus.tar.xz: metadata.yaml, templates/; both xz, bare member names
 * Source  recipes chapter section 3 */
#ifndef BUILDER_METADATA_H
#define BUILDER_METADATA_H

#include "builder/generator.h"

struct metadata_in {
	const struct recipe *recipe;
	const struct generated *generated;
	int64_t created_s, epoch_s;
};

/* The raw tar, before xz. */
int metadata_lxc(
	const struct metadata_in *in, struct buf *tar, struct err *e) must_check nonnull;
int metadata_incus(
	const struct metadata_in *in, struct buf *tar, struct err *e) must_check nonnull;

#endif
