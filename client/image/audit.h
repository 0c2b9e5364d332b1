/* audit.h -- is a stored tree still what its manifest says? Runs in the confined child only.
 * In      the tree's root and its manifest, whose digest is right
 * Out     a sentence for each entry that is missing, too much, or not as it was: type, mode,
 *         owner, time, link, attributes, content
 * Rules   what the policy of unpack.h left out is not missed; without subordinate ids owners
 *         are not compared
 * Errors  only what kept it from looking */
#ifndef CLIENT_IMAGE_AUDIT_H
#define CLIENT_IMAGE_AUDIT_H

#include "lib/model/manifest.h"

struct audit_job {
	int root_fd;
	const struct manifest *manifest;
	bool single_id;
};

struct audit_watch {
	int (*damage)(void *ctx, const char *sentence, struct err *e);
	int (*moved)(void *ctx, uint64_t bytes, struct err *e);
	void *ctx;
};

int audit_run(const struct audit_job *job, const struct audit_watch *watch,
	struct err *e) must_check nonnull;

#endif
