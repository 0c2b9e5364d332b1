/* mirrorcheck.h -- is what a mirror serves signed, whole, and how old?
 * In      a remote's repository, opened, with its catalog: the source; a base URL that is said to serve
 *         the same
 * Out     how far it lags, and what it names and does not serve as it was signed
 * Rules   nothing that the mirror says changes what is remembered of the remote; an image is checked
 *         by files of it that are fetched whole: one of its newest builds, or every one
 * Errors  only what kept it from looking: what is wrong with the mirror is the result
 * Owns    the findings, until mirrorcheck_release */
#ifndef CLIENT_IMAGE_MIRRORCHECK_H
#define CLIENT_IMAGE_MIRRORCHECK_H

#include "client/image/repo.h"

enum mirror_state {
	MIRROR_GOOD,
	MIRROR_LAGGING,
	MIRROR_DAMAGED,
	MIRROR_UNTRUSTED,
	MIRROR_UNREACHABLE,
	MIRROR_STATES
};
extern const char *const mirror_state_name[MIRROR_STATES];

struct mirrorcheck_options {
	const char *const *pattern;
	size_t pattern_count; /* 0: all images, and the indexes of other clients */
	bool full;            /* every file of every build that is offered */
	int64_t sample;       /* else a file of so many images */
	int64_t lag_max_s;
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
};

#define MIRROR_FINDINGS_MAX 100

struct mirror_finding {
	const char *path;
	char *what; /* a sentence */
};

struct mirrorcheck {
	struct arena arena;
	enum mirror_state state;
	int64_t generation, version, created_s, lag_s;
	bool expired;
	uint64_t checked, checked_bytes;
	struct mirror_finding finding[MIRROR_FINDINGS_MAX];
	size_t findings; /* may be more than are kept */
};

int mirrorcheck_run(struct repo *source, const char *url,
	const struct mirrorcheck_options *o, struct mirrorcheck *out,
	struct err *e) must_check nonnull;
void mirrorcheck_release(struct mirrorcheck *c) nonnull;
#define auto_mirrorcheck with_cleanup(mirrorcheck_release)

#endif
