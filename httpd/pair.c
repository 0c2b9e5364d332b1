#include "httpd/pair.h"

#include "lib/base/err.h"

#include <pthread.h>
#include <sys/random.h>

#define SLOTS 4096

enum half { HALF_INDEX = 1, HALF_SIGNATURE = 2 };

struct promise {
	uint64_t key; /* hash of client and index */
	uint64_t generation;
	int64_t since_ms;
	unsigned int served; /* enum half */
};

struct pairs {
	pthread_mutex_t lock;
	uint64_t seed;
	struct promise slot[SLOTS];
};

struct pairs *pairs_new(void)
{
	struct pairs *p = xcalloc(1, sizeof(*p));

	pthread_mutex_init(&p->lock, NULL);
	if (getrandom(&p->seed, sizeof(p->seed), GRND_NONBLOCK) != sizeof(p->seed))
		p->seed = (uint64_t)(uintptr_t)p;
	return p;
}

void pairs_free(struct pairs **p)
{
	if (*p)
		pthread_mutex_destroy(&(*p)->lock);
	free(*p);
	*p = NULL;
}

bool pair_is_half(const char *path)
{
	return strncmp(path, "meta/1.0/", 9) == 0 || strncmp(path, "streams/", 8) == 0 ||
	       strncmp(path, "aplinfo.dat", 11) == 0;
}

/* The index's name ends where the suffix of a signature, or of the same index compressed,
 * begins. */
static size_t index_len(const char *path, enum half *half)
{
	static const struct {
		const char *suffix;
		enum half half;
	} known[] = {
		{ ".asc", HALF_SIGNATURE },
		{ ".gpg", HALF_SIGNATURE },
		{ ".gz", HALF_INDEX },
	};
	size_t len = strlen(path);

	*half = HALF_INDEX;
	for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
		size_t end = strlen(known[i].suffix);

		if (len <= end || strcmp(path + len - end, known[i].suffix) != 0)
			continue;
		*half = known[i].half;
		return len - end;
	}
	return len;
}

static uint64_t mix(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3U;
	return h;
}

/* A signature follows the index that was read last, as often as it is asked for. */
static bool promise_holds(const struct promise *s, enum half half, int64_t now_ms)
{
	if (now_ms - s->since_ms >= PAIR_PROMISE_MS)
		return false;
	return half == HALF_SIGNATURE ? (s->served & HALF_INDEX) != 0
				      : s->served == HALF_SIGNATURE;
}

uint64_t pairs_choose(struct pairs *p, const struct address *client, const char *path,
	uint64_t live, int64_t now_ms)
{
	enum half half;
	size_t len = index_len(path, &half);
	uint64_t key = mix(
		mix(p->seed ^ 0xcbf29ce484222325U, client, sizeof(*client)), path, len);
	struct promise *s = &p->slot[(key ^ key >> 32) % SLOTS];
	uint64_t generation;

	pthread_mutex_lock(&p->lock);
	if (s->key == key && promise_holds(s, half, now_ms))
		s->served |= half;
	else
		*s = (struct promise){ key, live, now_ms, half };
	generation = s->generation;
	pthread_mutex_unlock(&p->lock);
	return generation;
}
