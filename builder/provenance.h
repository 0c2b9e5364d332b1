/* provenance.h -- provenance.json: who built these files, from what, how they were told
 * to.
 * Shape   an in-toto Statement v1 whose predicate is SLSA provenance v1; its subjects are
 *         the artifacts; unsigned here: the indexer, which holds the key, signs what it
 *         admits. The same build gives the same bytes
 * Bounds  1 MiB for the reader
 * Source  https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md;
 *         https://slsa.dev/spec/v1.0/provenance */
#ifndef BUILDER_PROVENANCE_H
#define BUILDER_PROVENANCE_H

#include "lib/model/build.h"

#define PROVENANCE_NAME "provenance.json"

/* What decides the bytes beside recipe and sources. */
struct provenance_settings {
	int64_t xz_level, zst_level;
	bool epoch_fixed, allow_unverified;
	const char *mirror;   /* of releases.yaml; "": none */
	int64_t expired_days; /* how long an expired Release file was accepted */
};

int provenance_format(const struct build *b, const struct provenance_settings *s,
	struct buf *out, struct err *e) must_check nonnull;

/* Reads the settings back; their texts go into the arena. */
int provenance_parse(struct bytes json, struct arena *arena,
	struct provenance_settings *out, struct err *e) must_check nonnull;

#endif
