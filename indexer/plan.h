/* plan.h -- what a publication would change.
 * Owns    the arrays, until plan_release */
#ifndef INDEXER_PLAN_H
#define INDEXER_PLAN_H

#include "indexer/emit.h"

enum plan_kind { PLAN_SAME, PLAN_NEW, PLAN_UPDATED, PLAN_REWORDED };

struct plan_image {
	struct emit_listed listed; /* document of an image that changes is filled later */
	enum plan_kind kind;
};

struct plan {
	struct plan_image *image; /* in image order */
	size_t count, room;
	size_t changed;
	int64_t dropped; /* listed now, without an active build */
	struct digest facts;
	bool site_changed, signer_changed;
	int64_t generation, version; /* the next ones */
	bool is_first;
	/* filled when it is carried out: the pass that wrote the indexes */
	uint64_t index_bytes;
	int64_t index_ms;
};

int plan_make(struct yard *y, struct plan *out, struct err *e) must_check nonnull;
void plan_release(struct plan *p) nonnull;
#define auto_plan with_cleanup(plan_release)

bool plan_is_empty(const struct plan *p) nonnull;

/* One line of talk: "new debian/trixie/amd64/default@20261123_0207". */
void plan_describe(const struct plan_image *i, struct buf *out) nonnull;

/* The catalog of images that clients read, when the plan is carried out. */
void plan_catalog(const struct plan *p, const struct site *site, struct buf *out) nonnull;

#endif
