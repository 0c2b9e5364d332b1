/* record.h -- what the last good build of an image was made of, kept from night to night,
 * and whether a new one is due.
 * Shape   DIR/<distro>/<release>/<arch>/<variant>.record: one line with the digest of the
 *         settings, then that build's build.json
 * Rules   what cannot be known in advance counts as changed; a record that cannot be read
 *         counts as none
 * Owns    the record's build owns its arena */
#ifndef BUILDER_RECORD_H
#define BUILDER_RECORD_H

#include "builder/job.h"

#define RECORD_AGE_MAX_S (7 * 86400)

struct record {
	bool known;
	struct digest settings;
	struct build build;
};

void record_init(struct record *r) nonnull;
void record_release(struct record *r) nonnull;
#define auto_record with_cleanup(record_release)

void record_load(struct record *r, int dir, const struct image *image) nonnull;

/* Keeps a build that succeeded. */
int record_keep(int dir, const struct job *j, const struct build *b,
	struct err *e) must_check nonnull;

/* Is a build due at now_s? Then why says so in a few words, else since when it is the
 * same. Looks at the sources: indexes and archives are fetched by rootyard-fetch. */
bool record_is_due(const struct record *r, struct job *j, int64_t now_s, char *why,
	size_t why_size) nonnull;

#endif
