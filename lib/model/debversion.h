/* debversion.h -- which of two package versions is the later one, by dpkg's rules.
 * Shape   [EPOCH:]UPSTREAM[-REVISION]; '~' sorts before everything, even the end; letters
 *         before other characters; runs of digits as numbers. Versions of other package
 *         managers are compared as if they were Debian's
 * Source  deb-version(7), Debian policy 5.6.12 */
#ifndef LIB_MODEL_DEBVERSION_H
#define LIB_MODEL_DEBVERSION_H

#include "lib/base/auto.h"

/* Below, equal to, or above zero. */
int debversion_compare(const char *a, const char *b) nonnull;

#endif
