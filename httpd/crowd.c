#include "httpd/crowd.h"

#include <sys/random.h>

#define BUCKETS 4096

struct member {
	struct member *next;
	struct address who;
	unsigned int count;
};

struct crowd {
	uint64_t seed; /* nobody chooses his addresses to share a bucket */
	struct member *bucket[BUCKETS];
};

struct crowd *crowd_new(void)
{
	struct crowd *c = xcalloc(1, sizeof(*c));

	if (getrandom(&c->seed, sizeof(c->seed), GRND_NONBLOCK) < 0)
		c->seed = (uintptr_t)c;
	return c;
}

void crowd_free(struct crowd **slot)
{
	struct crowd *c = *slot;

	for (size_t i = 0; c && i < BUCKETS; i++)
		while (c->bucket[i]) {
			struct member *m = c->bucket[i];

			c->bucket[i] = m->next;
			free(m);
		}
	free(c);
	*slot = NULL;
}

static struct address network_of(const struct address *who)
{
	static const unsigned char v4[12] = { [10] = 0xff, [11] = 0xff };
	struct address network = *who;

	if (memcmp(who->byte, v4, sizeof(v4)) != 0)
		memset(network.byte + 8, 0, 8);
	return network;
}

static struct member **find(struct crowd *c, const struct address *network)
{
	struct member **at;
	uint64_t half[2], mixed;

	memcpy(half, network->byte, sizeof(half));
	mixed = (half[0] ^ c->seed) * 0x9e3779b97f4a7c15ULL;
	mixed = ((mixed ^ (mixed >> 29)) + half[1]) * 0xbf58476d1ce4e5b9ULL;
	at = &c->bucket[(mixed >> 32) % BUCKETS];
	while (*at && memcmp((*at)->who.byte, network->byte, sizeof(network->byte)) != 0)
		at = &(*at)->next;
	return at;
}

unsigned int crowd_enter(struct crowd *c, const struct address *who)
{
	struct address network = network_of(who);
	struct member **at = find(c, &network);

	if (!*at) {
		*at = xcalloc(1, sizeof(**at));
		(*at)->who = network;
	}
	return ++(*at)->count;
}

void crowd_leave(struct crowd *c, const struct address *who)
{
	struct address network = network_of(who);
	struct member **at = find(c, &network), *m = *at;

	if (!m || --m->count > 0)
		return;
	*at = m->next;
	free(m);
}
