/* pattern.h -- which rows of a list a person means.
 * Shape   a glob (fnmatch, '*' also crosses slashes), or one or more whole parts of a
 * name in a row: "debian", "trixie", "debian/trixie", "amd64/default" all find
 *         debian/trixie/amd64/default */
#ifndef CLIENT_IMAGE_PATTERN_H
#define CLIENT_IMAGE_PATTERN_H

#include "lib/base/auto.h"

#include <stdbool.h>

bool pattern_matches(const char *pattern, const char *text) nonnull;

#endif
