#include "lib/base/pool.h"

#include "lib/base/bytes.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#define THREADS_MAX 64

struct slot {
	void *job;
	bool finished;
	bool skipped; /* an earlier job had failed: not worked on */
	int rc;
	struct err err;
};

struct pool {
	const struct pool_ops *ops;
	void *ctx;
	pthread_mutex_t lock;
	pthread_cond_t work_there, work_done;
	pthread_t thread[THREADS_MAX];
	unsigned int thread_count;
	struct slot *ring;
	size_t capacity;
	/* Counters since the start; the slot is the counter modulo capacity. */
	uint64_t retired, taken, submitted;
	bool stop;
	bool abandon; /* a job failed: those not taken yet are skipped */
	bool failed;  /* and its error was met in order */
	struct err first;
};

static struct slot *slot_at(struct pool *p, uint64_t number)
{
	return &p->ring[number % p->capacity];
}

static void *worker(void *arg)
{
	struct pool *p = arg;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		struct slot *s;

		while (!p->stop && p->taken == p->submitted)
			pthread_cond_wait(&p->work_there, &p->lock);
		if (p->taken == p->submitted)
			break;
		s = slot_at(p, p->taken++);
		s->skipped = p->abandon || p->stop;
		if (!s->skipped) {
			pthread_mutex_unlock(&p->lock);
			s->rc = p->ops->work(s->job, p->ctx, &s->err);
			pthread_mutex_lock(&p->lock);
			p->abandon = p->abandon || s->rc < 0;
		}
		s->finished = true;
		pthread_cond_signal(&p->work_done);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static unsigned int processors(void)
{
	cpu_set_t set;
	int count;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	count = CPU_COUNT(&set);
	return count > 0 ? (unsigned int)count : 1;
}

static int start_threads(struct pool *p, unsigned int wanted, struct err *e)
{
	sigset_t all, before;
	int rc = 0;

	/* Signals belong to the thread that submits. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (p->thread_count < wanted && rc == 0) {
		rc = pthread_create(&p->thread[p->thread_count], NULL, worker, p);
		p->thread_count += rc == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (p->thread_count > 0)
		return 0; /* fewer hands do the same work */
	errno = rc;
	return err_sys(e, "cannot start a thread");
}

int pool_open(unsigned int threads, const struct pool_ops *ops, void *ctx,
	struct pool **out, struct err *e)
{
	struct pool *p = xcalloc(1, sizeof(*p));

	if (threads == 0)
		threads = processors();
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	p->ops = ops;
	p->ctx = ctx;
	p->capacity = (size_t)threads * 2;
	p->ring = xcalloc(p->capacity, sizeof(*p->ring));
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work_there, NULL);
	pthread_cond_init(&p->work_done, NULL);
	if (start_threads(p, threads, e) < 0) {
		pool_close(&p);
		return -1;
	}
	*out = p;
	return 0;
}

static void discard(struct pool *p, void *job)
{
	if (p->ops->discard)
		p->ops->discard(job, p->ctx);
}

static void note_failure(struct pool *p, const struct err *e)
{
	pthread_mutex_lock(&p->lock);
	p->abandon = true;
	pthread_mutex_unlock(&p->lock);
	p->failed = true;
	p->first = *e;
}

/* Hands the oldest job to `done`; false when it is not finished and wait is not asked. */
static bool retire(struct pool *p, bool wait)
{
	struct slot *s = slot_at(p, p->retired);
	struct err e;

	pthread_mutex_lock(&p->lock);
	while (wait && !s->finished)
		pthread_cond_wait(&p->work_done, &p->lock);
	wait = s->finished;
	pthread_mutex_unlock(&p->lock);
	if (!wait)
		return false;
	if (!p->failed && !s->skipped && s->rc < 0)
		note_failure(p, &s->err);
	else if (!p->failed && !s->skipped && p->ops->done &&
		 p->ops->done(s->job, p->ctx, &e) < 0)
		note_failure(p, &e);
	discard(p, s->job);
	p->retired++;
	return true;
}

static int failure(const struct pool *p, struct err *e)
{
	*e = p->first;
	return -1;
}

int pool_submit(struct pool *p, void *job, struct err *e)
{
	struct slot *s;

	/* submitted and retired are written by this thread alone. */
	while (p->submitted > p->retired &&
		retire(p, p->submitted - p->retired == p->capacity))
		;
	if (p->failed) {
		discard(p, job);
		return failure(p, e);
	}
	s = slot_at(p, p->submitted);
	*s = (struct slot){ .job = job };
	pthread_mutex_lock(&p->lock);
	p->submitted++;
	pthread_cond_signal(&p->work_there);
	pthread_mutex_unlock(&p->lock);
	return 0;
}

int pool_finish(struct pool *p, struct err *e)
{
	while (p->submitted > p->retired)
		retire(p, true);
	return p->failed ? failure(p, e) : 0;
}

void pool_close(struct pool **slot)
{
	struct pool *p = *slot;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->work_there);
	pthread_mutex_unlock(&p->lock);
	for (unsigned int i = 0; i < p->thread_count; i++)
		pthread_join(p->thread[i], NULL);
	for (; p->retired < p->submitted; p->retired++)
		discard(p, slot_at(p, p->retired)->job);
	pthread_cond_destroy(&p->work_there);
	pthread_cond_destroy(&p->work_done);
	pthread_mutex_destroy(&p->lock);
	free(p->ring);
	free(p);
	*slot = NULL;
}
