/* source.h -- where the first tree comes from: one table entry per downloader.
 * Shape   unpack fills job->root (an empty directory) and notes its sources
 * Errors  ERR_UPSTREAM, ERR_NETWORK, ERR_UNTRUSTED */
#ifndef BUILDER_SOURCE_H
#define BUILDER_SOURCE_H

#include "builder/evidence.h"
#include "builder/listing.h"

bool source_is_supported(const char *downloader) nonnull;

/* Does this downloader install the recipe's early sets itself? */
bool source_takes_early(const char *downloader) nonnull;

int source_unpack(struct job *j, struct err *e) must_check nonnull;

/* Once all packages are installed: where they came from, and the tree's epoch. */
int source_account(struct job *j, struct err *e) must_check nonnull;

/* Fetches one archive with its evidence and unpacks it, or what lies beneath a directory
 * of it (NULL: all). */
int source_archive(struct job *j, const struct evidence *v, const char *beneath,
	struct err *e) must_check nonnull_args(1, 2, 4);

/* source.url, rendered, without slashes behind; ERR_RECIPE when it is empty. */
int source_base(struct job *j, const char **out, struct err *e) must_check nonnull;

/* The newest version that the page of a directory links to; l without its page. */
int source_newest(struct job *j, const char *url, const struct listing *l,
	char version[LISTING_VERSION_MAX], struct err *e) must_check nonnull;

int source_debootstrap(struct job *j, struct err *e) must_check nonnull;
int source_rootfs_http(struct job *j, struct err *e) must_check nonnull;
int source_docker(struct job *j, struct err *e) must_check nonnull;
int source_alpine(struct job *j, struct err *e) must_check nonnull;
int source_arch(struct job *j, struct err *e) must_check nonnull;
int source_rootyard(struct job *j, struct err *e) must_check nonnull;
int source_rpmbootstrap(struct job *j, struct err *e) must_check nonnull;

#endif
