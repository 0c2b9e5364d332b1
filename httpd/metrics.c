#include "httpd/metrics.h"

#include <pthread.h>
#include <stdatomic.h>

#define SHARDS 16

static const unsigned int statuses[] = { 200, 206, 301, 304, 307, 308, 400, 401, 404, 405,
	412, 413, 414, 416, 431, 500, 503 };

/* Threads count in places of their own, so that none waits for another's cache line. */
struct shard {
	_Alignas(64) atomic_ullong replies[ARRAY_COUNT(statuses) + 1];
	atomic_ullong bytes, connections, refusals, handshakes[2];
};

struct download {
	char name[IMAGE_NAME_MAX]; /* "" is free */
	uint64_t count;
};

struct metrics {
	struct shard shard[SHARDS];
	pthread_mutex_t lock; /* of the downloads */
	size_t images;
	uint64_t others;
	struct download download[2 * METRICS_IMAGES];
};

struct metrics *metrics_new(void)
{
	struct metrics *m = aligned_alloc(64, (sizeof(*m) + 63) / 64 * 64);

	if (!m)
		err_abort("out of memory");
	memset(m, 0, sizeof(*m));
	pthread_mutex_init(&m->lock, NULL);
	return m;
}

void metrics_free(struct metrics **m)
{
	if (*m)
		pthread_mutex_destroy(&(*m)->lock);
	free(*m);
	*m = NULL;
}

static struct shard *mine(struct metrics *m)
{
	static atomic_uint threads;
	static _Thread_local unsigned int number;

	if (number == 0)
		number = atomic_fetch_add(&threads, 1) + 1;
	return &m->shard[number % SHARDS];
}

static void add(atomic_ullong *counter, uint64_t value)
{
	atomic_fetch_add_explicit(counter, value, memory_order_relaxed);
}

void metrics_reply(struct metrics *m, unsigned int status, uint64_t bytes)
{
	struct shard *s = mine(m);
	size_t i = 0;

	while (i < ARRAY_COUNT(statuses) && statuses[i] != status)
		i++;
	add(&s->replies[i], 1);
	add(&s->bytes, bytes);
}

void metrics_connection(struct metrics *m)
{
	add(&mine(m)->connections, 1);
}

void metrics_refusal(struct metrics *m)
{
	add(&mine(m)->refusals, 1);
}

void metrics_handshake(struct metrics *m, bool is_resumed)
{
	add(&mine(m)->handshakes[is_resumed], 1);
}

void metrics_download(struct metrics *m, const struct image *image)
{
	const size_t slots = ARRAY_COUNT(m->download);
	char name[IMAGE_NAME_MAX];
	uint64_t h = 0xcbf29ce484222325U;
	size_t at;

	image_format(image, name);
	for (const char *p = name; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3U;
	pthread_mutex_lock(&m->lock);
	for (at = h % slots; m->download[at].name[0]; at = (at + 1) % slots)
		if (strcmp(m->download[at].name, name) == 0)
			break;
	if (!m->download[at].name[0] && m->images == METRICS_IMAGES) {
		m->others++;
	} else {
		m->images += !m->download[at].name[0];
		memcpy(m->download[at].name, name, sizeof(name));
		m->download[at].count++;
	}
	pthread_mutex_unlock(&m->lock);
}

/* ---- text */

#define PREFIX "rootyard_httpd_"

static void head(struct buf *out, const char *name, const char *kind, const char *help)
{
	buf_printf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help,
		name, kind);
}

static void one(struct buf *out, const char *name, const char *kind, const char *help,
	uint64_t value)
{
	head(out, name, kind, help);
	buf_printf(out, PREFIX "%s %llu\n", name, (unsigned long long)value);
}

static uint64_t sum(struct metrics *m, size_t offset)
{
	uint64_t total = 0;

	for (size_t i = 0; i < SHARDS; i++) {
		char *base = (char *)&m->shard[i] + offset;

		total += atomic_load_explicit(
			(atomic_ullong *)(void *)base, memory_order_relaxed);
	}
	return total;
}

static void format_replies(struct metrics *m, struct buf *out)
{
	head(out, "requests_total", "counter", "Requests by status of the reply.");
	for (size_t i = 0; i <= ARRAY_COUNT(statuses); i++) {
		uint64_t count = sum(
			m, offsetof(struct shard, replies) + i * sizeof(atomic_ullong));

		if (i < ARRAY_COUNT(statuses))
			buf_printf(out, PREFIX "requests_total{code=\"%u\"} %llu\n",
				statuses[i], (unsigned long long)count);
		else
			buf_printf(out, PREFIX "requests_total{code=\"other\"} %llu\n",
				(unsigned long long)count);
	}
}

static void format_handshakes(struct metrics *m, struct buf *out)
{
	static const char *const kinds[] = { "full", "resumed" };

	head(out, "tls_sessions_total", "counter", "TLS sessions that sent a request.");
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
		buf_printf(out, PREFIX "tls_sessions_total{handshake=\"%s\"} %llu\n",
			kinds[i],
			(unsigned long long)sum(m, offsetof(struct shard, handshakes) +
							   i * sizeof(atomic_ullong)));
}

static void format_downloads(struct metrics *m, struct buf *out)
{
	head(out, "downloads_total", "counter",
		"Root file systems and deltas that were sent whole, by image.");
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < ARRAY_COUNT(m->download); i++) {
		const struct download *d = &m->download[i];
		struct image image;
		struct err e;

		if (!d->name[0] || image_parse(d->name, &image, &e) < 0)
			continue;
		buf_printf(out,
			PREFIX "downloads_total{distro=\"%s\",release=\"%s\","
			       "arch=\"%s\",variant=\"%s\"} %llu\n",
			image.distro, image.release, image.arch, image.variant,
			(unsigned long long)d->count);
	}
	if (m->others > 0)
		buf_printf(out,
			PREFIX "downloads_total{distro=\"\",release=\"\",arch=\"\","
			       "variant=\"\"} %llu\n",
			(unsigned long long)m->others);
	pthread_mutex_unlock(&m->lock);
}

void metrics_format(struct metrics *m, const struct metrics_now *now, struct buf *out)
{
	head(out, "build_info", "gauge", "The version that runs.");
	buf_printf(out, PREFIX "build_info{version=\"%s\"} 1\n", VERSION);
	one(out, "start_time_seconds", "gauge", "When it started, Unix time.",
		(uint64_t)now->started_s);
	format_replies(m, out);
	one(out, "response_body_bytes_total", "counter",
		"Bytes of bodies that were sent whole.",
		sum(m, offsetof(struct shard, bytes)));
	one(out, "connections_total", "counter", "Connections that were accepted.",
		sum(m, offsetof(struct shard, connections)));
	one(out, "connections_refused_total", "counter",
		"Connections that were refused because their address held too many.",
		sum(m, offsetof(struct shard, refusals)));
	one(out, "connections", "gauge", "Connections that are open.", now->connections);
	format_handshakes(m, out);
	format_downloads(m, out);
	one(out, "log_lines_dropped_total", "counter",
		"Lines of the access log that did not fit.", now->log_dropped);
	one(out, "draining", "gauge", "1 when nothing new is accepted.",
		now->is_draining ? 1 : 0);
	if (now->generation > 0)
		one(out, "generation", "gauge", "The live generation of the tree.",
			now->generation);
	if (now->certificate_expires_s > 0)
		one(out, "certificate_expiry_timestamp_seconds", "gauge",
			"When the certificate ends, Unix time.",
			(uint64_t)now->certificate_expires_s);
}
