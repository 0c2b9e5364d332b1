#include "httpd/misses.h"

#include <pthread.h>
#include <time.h>

#define SLOTS         1024
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

struct misses {
	const struct site *site;
	struct miss slot[SLOTS];
};

struct misses *misses_new(const struct site *s)
{
	struct misses *m = xcalloc(1, sizeof(*m));

	m->site = s;
	for (size_t i = 0; i < SLOTS; i++)
		pthread_mutex_init(&m->slot[i].lock, NULL);
	return m;
}

void misses_free(struct misses **m)
{
	for (size_t i = 0; *m && i < SLOTS; i++)
		pthread_mutex_destroy(&(*m)->slot[i].lock);
	free(*m);
	*m = NULL;
}

static struct miss *slot_of(struct misses *m, const char *located)
{
	uint64_t h = 0xcbf29ce484222325U;

	for (; *located; located++)
		h = (h ^ (unsigned char)*located) * 0x100000001b3U;
	return &m->slot[(h ^ h >> 32) % SLOTS];
}

static bool stat_directory(const struct site *s, const char *located, struct stat *st)
{
	char directory[PATH_MAX_KEPT + 1];
	const char *slash = strrchr(located, '/');
	size_t len = slash ? (size_t)(slash - located) : 1;

	memcpy(directory, slash ? located : ".", len);
	directory[len] = '\0';
	return site_stat(s, directory, st) && S_ISDIR(st->st_mode);
}

static bool is_settled(const struct stat *st)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec - st->st_ctim.tv_sec) * 1000000000LL + now.tv_nsec -
		       st->st_ctim.tv_nsec >
	       SETTLED_NS;
}

bool misses_has(struct misses *m, const char *located)
{
	struct miss *slot = slot_of(m, located);
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
	return known && stat_directory(m->site, located, &st) && st.st_dev == dev &&
	       st.st_ino == ino && st.st_ctim.tv_sec == changed.tv_sec &&
	       st.st_ctim.tv_nsec == changed.tv_nsec;
}

/* The directory is looked at after the name was: what came between makes it unsettled. */
void misses_add(struct misses *m, const char *located)
{
	struct miss *slot = slot_of(m, located);
	size_t len = strlen(located);
	struct stat st;

	if (len > PATH_MAX_KEPT || !stat_directory(m->site, located, &st) ||
		!is_settled(&st))
		return;
	pthread_mutex_lock(&slot->lock);
	slot->dev = st.st_dev;
	slot->ino = st.st_ino;
	slot->changed = st.st_ctim;
	memcpy(slot->path, located, len + 1);
	pthread_mutex_unlock(&slot->lock);
}
