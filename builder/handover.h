/* handover.h -- what a build puts into incoming/.
 * Shape   design section 3; build.json is written last
 * Errors  those of packing and writing */
#ifndef BUILDER_HANDOVER_H
#define BUILDER_HANDOVER_H

#include "builder/job.h"

/* Packs j->root and writes every artifact and build.json into j->stage_dir. */
int handover_complete(struct job *j, struct err *e) must_check nonnull;

/* Of a failed build: leaves build.json and build.log only. */
int handover_failed(
	struct job *j, const struct err *why, struct err *e) must_check nonnull;

/* Whose fault a failure is: "upstream", "recipe", "test" or "internal". */
const char *handover_class(enum err_code code);

#endif
