/* pool.h -- work on several cores, results in the order of submission.
 * Shape   pool_submit hands a job to a free thread and blocks while 2 jobs per thread are
 *         under way; `done` is called for each finished job in submission order, on the
 *         submitting thread
 * Errors  the first failing job's error (in submission order) comes out of pool_submit or
 *         pool_finish; `done` is not called for it nor for any later job, and every later
 *         call fails with the same error
 * Owns    the threads; jobs are the caller's, discarded on the submitting thread */
#ifndef LIB_BASE_POOL_H
#define LIB_BASE_POOL_H

#include "lib/base/err.h"

struct pool;

struct pool_ops {
	int (*work)(void *job, void *ctx, struct err *e); /* on any thread */
	int (*done)(void *job, void *ctx,
		struct err *e);                /* in order, on the caller's thread */
	void (*discard)(void *job, void *ctx); /* frees a job, done or not */
};

/* threads 0 means the number of processors this process may use. */
int pool_open(unsigned int threads, const struct pool_ops *ops, void *ctx,
	struct pool **out, struct err *e) must_check nonnull_args(2, 4, 5);

/* Takes job, also on failure. */
int pool_submit(struct pool *p, void *job, struct err *e) must_check nonnull;
int pool_finish(struct pool *p, struct err *e) must_check nonnull;
void pool_close(struct pool **p) nonnull;
#define auto_pool with_cleanup(pool_close)

#endif
