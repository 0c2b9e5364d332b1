/* misses.h -- names that are not there: asked for again, they cost one look at their
 * directory.
 * Rule    a name is missing for as long as its directory is the one it was missing in and
 *         has not changed since (dev, inode, ctime): what is put there shows at once, a
 *         directory put in the place of one of those above it within MISSES_WALK_MS
 * Shape   a bounded table; a slot taken by another name only costs a second look
 * Owns    its memory; safe for any number of threads
 * Source  protocols section 0, point 10 */
#ifndef HTTPD_MISSES_H
#define HTTPD_MISSES_H

#include "httpd/site.h"

#define MISSES_WALK_MS 1000

struct misses;

struct misses *misses_new(const struct site *s) must_check nonnull;
void misses_free(struct misses **m) nonnull;

/* Is this located path known to be missing, still? */
bool misses_has(struct misses *m, const char *located, int64_t now_ms) nonnull;

/* It was just looked for, and nothing was there. */
void misses_add(struct misses *m, const char *located, int64_t now_ms) nonnull;

#endif
