#include "httpd/pair.h"

#include "lib/base/err.h"

#include <pthread.h>
#include <sys/random.h>

#define SLOTS 8192

enum half { HALF_INDEX = 1, HALF_SIGNATURE = 2 };

/* Those who get one index from one generation: an address, or a network of them. */
struct group {
	uint64_t key;        /* hash of the network or address, and of the index */
	uint64_t generation; /* of what was given last */
	int64_t since_ms;    /* an index was given, or a first signature */
	int64_t behind_ms;   /* when it was first seen not to be the live one; 0: it is */
	int64_t shared_until_ms;
	unsigned int indexes, signatures; /* given since they were even */
	bool last_is_signature;
};

struct pairs {
	pthread_mutex_t lock;
	uint64_t seed;
	struct group slot[SLOTS];
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

static struct group *group_of(
	struct pairs *p, const struct address *a, const char *index, size_t len)
{
	uint64_t key = mix(mix(p->seed ^ 0xcbf29ce484222325U, a, sizeof(*a)), index, len);
	struct group *g = &p->slot[(key ^ key >> 32) % SLOTS];

	if (g->key != key)
		*g = (struct group){ .key = key };
	return g;
}

/* Neighbours by the customs of address assignment: pools are made of such networks. The
 * mark keeps it apart from an address that ends in zeros. */
static struct address network_of(const struct address *a)
{
	static const unsigned char v4[12] = { [10] = 0xff, [11] = 0xff };
	struct address network = *a;

	if (memcmp(a->byte, v4, sizeof(v4)) == 0)
		network.byte[0] = network.byte[15] = 1;
	else
		memset(network.byte + 8, 0xff, 8);
	return network;
}

static bool is_fresh(const struct group *g, int64_t now_ms)
{
	return g->indexes + g->signatures > 0 && now_ms - g->since_ms < PAIR_PROMISE_MS;
}

static bool has_index(const struct group *g, int64_t now_ms)
{
	return is_fresh(g, now_ms) && g->indexes > 0;
}

/* Somebody waits for a signature that fits, and not for longer than is fair to others. */
static bool is_held(const struct group *g, int64_t now_ms)
{
	return g->shared_until_ms > now_ms && g->indexes > g->signatures &&
	       (g->behind_ms == 0 || now_ms - g->behind_ms < PAIR_PROMISE_MS);
}

/* A signature follows the index that was read last, as often as it is asked for; an index
 * follows a signature that was read before it. */
static uint64_t choose(
	const struct group *g, enum half half, uint64_t live, int64_t now_ms)
{
	if (!is_fresh(g, now_ms))
		return live;
	if (half == HALF_SIGNATURE)
		return g->indexes > 0 ? g->generation : live;
	return g->indexes == 0 || is_held(g, now_ms) ? g->generation : live;
}

static void note_index(struct group *g, uint64_t generation, int64_t now_ms)
{
	if (!is_fresh(g, now_ms) || g->generation != generation ||
		(g->indexes > 0 && g->signatures >= g->indexes))
		g->indexes = g->signatures = 0;
	g->indexes++;
	g->since_ms = now_ms;
	g->last_is_signature = false;
}

static void note_signature(struct group *g, uint64_t generation, int64_t now_ms)
{
	if (!has_index(g, now_ms) || g->generation != generation) {
		g->indexes = g->signatures = 0;
		g->since_ms = now_ms;
	}
	g->signatures++;
	g->last_is_signature = true;
}

static void note(struct group *g, enum half half, uint64_t generation, uint64_t live,
	int64_t now_ms)
{
	if (half == HALF_INDEX)
		note_index(g, generation, now_ms);
	else
		note_signature(g, generation, now_ms);
	g->generation = generation;
	if (generation == live)
		g->behind_ms = 0;
	else if (g->behind_ms == 0)
		g->behind_ms = now_ms;
}

/* A signature shows whether its address is one client's. Of an address that was seen with
 * an index, two in a row are several clients': one alone asks twice when it failed, but
 * then read one index. Of an address without, the index was read from a neighbour. */
static void look_for_sharing(struct group *alone, struct group *pool, int64_t now_ms)
{
	if (!has_index(alone, now_ms)) {
		if (has_index(pool, now_ms))
			pool->shared_until_ms = now_ms + PAIR_SHARED_MS;
	} else if (alone->last_is_signature && alone->indexes > 1) {
		alone->shared_until_ms = now_ms + PAIR_SHARED_MS;
	}
}

uint64_t pairs_choose(
	struct pairs *p, const struct asker *who, const char *path, uint64_t live)
{
	const struct address network = network_of(&who->address);
	int64_t now_ms = who->now_ms;
	struct group *alone, *pool;
	enum half half;
	size_t len = index_len(path, &half);
	uint64_t generation;

	pthread_mutex_lock(&p->lock);
	alone = group_of(p, &who->address, path, len);
	pool = group_of(p, &network, path, len);
	if (half == HALF_SIGNATURE && !who->only_looks)
		look_for_sharing(alone, pool, now_ms);
	generation =
		choose(pool->shared_until_ms > now_ms ? pool : alone, half, live, now_ms);
	if (!who->only_looks) {
		note(alone, half, generation, live, now_ms);
		note(pool, half, generation, live, now_ms);
	}
	pthread_mutex_unlock(&p->lock);
	return generation;
}
