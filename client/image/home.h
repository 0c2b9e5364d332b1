/* home.h -- the directories of this user that we keep things in, made and checked.
 * Rules   SEC-46: owned by the caller; data, state and cache are his alone (0700), config
 *         is writable by nobody else; no parent belongs to, or is writable by, another
 *         user (a sticky directory may be)
 * Errors  ERR_USAGE names the directory and the command that mends it
 * Source  lib/model/places.h */
#ifndef CLIENT_IMAGE_HOME_H
#define CLIENT_IMAGE_HOME_H

#include "lib/model/places.h"

/* Opens it, making what is missing. Returns the descriptor. */
int home_open(enum place which, struct err *e) must_check nonnull;

/* Opens NAME beneath a directory of ours, made 0700 when it is missing. */
int home_subdir(int dir_fd, const char *name, struct err *e) must_check nonnull;

#endif
