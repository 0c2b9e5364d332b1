/* build_facts.h -- what the files of one build say about it: what its row in the catalog
 * holds.
 * Rules   read from meta.tar.xz, incus.tar.xz, packages.json, rootfs.man and build.json, so
 *         that a published directory says again what it said at its admission
 * Errors  as admit_meta.h and admit_tree.h
 * Owns    the list of packages, until build_facts_release; a row borrows from both */
#ifndef INDEXER_BUILD_FACTS_H
#define INDEXER_BUILD_FACTS_H

#include "indexer/admit_meta.h"
#include "indexer/admit_tree.h"
#include "indexer/catalog.h"

#define BUILD_PACKAGES "packages.json"

struct build_facts {
	struct meta_facts meta;
	struct tree_facts tree;
	struct packagelist packages;
};

/* dir_fd: where the build's files lie. */
int build_facts_read(int dir_fd, const struct build *b, struct build_facts *out,
	struct err *e) must_check nonnull;
void build_facts_release(struct build_facts *f) nonnull;
#define auto_build_facts with_cleanup(build_facts_release)

/* All but state, time of admission and signer, which no file of the build says. */
int build_facts_row(const struct build *b, const struct build_facts *f,
	struct catalog_build *out, struct err *e) must_check nonnull;

/* Notes the packages of a build, within the transaction that adds it. */
int build_facts_put_packages(struct catalog *c, const struct build *b,
	const struct build_facts *f, struct err *e) must_check nonnull;

#endif
