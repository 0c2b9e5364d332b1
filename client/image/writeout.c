#include "client/image/writeout.h"

#include "lib/base/auto.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

#define EVERY_BYTES (32U << 20)

struct writeout {
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t asked;
	bool wanted, busy, stop;
	int error;      /* the first: the kernel tells each only once to one descriptor */
	uint64_t begun; /* bytes when the last one began */
};

static void *run(void *arg)
{
	struct writeout *w = arg;
	int error;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->wanted && !w->stop)
			pthread_cond_wait(&w->asked, &w->lock);
		if (w->stop)
			break;
		w->wanted = false;
		w->busy = true;
		pthread_mutex_unlock(&w->lock);
		error = syncfs(w->fd) < 0 ? errno : 0;
		pthread_mutex_lock(&w->lock);
		w->error = w->error ? w->error : error;
		w->busy = false;
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int writeout_open(int fd, struct writeout **out, struct err *e)
{
	struct writeout *w = xcalloc(1, sizeof(*w));
	int rc;

	w->fd = fd;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->asked, NULL);
	rc = pthread_create(&w->thread, NULL, run, w);
	if (rc != 0) {
		free(w);
		errno = rc;
		return err_sys(e, "cannot start a thread");
	}
	*out = w;
	return 0;
}

void writeout_at(struct writeout *w, uint64_t bytes)
{
	if (bytes - w->begun < EVERY_BYTES)
		return;
	pthread_mutex_lock(&w->lock);
	if (!w->busy && !w->wanted) {
		w->wanted = true;
		w->begun = bytes;
		pthread_cond_signal(&w->asked);
	}
	pthread_mutex_unlock(&w->lock);
}

static int end(struct writeout *w)
{
	int error;

	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->asked);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	error = w->error;
	pthread_cond_destroy(&w->asked);
	pthread_mutex_destroy(&w->lock);
	free(w);
	return error;
}

int writeout_finish(struct writeout **slot, struct err *e)
{
	errno = end(STEAL(*slot));
	return errno ? err_sys(e, "cannot write the tree to the disk") : 0;
}

void writeout_close(struct writeout **slot)
{
	if (*slot)
		end(STEAL(*slot));
}
