/* tested.h -- the boot test of one build, and what is kept of it: test.log and the result
 * in build.json.
 * Errors  ERR_TEST: it failed, and build.json says so, so that nobody admits it; others:
 *         it could not be tried, and nothing is changed
 * Owns    nothing */
#ifndef BUILDER_TESTED_H
#define BUILDER_TESTED_H

#include "lib/base/err.h"

#include <stdint.h>

#define TEST_LOG "test.log"

struct tested {
	const char *user; /* who starts it; NULL: the caller */
	int64_t timeout_s;
	const char *result, *kind; /* out: as in build.json */
};

int tested_run(struct tested *t, int build_dir, struct err *e) must_check nonnull;

#endif
