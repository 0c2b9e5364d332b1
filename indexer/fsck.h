/* fsck.h -- is everything on disk what the catalog and the signatures say?
 * Rules   changes nothing unless `repair`; then marks, modes, links and companions are
 *         made anew, and what is not known is moved to lost/, never deleted; what only a
 *         mirror, a backup or the key can bring back stays as it is. Takes no lock: what is younger than an hour may belong to a
 *         command at work and is not called left over; a finding is one line
 *         "F2: images/...: sentence; repair"
 * Errors  only what keeps a check from being made at all
 * Source  SEC-69 */
#ifndef INDEXER_FSCK_H
#define INDEXER_FSCK_H

#include "indexer/notary.h"

#define FSCK_GRACE_S 3600
#define FSCK_LOST    "lost" /* in the operator's directory */

struct fsck {
	struct yard *yard;
	struct notary *notary; /* NULL when no root can be believed */
	bool quick;            /* sizes and marks, no contents and no signatures */
	void (*say)(const char *line, void *ctx);
	void *ctx;
	bool repair; /* mend what can be mended; the caller holds the lock */
	size_t findings, mended, checked;
	int64_t live;    /* generation by .live; 0 before the first publication */
	bool is_pending; /* a publication would change something: F8 was left out */
};

/* All checks, in order. Returns 0 also when there are findings. */
int fsck_run(struct fsck *f, struct err *e) must_check nonnull;

/* Reports; returns 0, so that a check can go on. */
int fsck_find(struct fsck *f, const char *check, const char *path, const char *fmt,
	...) nonnull printf_like(4, 5);

/* ---- mending (fsck_repair.c), each right behind its finding; nothing without `repair`
 */

/* To lost/, where it can be looked at. Paths are in public/, or names in staging/. */
void fsck_lose(struct fsck *f, const char *path) nonnull;
void fsck_lose_staged(struct fsck *f, const char *name) nonnull;
void fsck_chmod(struct fsck *f, int dir_fd, const char *path, mode_t mode) nonnull;
void fsck_relink(struct fsck *f, const char *path, const char *target) nonnull;

/* Sets the digest's attribute, where the content is what the digest says. */
void fsck_remark(struct fsck *f, const char *path, const struct digest *want) nonnull;

/* Has the next publication sign a claim again; no finding is mended by that yet. */
struct catalog_claim;
void fsck_unsign(struct fsck *f, const struct catalog_claim *claim) nonnull;

/* Replaces a small file that follows from others. */
void fsck_rewrite(struct fsck *f, const char *path, struct bytes text) nonnull;

/* F2 F4 of one published file: there, of this size and content, and marked so. */
void fsck_content(struct fsck *f, const char *path, uint64_t size,
	const struct digest *sha256) nonnull;

/* F8 of a file beside the generation that follows from the catalog: there, and whole. */
void fsck_derived(struct fsck *f, const char *path, struct bytes want) nonnull;

/* Does the catalog know a path beneath v2/, or sigs/? 1, 0, -1. */
int fsck_oci_knows(struct fsck *f, const char *path, struct err *e) must_check nonnull;
int fsck_claims_know(struct fsck *f, const char *path, struct err *e) must_check nonnull;

/* ---- the checks, by file */

int fsck_builds(struct fsck *f, struct err *e) must_check nonnull;    /* F2 F4 F5 */
int fsck_images(struct fsck *f, struct err *e) must_check nonnull;    /* F14 */
int fsck_oci(struct fsck *f, struct err *e) must_check nonnull;       /* F2 F4 F8 */
int fsck_claims(struct fsck *f, struct err *e) must_check nonnull;    /* F5 */
int fsck_tree(struct fsck *f, struct err *e) must_check nonnull;      /* F3 F9 F13 F16 */
int fsck_documents(struct fsck *f, struct err *e) must_check nonnull; /* F4 F7 */
int fsck_live(struct fsck *f, struct err *e) must_check nonnull;      /* F6 F7 F8 */
int fsck_pages(struct fsck *f, struct err *e) must_check nonnull;     /* F8 */
int fsck_chain(struct fsck *f, struct err *e) must_check nonnull;     /* F10 F15 */
int fsck_roots(struct fsck *f, struct err *e) must_check nonnull;     /* F11 */

#endif
