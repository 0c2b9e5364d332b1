/* sufsort.h -- the suffix array of a piece of data: where in it a string occurs.
 * The only file that knows libdivsufsort.
 * Shape   order[i] is the position of the i-th smallest suffix
 * Bounds  at most SUFSORT_MAX bytes; 4 bytes of memory for each
 * Owns    the caller owns the array */
#ifndef LIB_ADAPT_SUFSORT_H
#define LIB_ADAPT_SUFSORT_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#define SUFSORT_MAX (16U << 20)

/* ERR_LIMIT for more than SUFSORT_MAX bytes; *order is NULL for none. */
int sufsort(struct bytes in, int32_t **order, struct err *e) must_check nonnull;

#endif
