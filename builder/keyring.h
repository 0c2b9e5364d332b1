/* keyring.h -- the keys of source.keys as one file of binary keys in the work directory.
 * Shape   source.keys holds armoured blocks; releases.yaml's key files joined them
 * Errors  ERR_RECIPE for what is no key: no key server is asked */
#ifndef BUILDER_KEYRING_H
#define BUILDER_KEYRING_H

#include "builder/job.h"

/* Writes ARCHIVE_KEYS (archive.h); ERR_UNTRUSTED when there is no key at all. */
int keyring_write(const struct job *j, struct err *e) must_check nonnull;

/* The same, opened for reading. */
int keyring_open(const struct job *j, struct err *e) must_check nonnull;

#endif
