/* archive.h -- a Debian archive's chain of trust, walked again by ourselves: signed
 * InRelease -> Packages -> every .deb that is installed in the tree.
 * Errors  ERR_UNTRUSTED names the link that does not hold
 * Source  apt-secure(8), deb(5) */
#ifndef BUILDER_ARCHIVE_H
#define BUILDER_ARCHIVE_H

#include "builder/job.h"

/* Takes the store of package files for this build (waiting for another one's), and
 * removes what no build has found to be what a signed index names. archive_account lets
 * go of it. */
int archive_take_store(struct job *j, struct err *e) must_check nonnull;

/* Notes every signed index and package file in the job, and (unless fixed) its epoch: the
 * newest member time of those files. */
int archive_account(struct job *j, struct err *e) must_check nonnull;

/* Says on the file itself that it is what a signed index names. */
void archive_mark(int fd, const struct digest *sha256) nonnull;

/* Of the store in a cache, drops the package files that were used longest ago until it
 * holds at most max_bytes. A store in use stays as it is. */
int archive_trim(const char *cache, uint64_t max_bytes, struct err *e) must_check nonnull;

/* The newest member time of one .deb; pure enough for a test. */
int archive_deb_time(
	int fd, const char *name, int64_t *newest_s, struct err *e) must_check nonnull;

/* Binary OpenPGP keys out of armoured text, appended. */
int archive_dearmor(const char *armor, struct buf *out, struct err *e) must_check nonnull;

/* The file in the work directory that holds the keys. */
#define ARCHIVE_KEYS "keys.gpg"

#endif
