/* listed.h -- is a file of a generation what the signed list of its files says it is?
 * Rules   every listed X.asc and X.gpg is a detached signature of X, and X must be listed
 *         too; every listed X.sjson is its own; all else is vouched for by the list
 * Errors  ERR_UNTRUSTED names the path */
#ifndef INDEXER_LISTED_H
#define INDEXER_LISTED_H

#include "indexer/notary.h"

struct listed {
	const struct trust_object *file;
	size_t count;
	int base_fd;      /* the generation's directory */
	struct notary *n; /* NULL: contents alone */
};

int listed_check(const struct listed *l, size_t at, struct err *e) must_check nonnull;

#endif
