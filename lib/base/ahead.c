#include "lib/base/ahead.h"

#include "lib/base/bytes.h"

#include <pthread.h>
#include <signal.h>

/* A decoder needs little; what a thread gets by itself counts against a limit of address
 * space. */
#define STACK_BYTES (512U << 10)

struct chunk {
	size_t len; /* below AHEAD_CHUNK in the last one only */
	unsigned char data[AHEAD_CHUNK];
};

struct ahead {
	struct reader source;
	void (*release)(void *ctx);
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	unsigned int holders; /* the thread and who opened it */
	bool stop;
	bool ended; /* nothing comes behind what is filled */
	bool failed;
	struct err said;
	/* Counters since the start; the chunk is the counter modulo AHEAD_CHUNKS. */
	uint64_t made, used;
	size_t at; /* in the chunk that is being used */
	struct chunk chunk[AHEAD_CHUNKS];
};

static void let_go(struct ahead *a)
{
	unsigned int left;

	pthread_mutex_lock(&a->lock);
	left = --a->holders;
	pthread_mutex_unlock(&a->lock);
	if (left > 0)
		return;
	a->release(a->source.ctx);
	pthread_cond_destroy(&a->emptied);
	pthread_cond_destroy(&a->filled);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

/* ---- the thread */

/* 1 filled, 0 the source has ended, -1. */
static int fill(struct ahead *a, struct chunk *c)
{
	c->len = 0;
	while (c->len < AHEAD_CHUNK) {
		ssize_t n = reader_read(
			&a->source, c->data + c->len, AHEAD_CHUNK - c->len, &a->said);

		if (n <= 0)
			return (int)n;
		c->len += (size_t)n;
	}
	return 1;
}

static void *run(void *arg)
{
	struct ahead *a = arg;
	int rc = 1;

	pthread_mutex_lock(&a->lock);
	while (rc == 1) {
		struct chunk *c = &a->chunk[a->made % AHEAD_CHUNKS];

		while (!a->stop && a->made - a->used == AHEAD_CHUNKS)
			pthread_cond_wait(&a->emptied, &a->lock);
		if (a->stop)
			break;
		pthread_mutex_unlock(&a->lock);
		rc = fill(a, c);
		pthread_mutex_lock(&a->lock);
		a->made += c->len > 0;
		a->ended = rc != 1;
		a->failed = rc < 0;
		pthread_cond_signal(&a->filled);
	}
	pthread_mutex_unlock(&a->lock);
	let_go(a);
	return NULL;
}

/* Signals are the main thread's. */
static int start(struct ahead *a, pthread_t *thread)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(thread, &attr, run, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return rc;
}

/* ---- who opened it */

int ahead_open(const struct reader *source, void (*release)(void *ctx),
	struct ahead **out, struct err *e)
{
	struct ahead *a = xcalloc(1, sizeof(*a));
	pthread_t thread;
	int rc;

	a->source = *source;
	a->release = release;
	a->holders = 2;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->filled, NULL);
	pthread_cond_init(&a->emptied, NULL);
	rc = start(a, &thread);
	if (rc != 0) {
		a->holders = 1;
		let_go(a);
		errno = rc;
		return err_sys(e, "cannot start a thread");
	}
	*out = a;
	return 0;
}

/* The chunk to use next; NULL at the end. */
static const struct chunk *wait_for_chunk(struct ahead *a)
{
	bool there;

	pthread_mutex_lock(&a->lock);
	while (a->made == a->used && !a->ended)
		pthread_cond_wait(&a->filled, &a->lock);
	there = a->made > a->used;
	pthread_mutex_unlock(&a->lock);
	return there ? &a->chunk[a->used % AHEAD_CHUNKS] : NULL;
}

static void chunk_used(struct ahead *a)
{
	pthread_mutex_lock(&a->lock);
	a->used++;
	a->at = 0;
	pthread_cond_signal(&a->emptied);
	pthread_mutex_unlock(&a->lock);
}

static ssize_t ahead_read(void *ctx, void *buf, size_t size, struct err *e)
{
	struct ahead *a = ctx;
	const struct chunk *c = wait_for_chunk(a);
	size_t n;

	if (!c && a->failed) {
		*e = a->said;
		return -1;
	}
	if (!c)
		return 0;
	n = c->len - a->at < size ? c->len - a->at : size;
	memcpy(buf, c->data + a->at, n);
	a->at += n;
	if (a->at == c->len)
		chunk_used(a);
	return (ssize_t)n;
}

struct reader ahead_as_reader(struct ahead *a)
{
	return (struct reader){ .read = ahead_read, .ctx = a };
}

void ahead_close(struct ahead **slot)
{
	struct ahead *a = *slot;

	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_signal(&a->emptied);
	pthread_mutex_unlock(&a->lock);
	let_go(a);
	*slot = NULL;
}
