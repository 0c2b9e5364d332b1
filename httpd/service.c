#include "httpd/service.h"

#include "httpd/confine.h"
#include "httpd/conns.h"
#include "httpd/inherit.h"
#include "httpd/limits.h"
#include "lib/base/sandbox.h"

#include <time.h>

/* ---- sockets */

/* A check beside a server that runs finds its own ports taken. */
static int open_socket(struct service *s, const char *text, enum listen_kind kind,
	struct listen_socket *out, struct err *e)
{
	char where[300];

	/* A port alone will do where TLS has its address already. */
	snprintf(where, sizeof(where), "%s%s",
		kind == LISTEN_REDIRECT && !strchr(text, ':') ? ":" : "", text);
	if (listen_open(where, kind, out, e) == 0)
		return 0;
	if (!s->options->check || e->sys != EADDRINUSE)
		return -1;
	*out = (struct listen_socket){ .fd = -1, .kind = kind };
	snprintf(out->host_port, sizeof(out->host_port), "%.79s", where);
	return 0;
}

static int open_sockets(struct service *s, const struct opt_list *list,
	enum listen_kind kind, struct err *e)
{
	for (size_t i = 0; i < list->count; i++) {
		if (s->socket_count == SERVER_SOCKETS_MAX)
			return err_set(e, ERR_LIMIT, "listen on at most %d sockets",
				SERVER_SOCKETS_MAX);
		if (open_socket(s, list->item[i], kind, &s->socket[s->socket_count], e) <
			0)
			return -1;
		s->socket_count++;
	}
	return 0;
}

/* Clients' sockets first; their order stays. */
static void part_sockets(struct service *s)
{
	struct listen_socket all[SERVER_SOCKETS_MAX];
	size_t at = 0;

	memcpy(all, s->socket, sizeof(all));
	for (size_t i = 0; i < s->socket_count; i++)
		if (all[i].kind != LISTEN_METRICS)
			s->socket[at++] = all[i];
	s->client_count = at;
	for (size_t i = 0; i < s->socket_count; i++)
		if (all[i].kind == LISTEN_METRICS)
			s->socket[at++] = all[i];
}

static const struct listen_socket *find_socket(
	const struct service *s, enum listen_kind kind)
{
	for (size_t i = 0; i < s->socket_count; i++)
		if (s->socket[i].kind == kind)
			return &s->socket[i];
	return NULL;
}

static int check_sockets(const struct service *s, struct err *e)
{
	bool has_tls = find_socket(s, LISTEN_TLS) != NULL;

	if (!has_tls && !find_socket(s, LISTEN_PLAIN))
		return err_set(e, ERR_USAGE, "name a socket with --listen [ADDR]:PORT");
	if (has_tls && !s->secrets.tls)
		return err_set(
			e, ERR_USAGE, "a socket for TLS needs --tls-cert and --tls-key");
	if (!has_tls && find_socket(s, LISTEN_REDIRECT))
		return err_set(e, ERR_USAGE,
			"--redirect-port needs a socket with TLS to send clients to");
	return 0;
}

static int open_all_sockets(struct service *s, const struct options *o, struct err *e)
{
	bool has_tls = s->secrets.tls != NULL;

	if (inherit_sockets(has_tls, s->socket, SERVER_SOCKETS_MAX, &s->socket_count, e) <
			0 ||
		open_sockets(s, &o->listen, has_tls ? LISTEN_TLS : LISTEN_PLAIN, e) < 0 ||
		open_sockets(s, &o->plain, LISTEN_PLAIN, e) < 0 ||
		open_sockets(s, &o->redirect, LISTEN_REDIRECT, e) < 0 ||
		open_sockets(s, &o->metrics, LISTEN_METRICS, e) < 0)
		return -1;
	part_sockets(s);
	return check_sockets(s, e);
}

/* ---- start */

static int open_trees(struct service *s, const struct options *o, struct err *e)
{
	if (site_open(&s->site, o->root, e) < 0)
		return -1;
	s->has_site = true;
	s->site.is_private = o->tokens != NULL;
	if (o->acme_dir && site_open(&s->acme, o->acme_dir, e) < 0)
		return -1;
	s->has_acme = o->acme_dir != NULL;
	return 0;
}

static enum access_form log_form(const struct options *o)
{
	return o->log_format && strcmp(o->log_format, "json") == 0 ? ACCESS_JSON
								   : ACCESS_COMBINED;
}

int service_open(struct service *s, const struct options *o, struct err *e)
{
	s->options = o;
	s->started_s = time(NULL);
	s->metrics = metrics_new();
	if (secrets_open(&s->secrets, o, e) < 0 || open_trees(s, o, e) < 0)
		return -1;
	if (o->log && !o->check && access_open(o->log, log_form(o), &s->access, e) < 0)
		return -1;
	if (!o->check && notify_open(&s->notify, e) < 0)
		return -1;
	return open_all_sockets(s, o, e);
}

/* Root can serve from a view that nobody writes through; others have Landlock alone. */
static int confine_site(struct site *s, struct err *e)
{
	int view;

	switch (sandbox_read_only_view(s->root_dir, &view, e)) {
	case 0:
		close(s->root_dir);
		s->root_dir = view;
		return 0;
	case 1:
		return 0;
	default:
		return -1;
	}
}

static int make_views(struct service *s, struct err *e)
{
	if (confine_site(&s->site, e) < 0)
		return err_wrap(e, "cannot make a view of the root directory");
	if (s->has_acme && confine_site(&s->acme, e) < 0)
		return err_wrap(e, "cannot make a view of the ACME directory");
	return 0;
}

int service_confine(struct service *s, struct err *e)
{
	struct confine_user user;
	int dirs[2];

	limits_raise();
	limits_settle_memory();
	if (confine_user_find(s->options->user, &user, e) < 0 ||
		(user.change && make_views(s, e) < 0))
		return -1;
	dirs[0] = s->site.root_dir;
	dirs[1] = s->acme.root_dir;
	return confine(dirs, s->has_acme ? 2 : 1, &user, e);
}

static void tell_metrics(void *ctx, struct buf *out)
{
	struct service *s = ctx;
	const struct metrics_now now = {
		.connections = server_connections(s->server),
		.generation = site_generation(&s->site),
		.certificate_expires_s = s->secrets.tls ? tls_expires(s->secrets.tls) : 0,
		.started_s = s->started_s,
		.log_dropped = s->access ? access_dropped(s->access) : 0,
		.is_draining = server_is_draining(s->server),
	};

	metrics_format(s->metrics, &now, out);
}

static bool tell_alive(void *ctx)
{
	const struct service *s = ctx;

	return server_is_alive(s->server);
}

/* The tree is there, and what its switch names. */
static bool tell_ready(void *ctx)
{
	const struct service *s = ctx;
	uint64_t generation = site_generation(&s->site);
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), LAYOUT_GEN "/%llu", (unsigned long long)generation);
	return !server_is_draining(s->server) &&
	       site_stat(&s->site, generation > 0 ? path : ".", &st) &&
	       (generation > 0 || !site_stat(&s->site, LAYOUT_LIVE, &st));
}

static int start_monitors(struct service *s, struct err *e)
{
	const struct monitor_tells tells = { tell_metrics, tell_alive, tell_ready, s };

	for (size_t i = s->client_count; i < s->socket_count; i++) {
		if (monitor_start(s->socket[i].fd, &tells, &s->monitor[i], e) < 0)
			return -1;
		s->socket[i].fd = -1;
	}
	return 0;
}

int service_start(struct service *s, struct err *e)
{
	const struct options *o = s->options;
	const struct listen_socket *tls = find_socket(s, LISTEN_TLS);
	struct server_setup setup = {
		.site = &s->site,
		.socket = s->socket,
		.socket_count = s->client_count,
		.policy = { .prefix = o->prefix_path,
			.payload_base = *o->payload_base ? o->payload_base : NULL,
			.acme = s->has_acme ? &s->acme : NULL,
			.autoindex = o->autoindex,
			.tokens = s->secrets.tokens,
			.tls = s->secrets.tls,
			.tls_port = tls ? tls->port : 0 },
		.access = s->access,
		.metrics = s->metrics,
		.threads = (unsigned int)o->threads,
		.per_address = (unsigned int)o->per_address,
	};

	if (server_start(&setup, &s->server, e) < 0)
		return -1;
	return start_monitors(s, e);
}

/* ---- while it serves */

static void reload_log(struct service *s, struct out *out)
{
	struct err e;
	int fd;

	if (!s->access || strcmp(s->options->log, "-") == 0)
		return;
	fd = secrets_open_log(&s->secrets, &e);
	if (fd < 0)
		out_warn(out, "the log stays where it is: %s", e.text);
	else
		access_reopen(s->access, fd);
}

void service_reload(struct service *s, struct out *out)
{
	struct err e;

	notify_reloading(&s->notify);
	s->complained = secrets_reload(&s->secrets, &e) < 0;
	if (s->complained)
		out_warn(out, "what was read before stays in use: %s", e.text);
	reload_log(s, out);
	notify_ready(&s->notify, "serving");
}

/* A certificate and its key are two files: between their replacements they do not fit,
 * which is worth one sentence if it lasts. */
static void look_at_files(struct service *s, struct out *out)
{
	struct err e;

	if (!s->secrets.keeper || !secrets_changed(&s->secrets))
		return;
	if (secrets_reload(&s->secrets, &e) == 0) {
		s->complained = false;
		out_note(out, "replaced files were read");
	} else if (!s->complained) {
		s->complained = true;
		out_warn(out, "what was read before stays in use: %s", e.text);
	}
}

void service_tick(struct service *s, struct out *out)
{
	int64_t now_ms = conns_now_ms();

	if (server_is_alive(s->server))
		notify_alive(&s->notify, now_ms);
	if (s->secrets.tls)
		tls_rotate(s->secrets.tls, now_ms);
	if (now_ms - s->looked_ms < SERVICE_LOOK_MS)
		return;
	s->looked_ms = now_ms;
	look_at_files(s, out);
}

/* The operator's socket is the last to go: it tells of the draining. */
static void stop_serving(struct service *s)
{
	notify_stopping(&s->notify);
	if (s->server)
		server_drain(s->server);
	for (size_t i = 0; i < s->socket_count; i++)
		monitor_stop(&s->monitor[i]);
	server_stop(&s->server);
	notify_close(&s->notify);
}

void service_close(struct service *s)
{
	stop_serving(s);
	for (size_t i = 0; i < s->socket_count; i++)
		auto_fd_cleanup(&s->socket[i].fd);
	access_close(&s->access);
	metrics_free(&s->metrics);
	secrets_close(&s->secrets);
	if (s->has_acme)
		site_close(&s->acme);
	if (s->has_site)
		site_close(&s->site);
}
