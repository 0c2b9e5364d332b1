/* intake.h -- files of an incoming build into staging, hashed while they are copied.
 * Rules   only names of the fixed list; regular files, opened without following links;
 *         size and sha256 must be what build.json says; equal content that is published
 *         already is linked (4 KiB and more), EMLINK falls back to a copy
 * Owns    the file list's names are constants of the table */
#ifndef INDEXER_INTAKE_H
#define INDEXER_INTAKE_H

#include "indexer/yard.h"

#define INTAKE_FILES_MAX 32
#define INTAKE_LOG_MAX   (16U << 20)

struct intake {
	struct yard *yard;
	int in_fd, stage_fd;
	struct build build;
	struct digest build_json;
	struct catalog_file file[INTAKE_FILES_MAX];
	size_t count;
	uint64_t linked;
};

/* Reads and judges build.json of in_fd. */
int intake_read_build(struct intake *in, struct err *e) must_check nonnull;

/* ERR_NOSPACE unless everything fits, with both numbers. */
int intake_check_space(const struct intake *in, struct err *e) must_check nonnull;

/* Copies or links everything into stage_fd. */
int intake_take(struct intake *in, struct err *e) must_check nonnull;

/* One of the logs that lie beside a build's files and are not signed for? */
bool intake_is_log(const char *name) nonnull;

#endif
