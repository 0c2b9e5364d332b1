#include "httpd/confine.h"
#include "httpd/limits.h"
#include "httpd/server.h"
#include "lib/base/opt.h"

#include <signal.h>
#include <stddef.h>

struct serve {
	const char *root;
	struct opt_list listen;
	struct opt_list plain;
	const char *cert;
	const char *key;
	const char *user;
	const char *log;
	int64_t threads;
	int64_t per_address;
};

static const struct serve serve_defaults = { .per_address = 32 };

#define AT(member) offsetof(struct serve, member)

static const struct opt serve_opts[] = {
	{ "root", 0, OPT_STRING, AT(root), "DIR", "serve this directory", 0, 0 },
	{ "listen", 0, OPT_LIST, AT(listen), "[ADDR]:PORT",
		"listen here (repeatable); TLS when a certificate is given", 0, 0 },
	{ "plain", 0, OPT_LIST, AT(plain), "[ADDR]:PORT",
		"listen here without TLS (repeatable)", 0, 0 },
	{ "tls-cert", 0, OPT_STRING, AT(cert), "FILE", "certificate chain (PEM)", 0, 0 },
	{ "tls-key", 0, OPT_STRING, AT(key), "FILE", "private key (PEM)", 0, 0 },
	{ "user", 0, OPT_STRING, AT(user), "NAME",
		"become this user when started as root (default www-data)", 0, 0 },
	{ "log", 0, OPT_STRING, AT(log), "FILE",
		"append one line per request, - for stdout", 0, 0 },
	{ "threads", 0, OPT_INT, AT(threads), "N",
		"threads per socket (default: processors)", 1, 256 },
	{ "per-address", 0, OPT_INT, AT(per_address), "N",
		"connections of one address, 0 for any number (default 32)", 0, 16384 },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL, 0, 0 },
};

/* What is open while we serve, and closed in this order. */
struct service {
	struct site site;
	bool has_site;
	struct tls tls;
	bool has_tls;
	struct access *access;
	struct listen_socket socket[SERVER_SOCKETS_MAX];
	size_t socket_count;
	struct server *server;
};

static void service_close(struct service *s)
{
	server_stop(&s->server);
	for (size_t i = 0; i < s->socket_count; i++)
		auto_fd_cleanup(&s->socket[i].fd);
	access_close(&s->access);
	if (s->has_tls)
		tls_release(&s->tls);
	if (s->has_site)
		site_close(&s->site);
}

static int check_options(const struct serve *o, struct err *e)
{
	if (!o->root)
		return err_set(e, ERR_USAGE, "name the directory to serve with --root");
	if (o->listen.count + o->plain.count == 0)
		return err_set(e, ERR_USAGE, "name a socket with --listen [ADDR]:PORT");
	if (o->listen.count + o->plain.count > SERVER_SOCKETS_MAX)
		return err_set(
			e, ERR_LIMIT, "listen on at most %d sockets", SERVER_SOCKETS_MAX);
	if (!o->cert != !o->key)
		return err_set(e, ERR_USAGE, "give --tls-cert and --tls-key together");
	return 0;
}

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

/* Everything that needs more rights than serving does. */
static int open_all(struct service *s, const struct serve *o, struct err *e)
{
	if (site_open(&s->site, o->root, e) < 0)
		return -1;
	s->has_site = true;
	if (o->cert && tls_load(o->cert, o->key, &s->tls, e) < 0)
		return -1;
	s->has_tls = o->cert != NULL;
	if (o->log && access_open(o->log, &s->access, e) < 0)
		return -1;
	if (open_sockets(s, &o->listen, s->has_tls, e) < 0)
		return -1;
	return open_sockets(s, &o->plain, false, e);
}

/* Blocked before any thread exists, so that only the main thread takes them. */
static void block_signals(sigset_t *ends)
{
	sigemptyset(ends);
	sigaddset(ends, SIGTERM);
	sigaddset(ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static int announce(struct out *out, const struct service *s, struct err *e)
{
	for (size_t i = 0; i < s->socket_count; i++)
		out_result(out, "listening on http%s://%s/\n",
			s->socket[i].is_tls ? "s" : "", s->socket[i].host_port);
	return out_flush(out, e);
}

static int serve(struct call *c, struct service *s, struct err *e)
{
	const struct serve *o = c->values;
	struct confine_user user;
	sigset_t ends;
	int confined, got;

	if (check_options(o, e) < 0 || confine_user_find(o->user, &user, e) < 0 ||
		open_all(s, o, e) < 0)
		return -1;
	limits_raise();
	block_signals(&ends);
	confined = confine(s->site.root_dir, &user, e);
	if (confined < 0)
		return err_wrap(e, "cannot give up rights");
	if (confined > 0)
		out_warn(c->out,
			"this kernel has no Landlock: only file modes keep other "
			"files from being read");
	struct server_setup setup = {
		.site = &s->site,
		.socket = s->socket,
		.socket_count = s->socket_count,
		.tls = &s->tls,
		.access = s->access,
		.threads = (unsigned int)o->threads,
		.per_address = (unsigned int)o->per_address,
	};
	if (server_start(&setup, &s->server, e) < 0 || announce(c->out, s, e) < 0)
		return -1;
	while (sigwait(&ends, &got) != 0)
		;
	return 0;
}

static int run(struct call *c, struct err *e)
{
	struct service s = { .has_site = false };
	int status = serve(c, &s, e);

	service_close(&s);
	return status;
}

static const struct command commands[] = {
	{ .name = "",
		.args = "",
		.summary = "serve a published tree over HTTP",
		.opts = serve_opts,
		.values_size = sizeof(struct serve),
		.defaults = &serve_defaults,
		.run = run },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	static const struct program program = {
		.name = "rootyard-httpd",
		.summary = "serve a published tree over HTTP",
		.commands = commands,
	};

	return opt_main(&program, argc, argv);
}
