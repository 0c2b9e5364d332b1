#include "httpd/cache.h"

#include "httpd/misses.h"

#include <pthread.h>

#define WAYS 4

struct slot {
	struct file *file;
	int64_t checked_ms;
	int64_t used_ms;
};

struct set {
	pthread_mutex_t lock;
	struct slot way[WAYS];
};

struct cache {
	const struct site *site;
	bool in_clear;
	cache_prepare *prepare;
	void *ctx;
	struct misses *misses;
	atomic_size_t budget;
	size_t sets;
	struct set set[];
};

struct cache *cache_new(const struct site *s, size_t max_files, bool in_clear,
	cache_prepare *prepare, void *ctx)
{
	size_t sets = max_files / WAYS > 0 ? max_files / WAYS : 1;
	struct cache *c = xcalloc(1, sizeof(*c) + sets * sizeof(struct set));

	c->site = s;
	c->in_clear = in_clear;
	c->prepare = prepare;
	c->ctx = ctx;
	c->misses = misses_new(s);
	c->budget = BODY_BUDGET;
	c->sets = sets;
	for (size_t i = 0; i < sets; i++)
		pthread_mutex_init(&c->set[i].lock, NULL);
	return c;
}

void cache_free(struct cache **c)
{
	for (size_t i = 0; *c && i < (*c)->sets; i++) {
		for (size_t w = 0; w < WAYS; w++)
			if ((*c)->set[i].way[w].file)
				file_unref((*c)->set[i].way[w].file);
		pthread_mutex_destroy(&(*c)->set[i].lock);
	}
	if (*c)
		misses_free(&(*c)->misses);
	free(*c);
	*c = NULL;
}

static struct set *set_of(struct cache *c, const char *located)
{
	uint64_t h = 0xcbf29ce484222325U;

	for (; *located; located++)
		h = (h ^ (unsigned char)*located) * 0x100000001b3U;
	return &c->set[(h ^ h >> 32) % c->sets];
}

/* A referenced file when the slot's one still is what lies there, else NULL. */
static struct file *slot_use(
	struct cache *c, struct slot *slot, bool look, int64_t now_ms)
{
	struct stat st;

	slot->used_ms = now_ms;
	if (!look && now_ms - slot->checked_ms < CACHE_FRESH_MS)
		return file_ref(slot->file);
	if (!site_stat(c->site, slot->file->located, &st) ||
		!file_is_same(slot->file, &st)) {
		file_unref(slot->file);
		slot->file = NULL;
		return NULL;
	}
	slot->checked_ms = now_ms;
	return file_ref(slot->file);
}

static struct file *set_find(
	struct cache *c, struct set *set, const struct site_path *where, int64_t now_ms)
{
	struct file *found = NULL;

	pthread_mutex_lock(&set->lock);
	for (size_t w = 0; w < WAYS && !found; w++) {
		struct slot *slot = &set->way[w];

		if (slot->file && slot->file->coding == where->coding &&
			strcmp(slot->file->located, where->text) == 0)
			found = slot_use(c, slot, where->is_live, now_ms);
	}
	pthread_mutex_unlock(&set->lock);
	return found;
}

/* Takes the place of an older copy, else an empty one, else the longest unused one. */
static void set_add(struct set *set, struct file *f, int64_t now_ms)
{
	struct slot *best = &set->way[0];

	pthread_mutex_lock(&set->lock);
	for (size_t w = 0; w < WAYS; w++) {
		struct slot *slot = &set->way[w];

		if (slot->file && slot->file->coding == f->coding &&
			strcmp(slot->file->located, f->located) == 0) {
			best = slot;
			break;
		}
		if (best->file && (!slot->file || slot->used_ms < best->used_ms))
			best = slot;
	}
	if (best->file)
		file_unref(best->file);
	*best = (struct slot){ file_ref(f), now_ms, now_ms };
	pthread_mutex_unlock(&set->lock);
}

/* The sentence of a failed open is not needed a second time. */
static int known_missing(struct err *e)
{
	e->code = ERR_NOTFOUND;
	e->sys = ENOENT;
	e->text[0] = '\0';
	return -1;
}

static int note_missing(struct cache *c, const struct site_path *where, int64_t now_ms,
	const struct err *e)
{
	if (e->code == ERR_NOTFOUND && e->sys == ENOENT)
		misses_add(c->misses, where->text, now_ms);
	return -1;
}

int cache_get(struct cache *c, const char *path, const struct site_path *where,
	int64_t now_ms, struct file **out, struct err *e)
{
	struct set *set = set_of(c, where->text);
	struct file *f = set_find(c, set, where, now_ms);

	if (!f) {
		if (misses_has(c->misses, where->text, now_ms))
			return known_missing(e);
		if (file_open(c->site, path, where, c->in_clear, &c->budget, &f, e) < 0)
			return note_missing(c, where, now_ms, e);
		c->prepare(c->ctx, path, f);
		set_add(set, f, now_ms);
	}
	*out = f;
	return 0;
}

static void set_tidy(struct set *set, int64_t now_ms)
{
	pthread_mutex_lock(&set->lock);
	for (size_t w = 0; w < WAYS; w++) {
		struct slot *slot = &set->way[w];

		if (!slot->file || now_ms - slot->used_ms < CACHE_IDLE_MS)
			continue;
		file_unref(slot->file);
		slot->file = NULL;
	}
	pthread_mutex_unlock(&set->lock);
}

void cache_tidy(struct cache *c, int64_t now_ms)
{
	for (size_t i = 0; i < c->sets; i++)
		set_tidy(&c->set[i], now_ms);
}
