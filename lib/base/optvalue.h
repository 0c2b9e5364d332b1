/* optvalue.h -- the text of one option into its typed place.
 * Out     what the option's kind says, at its offset from base
 * Errors  ERR_USAGE names the option and what it takes
 * Owns    nothing: strings are borrowed from the command line */
#ifndef LIB_BASE_OPTVALUE_H
#define LIB_BASE_OPTVALUE_H

#include "lib/base/opttable.h"

/* text is NULL for a flag only. */
int opt_store(const struct opt *o, void *base, const char *text, struct err *e) must_check
	nonnull_args(1, 2, 4);

/* "64K" -> 65536. */
int opt_parse_size(const char *text, int64_t *out, struct err *e) must_check nonnull;

/* The nearest candidate within a third of its length, or NULL: for "did you mean". */
const char *opt_nearest(
	const char *text, const char *const *candidates, size_t count) nonnull;

#endif
