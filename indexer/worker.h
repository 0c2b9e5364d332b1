/* worker.h -- jobs done by processes of their own, several at a time, each within a
 * deadline.
 * Shape   jobs are 0..count-1; `work` runs in a worker and fills out; `done` runs in the
 *         caller, in the order in which jobs end
 * Rules   each worker leads a process group, which is killed at the first error, at a
 *         deadline, and (the worker itself) when we are killed: a program that it runs
 *         and that spins or waits for ever does not hold us; processor time is bounded
 *         as well, for what outlives its worker
 * Errors  the first error met; ERR_AGAIN for a job that did not end in time
 * Owns    nothing after the return */
#ifndef INDEXER_WORKER_H
#define INDEXER_WORKER_H

#include "lib/base/buf.h"

struct worker_ops {
	const char *what; /* "sign", for sentences */
	size_t result_max;
	int (*work)(size_t job, void *ctx, struct buf *out, struct err *e);
	int (*done)(size_t job, struct bytes result, void *ctx, struct err *e);
	int (*limit_s)(size_t job, void *ctx); /* NULL: WORKER_LIMIT_S each */
};

#define WORKER_LIMIT_S 60

/* workers 0: one a processor, at most WORKERS_MAX. */
#define WORKERS_MAX 8
int worker_run(unsigned int workers, size_t count, const struct worker_ops *ops,
	void *ctx, struct err *e) must_check nonnull_args(3, 5);

#endif
