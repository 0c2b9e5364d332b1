/* retention.h -- which builds of an image stay: the operator's rules, and what follows
 * from them.
 * Shape   `retention` of site.yaml: keep, keep_days, keep_tested, grace_days,
 *         deprecate_days; `images`: the same keys for names that `match` a glob, the
 *         first that matches
 * Rules   pure. An image's newest good build never goes, nor does a pinned or held one
 *         that is newer; a build first leaves the index, its files go grace_days later,
 *         and later than two days after every `current` that may have named them
 * Source  security chapter, SEC-62, SEC-63 */
#ifndef INDEXER_RETENTION_H
#define INDEXER_RETENTION_H

#include "indexer/ymap.h"
#include "lib/base/arena.h"
#include "lib/model/image.h"

struct retention_rule {
	const char *match; /* "" for the site's own */
	int64_t keep, keep_days, grace_days, deprecate_days;
	bool keep_tested;
};

#define RETENTION_RULES_MAX 64

struct retention {
	struct retention_rule all, *rule;
	size_t rule_count;
};

/* n may be NULL: the defaults. Strings live in the arena. */
int retention_read(const struct ynode *n, const char *name, struct arena *a,
	struct retention *out, struct err *e) must_check nonnull_args(2, 3, 4, 5);

const struct retention_rule *retention_find(
	const struct retention *r, const struct image *image) nonnull;

enum fate {
	FATE_NEWEST,  /* stays: the newest good one */
	FATE_COUNTED, /* ... among the `keep` newest */
	FATE_YOUNG,
	FATE_TESTED,
	FATE_PINNED,
	FATE_HELD,
	FATE_RETIRES, /* leaves the index now */
	FATE_WAITS,   /* left it; its files stay until until_s */
	FATE_GOES,    /* its files go now */
};
extern const char *const fate_words[];

struct retention_build {
	const char *state; /* active held withdrawn */
	bool is_tested, is_pinned;
	bool is_listed; /* withdrawn, but what is live may still name it */
	int64_t admitted_s, left_s;
	int64_t named_until_s; /* expiry of the last `current` that may name it */
	enum fate fate;        /* filled */
	int64_t until_s;       /* filled for FATE_WAITS */
};

/* Newest first. is_over: deprecated or at its end of life: one is enough. */
void retention_decide(const struct retention_rule *r, bool is_over,
	struct retention_build *b, size_t count, int64_t now_s) nonnull_args(1);

#endif
