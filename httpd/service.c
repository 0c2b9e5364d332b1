#include "httpd/service.h"

#include "httpd/confine.h"
#include "httpd/conns.h"
#include "httpd/inherit.h"
#include "httpd/limits.h"

/* ---- sockets */

static int open_sockets(struct service *s, const struct opt_list *list,
	enum listen_kind kind, struct err *e)
{
	for (size_t i = 0; i < list->count; i++) {
		char where[300];

		if (s->socket_count == SERVER_SOCKETS_MAX)
			return err_set(e, ERR_LIMIT, "listen on at most %d sockets",
				SERVER_SOCKETS_MAX);
		/* A port alone will do where TLS has its address already. */
		snprintf(where, sizeof(where), "%s%s",
			kind == LISTEN_REDIRECT && !strchr(list->item[i], ':') ? ":" : "",
			list->item[i]);
		if (listen_open(where, kind, &s->socket[s->socket_count], e) < 0)
			return -1;
		s->socket_count++;
	}
	return 0;
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
		open_sockets(s, &o->redirect, LISTEN_REDIRECT, e) < 0)
		return -1;
	return check_sockets(s, e);
}

/* ---- start */

static int open_trees(struct service *s, const struct options *o, struct err *e)
{
	if (site_open(&s->site, o->root, e) < 0)
		return -1;
	s->has_site = true;
	if (o->acme_dir && site_open(&s->acme, o->acme_dir, e) < 0)
		return -1;
	s->has_acme = o->acme_dir != NULL;
	return 0;
}

int service_open(struct service *s, const struct options *o, struct err *e)
{
	s->options = o;
	if (secrets_open(&s->secrets, o, e) < 0 || open_trees(s, o, e) < 0)
		return -1;
	if (o->log && access_open(o->log, &s->access, e) < 0)
		return -1;
	return open_all_sockets(s, o, e);
}

int service_confine(struct service *s, struct err *e)
{
	const int dirs[] = { s->site.root_dir, s->acme.root_dir };
	struct confine_user user;

	limits_raise();
	if (confine_user_find(s->options->user, &user, e) < 0)
		return -1;
	return confine(dirs, s->has_acme ? 2 : 1, &user, e);
}

int service_start(struct service *s, struct err *e)
{
	const struct options *o = s->options;
	const struct listen_socket *tls = find_socket(s, LISTEN_TLS);
	struct server_setup setup = {
		.site = &s->site,
		.socket = s->socket,
		.socket_count = s->socket_count,
		.policy = { .prefix = o->prefix_path,
			.payload_base = *o->payload_base ? o->payload_base : NULL,
			.acme = s->has_acme ? &s->acme : NULL,
			.autoindex = o->autoindex,
			.tls = s->secrets.tls,
			.tls_port = tls ? tls->port : 0 },
		.access = s->access,
		.threads = (unsigned int)o->threads,
		.per_address = (unsigned int)o->per_address,
	};

	return server_start(&setup, &s->server, e);
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

	s->complained = secrets_reload(&s->secrets, &e) < 0;
	if (s->complained)
		out_warn(out, "what was read before stays in use: %s", e.text);
	reload_log(s, out);
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

	if (s->secrets.tls)
		tls_rotate(s->secrets.tls, now_ms);
	if (now_ms - s->looked_ms < SERVICE_LOOK_MS)
		return;
	s->looked_ms = now_ms;
	look_at_files(s, out);
}

void service_close(struct service *s)
{
	server_stop(&s->server);
	for (size_t i = 0; i < s->socket_count; i++)
		auto_fd_cleanup(&s->socket[i].fd);
	access_close(&s->access);
	secrets_close(&s->secrets);
	if (s->has_acme)
		site_close(&s->acme);
	if (s->has_site)
		site_close(&s->site);
}
