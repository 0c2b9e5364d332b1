#include "httpd/service.h"

#include "httpd/confine.h"
#include "httpd/limits.h"

static int open_sockets(
	struct service *s, const struct opt_list *list, bool is_tls, struct err *e)
{
	for (size_t i = 0; i < list->count; i++) {
		if (listen_open(list->item[i], is_tls, &s->socket[s->socket_count], e) <
			0)
			return -1;
		s->socket_count++;
	}
	return 0;
}

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
	if (open_trees(s, o, e) < 0)
		return -1;
	if (o->cert && tls_load(o->cert, o->key, &s->tls, e) < 0)
		return -1;
	s->has_tls = o->cert != NULL;
	if (o->log && access_open(o->log, &s->access, e) < 0)
		return -1;
	if (open_sockets(s, &o->listen, s->has_tls, e) < 0)
		return -1;
	return open_sockets(s, &o->plain, false, e);
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
	struct server_setup setup = {
		.site = &s->site,
		.socket = s->socket,
		.socket_count = s->socket_count,
		.tls = &s->tls,
		.policy = { .prefix = o->prefix_path,
			.payload_base = *o->payload_base ? o->payload_base : NULL,
			.acme = s->has_acme ? &s->acme : NULL,
			.autoindex = o->autoindex },
		.access = s->access,
		.threads = (unsigned int)o->threads,
		.per_address = (unsigned int)o->per_address,
	};

	return server_start(&setup, &s->server, e);
}

void service_close(struct service *s)
{
	server_stop(&s->server);
	for (size_t i = 0; i < s->socket_count; i++)
		auto_fd_cleanup(&s->socket[i].fd);
	access_close(&s->access);
	if (s->has_tls)
		tls_release(&s->tls);
	if (s->has_acme)
		site_close(&s->acme);
	if (s->has_site)
		site_close(&s->site);
}
