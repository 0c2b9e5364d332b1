#include "httpd/misses.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <pthread.h>
#include <time.h>

#define SLOTS         1024
#define PLACES        16
#define PATH_MAX_KEPT 239

/* Times in inodes are as coarse as two seconds: a directory that changed this lately may
 * change again without showing it. */
#define SETTLED_NS 2100000000LL

struct miss {
	pthread_mutex_t lock;
	dev_t dev;
	ino_t ino;
	struct timespec changed;
	char path[PATH_MAX_KEPT + 1]; /* "" when empty */
};

/* A directory that is looked at often: by its descriptor, which costs a fifth of the walk
 * to its name. */
struct place {
	pthread_mutex_t lock;
	int fd; /* -1 when empty */
	int64_t opened_ms;
	char path[PATH_MAX_KEPT + 1];
};

struct misses {
	const struct site *site;
	struct place place[PLACES];
	struct miss slot[SLOTS];
};

struct misses *misses_new(const struct site *s)
{
	struct misses *m = xcalloc(1, sizeof(*m));

	m->site = s;
	for (size_t i = 0; i < SLOTS; i++)
		pthread_mutex_init(&m->slot[i].lock, NULL);
	for (size_t i = 0; i < PLACES; i++) {
		pthread_mutex_init(&m->place[i].lock, NULL);
		m->place[i].fd = -1;
	}
	return m;
}

void misses_free(struct misses **m)
{
	for (size_t i = 0; *m && i < SLOTS; i++)
		pthread_mutex_destroy(&(*m)->slot[i].lock);
	for (size_t i = 0; *m && i < PLACES; i++) {
		pthread_mutex_destroy(&(*m)->place[i].lock);
		if ((*m)->place[i].fd >= 0)
			close((*m)->place[i].fd);
	}
	free(*m);
	*m = NULL;
}

static uint64_t hash_of(const char *path)
{
	uint64_t h = 0xcbf29ce484222325U;

	for (; *path; path++)
		h = (h ^ (unsigned char)*path) * 0x100000001b3U;
	return h ^ h >> 32;
}

/* A directory of this name, opened within the last second. */
static bool place_open(
	struct place *p, const struct site *s, const char *directory, int64_t now_ms)
{
	auto_fd int former = -1;
	struct err e;

	if (p->fd >= 0 && now_ms - p->opened_ms < MISSES_WALK_MS &&
		strcmp(p->path, directory) == 0)
		return true;
	former = p->fd;
	p->fd = fs_open_beneath(s->root_dir, directory, O_PATH | O_DIRECTORY, 0, &e);
	p->opened_ms = now_ms;
	memcpy(p->path, directory, strlen(directory) + 1);
	return p->fd >= 0;
}

static bool stat_directory(
	struct misses *m, const char *located, int64_t now_ms, struct stat *st)
{
	char directory[PATH_MAX_KEPT + 1];
	const char *slash = strrchr(located, '/');
	size_t len = slash ? (size_t)(slash - located) : 1;
	struct place *p;
	bool found;

	memcpy(directory, slash ? located : ".", len);
	directory[len] = '\0';
	p = &m->place[hash_of(directory) % PLACES];
	pthread_mutex_lock(&p->lock);
	found = place_open(p, m->site, directory, now_ms) && fstat(p->fd, st) == 0;
	pthread_mutex_unlock(&p->lock);
	return found;
}

static bool is_settled(const struct stat *st)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec - st->st_ctim.tv_sec) * 1000000000LL + now.tv_nsec -
		       st->st_ctim.tv_nsec >
	       SETTLED_NS;
}

bool misses_has(struct misses *m, const char *located, int64_t now_ms)
{
	struct miss *slot = &m->slot[hash_of(located) % SLOTS];
	struct timespec changed;
	struct stat st;
	bool known;
	dev_t dev;
	ino_t ino;

	pthread_mutex_lock(&slot->lock);
	known = strcmp(slot->path, located) == 0;
	dev = slot->dev;
	ino = slot->ino;
	changed = slot->changed;
	pthread_mutex_unlock(&slot->lock);
	return known && stat_directory(m, located, now_ms, &st) && st.st_dev == dev &&
	       st.st_ino == ino && st.st_ctim.tv_sec == changed.tv_sec &&
	       st.st_ctim.tv_nsec == changed.tv_nsec;
}

/* The directory is looked at after the name was: what came between makes it unsettled. */
void misses_add(struct misses *m, const char *located, int64_t now_ms)
{
	struct miss *slot = &m->slot[hash_of(located) % SLOTS];
	size_t len = strlen(located);
	struct stat st;

	if (len > PATH_MAX_KEPT || !stat_directory(m, located, now_ms, &st) ||
		!is_settled(&st))
		return;
	pthread_mutex_lock(&slot->lock);
	slot->dev = st.st_dev;
	slot->ino = st.st_ino;
	slot->changed = st.st_ctim;
	memcpy(slot->path, located, len + 1);
	pthread_mutex_unlock(&slot->lock);
}
