/* fsck.h -- is everything on disk what the catalog and the signatures say?
 * Rules   changes nothing; takes no lock: what is younger than an hour may belong to a
 *         command at work and is not called left over; a finding is one line
 *         "F2: images/...: sentence; repair"
 * Errors  only what keeps a check from being made at all
 * Source  SEC-69 */
#ifndef INDEXER_FSCK_H
#define INDEXER_FSCK_H

#include "indexer/notary.h"

#define FSCK_GRACE_S 3600

struct fsck {
	struct yard *yard;
	struct notary *notary; /* NULL when no root can be believed */
	bool quick;            /* sizes and marks, no contents and no signatures */
	void (*say)(const char *line, void *ctx);
	void *ctx;
	size_t findings, checked;
	int64_t live; /* generation by .live; 0 before the first publication */
};

/* All checks, in order. Returns 0 also when there are findings. */
int fsck_run(struct fsck *f, struct err *e) must_check nonnull;

/* Reports; returns 0, so that a check can go on. */
int fsck_find(struct fsck *f, const char *check, const char *path, const char *fmt,
	...) nonnull printf_like(4, 5);

/* F2 F4 of one published file: there, of this size and content, and marked so. */
void fsck_content(struct fsck *f, const char *path, uint64_t size,
	const struct digest *sha256) nonnull;

/* Does the catalog know a path beneath v2/? 1, 0, -1. */
int fsck_oci_knows(struct fsck *f, const char *path, struct err *e) must_check nonnull;

/* ---- the checks, by file */

int fsck_builds(struct fsck *f, struct err *e) must_check nonnull;    /* F2 F4 F5 */
int fsck_oci(struct fsck *f, struct err *e) must_check nonnull;       /* F2 F4 */
int fsck_tree(struct fsck *f, struct err *e) must_check nonnull;      /* F3 F9 F13 F16 */
int fsck_documents(struct fsck *f, struct err *e) must_check nonnull; /* F4 F7 */
int fsck_live(struct fsck *f, struct err *e) must_check nonnull;      /* F6 F7 F8 */
int fsck_chain(struct fsck *f, struct err *e) must_check nonnull;     /* F10 F15 */
int fsck_roots(struct fsck *f, struct err *e) must_check nonnull;     /* F11 */

#endif
