/* resolve.h -- what a person typed into a stored image: no network, no JSON.
 * Shape   refs/<remote>/<d>/<r>/<a>/<v> holds "SERIAL ID"; refs/<remote>/aliases holds
 *         lines "debian/13 debian/trixie", written by whoever read that remote's catalog
 * Errors  ERR_NOTFOUND: not stored (the caller may pull); ERR_CONFLICT: stored from
 *         several remotes; ERR_USAGE: no reference at all */
#ifndef CLIENT_RUN_RESOLVE_H
#define CLIENT_RUN_RESOLVE_H

#include "client/run/store.h"

struct stored_image {
	char id[72];    /* directory below images/: 64 hex digits, maybe ".1id" */
	bool single_id; /* unpacked for one id only */
	char distro[IMAGE_PART_MAX + 1];
	char ref[IMAGE_PART_MAX + IMAGE_NAME_MAX + 2]; /* remote:d/r/a/v, for people */
};

/* full: the caller has 65,536 ids, so a plain id can be used; without them only .1id. */
int resolve_image(const struct store *s, const char *text, bool full,
	struct stored_image *out, struct err *e) must_check nonnull;

/* The pure part, for tests: the target of `name` in an aliases file, or NULL. */
bool alias_find(struct bytes text, const char *name, char *out, size_t out_size) nonnull;

#endif
