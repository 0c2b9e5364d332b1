#include "httpd/server.h"

#include "httpd/exchange.h"
#include "httpd/limits.h"
#include "httpd/response.h"

#include <time.h>

#define CONNECTION_BYTES 8192 /* the library's memory for one connection */

struct listener {
	struct exchange exchange;
	struct MHD_Daemon *daemon;
};

struct server {
	struct answers answers;
	struct responses *responses;
	struct access *access;
	struct conns *conns;
	struct listener listener[SERVER_SOCKETS_MAX];
	size_t listener_count;
	atomic_bool ready;
	int64_t tidied_ms; /* the reaper's */
};

/* The library wants to know where certificates come from; exchange.c gives each session
 * its own before this could be asked. */
static int no_certificate(void)
{
	return -1;
}

static int start_listener(struct listener *l, const struct server_setup *setup,
	int sock_fd, unsigned int connections, struct err *e)
{
	bool is_tls = l->exchange.kind == LISTEN_TLS;
	unsigned int threads = setup->threads ? setup->threads : limits_processors();
	unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC |
			     MHD_USE_ERROR_LOG | (is_tls ? MHD_USE_TLS : 0);
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)no_certificate },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)tls_priorities },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem pool[] = {
		{ threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, threads,
			NULL },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (connections < threads)
		connections = threads;
	l->daemon = MHD_start_daemon(flags, 0, NULL, NULL, exchange_request, &l->exchange,
		MHD_OPTION_EXTERNAL_LOGGER, limits_wait, NULL,
		MHD_OPTION_URI_LOG_CALLBACK, exchange_target, &l->exchange,
		MHD_OPTION_LISTEN_SOCKET, sock_fd, MHD_OPTION_UNESCAPE_CALLBACK,
		exchange_keep_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED,
		exchange_completed, &l->exchange, MHD_OPTION_NOTIFY_CONNECTION,
		exchange_connection, &l->exchange,
		/* Of 0.9 it sends the head of its refusal twice: framing.h is stricter. */
		MHD_OPTION_STRICT_FOR_CLIENT, exchange_splits_in_place() ? 0 : 1,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_CONNECTION_LIMIT, connections,
		/* Its clock also runs while a slow peer empties our buffers: conns.c
		 * knows better. */
		MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_ARRAY, pool,
		is_tls ? MHD_OPTION_ARRAY : MHD_OPTION_END, tls, MHD_OPTION_END);
	if (!l->daemon)
		return err_set(e, ERR_FAILED,
			"cannot start the HTTP library on its socket%s",
			is_tls ? " (TLS)" : "");
	return 0;
}

#define TIDY_MS 5000

/* The first calls come before there is a cache. */
static void keep_house(void *ctx)
{
	struct server *s = ctx;
	int64_t now_ms = conns_now_ms();

	if (s->access)
		access_flush(s->access);
	if (!atomic_load(&s->ready) || now_ms - s->tidied_ms < TIDY_MS)
		return;
	s->tidied_ms = now_ms;
	cache_tidy(s->answers.cache, now_ms);
}

int server_start(const struct server_setup *setup, struct server **out, struct err *e)
{
	struct server *s = xcalloc(1, sizeof(*s));
	struct limits limits = { 0, 0 };
	const struct conns_setup conns = { keep_house, s, setup->per_address };
	bool in_clear = false;

	s->answers.site = setup->site;
	s->answers.policy = setup->policy;
	s->access = setup->access;
	for (size_t i = 0; i < setup->socket_count; i++)
		in_clear = in_clear || setup->socket[i].kind != LISTEN_TLS;
	if (limits_share(&limits, e) < 0 || conns_start(&conns, &s->conns, e) < 0) {
		free(s);
		return -1;
	}
	s->responses = responses_new();
	s->answers.cache =
		cache_new(setup->site, limits.files, in_clear, response_prepare, NULL);
	atomic_store(&s->ready, true);
	for (size_t i = 0; i < setup->socket_count; i++) {
		struct listener *l = &s->listener[i];

		l->exchange = (struct exchange){ &s->answers, s->responses, s->conns,
			s->access, setup->metrics, setup->socket[i].kind,
			exchange_splits_in_place() };
		if (start_listener(l, setup, setup->socket[i].fd,
			    (unsigned int)(limits.connections / setup->socket_count),
			    e) < 0) {
			server_stop(&s);
			return -1;
		}
		setup->socket[i].fd = -1;
		s->listener_count++;
	}
	*out = s;
	return 0;
}

void server_drain(struct server *s)
{
	const struct timespec pause = { 0, 20 * 1000000L };
	int64_t end_ms = conns_now_ms() + SERVER_DRAIN_MS;

	if (conns_is_draining(s->conns))
		return;
	for (size_t i = 0; i < s->listener_count; i++) {
		int fd = MHD_quiesce_daemon(s->listener[i].daemon);

		if (fd >= 0)
			close(fd);
	}
	conns_drain(s->conns);
	while (conns_count(s->conns) > 0 && conns_now_ms() < end_ms)
		nanosleep(&pause, NULL);
}

uint64_t server_connections(const struct server *s)
{
	return conns_count(s->conns);
}

bool server_is_draining(const struct server *s)
{
	return conns_is_draining(s->conns);
}

bool server_is_alive(const struct server *s)
{
	return conns_is_alive(s->conns, conns_now_ms());
}

void server_stop(struct server **slot)
{
	struct server *s = *slot;

	if (!s)
		return;
	server_drain(s);
	for (size_t i = 0; i < s->listener_count; i++)
		MHD_stop_daemon(s->listener[i].daemon);
	conns_stop(&s->conns);
	cache_free(&s->answers.cache);
	responses_free(&s->responses);
	free(s);
	*slot = NULL;
}
