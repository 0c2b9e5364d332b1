/* gpghome.h -- a GnuPG home for one verifier, private and short-lived.
 * Shape   a fresh 0700 directory below XDG_RUNTIME_DIR (when that is the caller's
 *         alone), TMPDIR or /tmp; its gpg.conf lets gpg start no agent and ask no
 *         network; the caller's own home and keyring are not touched
 * Owns    the directory; gpghome_remove takes it away with all in it, and
 *         gpghome_make those of processes that were killed
 * Source  gpg(1) */
#ifndef LIB_ADAPT_GPGHOME_H
#define LIB_ADAPT_GPGHOME_H

#include "lib/base/err.h"

struct gpghome {
	int base_fd; /* the directory it stands in */
	int lock_fd; /* tells others that it is in use */
	char name[64];
	char *path; /* absolute */
};

#define GPGHOME_INIT                                                                     \
	{                                                                                \
		.base_fd = -1, .lock_fd = -1                                             \
	}

int gpghome_make(struct gpghome *h, struct err *e) must_check nonnull;
void gpghome_remove(struct gpghome *h) nonnull;

#endif
