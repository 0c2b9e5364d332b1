/* init.h -- makes an operator's directory and the first root of trust.
 * Rules   every step can be repeated: a marker with the arguments stands in both
 *         directories until all is done, and the same arguments continue; without the
 *         marker neither directory may hold anything
 * Errors  ERR_CONFLICT names what is in the way
 * Owns    nothing; the passphrase is the caller's */
#ifndef INDEXER_INIT_H
#define INDEXER_INIT_H

#include "indexer/sign.h"

#define INIT_RELEASES_MAX 16

struct init {
	const char *dir, *root_home; /* ordinary paths; made when missing */
	const char *name;
	const char *const *releases; /* files to copy to releases/ */
	size_t release_count;
	const char *passphrase; /* of the root key; "" for none */
};

struct init_result {
	char root_fpr[FPR_MAX], publish_fpr[FPR_MAX];
	char *path, *root_home;
	bool has_system; /* units and a cron file were written */
};
void init_result_release(struct init_result *r) nonnull;
#define auto_init_result with_cleanup(init_result_release)

/* Checks the arguments and makes the two directories, so that rights can be given up. */
int init_prepare(const struct init *in, struct err *e) must_check nonnull;
int init_run(
	const struct init *in, struct init_result *out, struct err *e) must_check nonnull;

#endif
