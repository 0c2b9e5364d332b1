#include "httpd/check.h"
#include "httpd/confine.h"
#include "httpd/service.h"

#include <signal.h>

/* Blocked before any thread exists, so that only the main thread takes them. */
static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int announce(struct out *out, const struct service *s, struct err *e)
{
	static const char *const verbs[] = {
		[LISTEN_PLAIN] = "listening on",
		[LISTEN_TLS] = "listening on",
		[LISTEN_REDIRECT] = "redirecting from",
		[LISTEN_METRICS] = "metrics on",
	};

	for (size_t i = 0; i < s->socket_count; i++)
		out_result(out, "%s http%s://%s/\n", verbs[s->socket[i].kind],
			s->socket[i].kind == LISTEN_TLS ? "s" : "",
			s->socket[i].host_port);
	return out_flush(out, e);
}

static void wait_for_end(struct service *s, const sigset_t *signals, struct out *out)
{
	const struct timespec second = { 1, 0 };

	for (;;) {
		int got = sigtimedwait(signals, NULL, &second);

		if (got == SIGTERM || got == SIGINT)
			return;
		if (got == SIGHUP)
			service_reload(s, out);
		service_tick(s, out);
	}
}

static int serve(struct call *c, struct service *s, struct err *e)
{
	struct options *o = c->values;
	struct confine_user user;
	sigset_t signals;
	int confined;

	if (options_check(o, e) < 0 || confine_user_find(o->user, &user, e) < 0 ||
		service_open(s, o, e) < 0)
		return -1;
	if (o->check)
		return check_print(s, c->out, e);
	block_signals(&signals);
	confined = service_confine(s, e);
	if (confined < 0)
		return err_wrap(e, "cannot give up rights");
	if (confined > 0)
		out_warn(c->out,
			"this kernel has no Landlock: only file modes keep other "
			"files from being read");
	if (service_start(s, e) < 0 || announce(c->out, s, e) < 0)
		return -1;
	notify_ready(&s->notify, "serving");
	wait_for_end(s, &signals, c->out);
	return 0;
}

static int run(struct call *c, struct err *e)
{
	struct service s = { .notify = { .fd = -1 } };
	int status = serve(c, &s, e);

	service_close(&s);
	return status;
}

static const struct command commands[] = {
	{ .name = "",
		.args = "",
		.summary = "serve a published tree over HTTP",
		.opts = options_table,
		.values_size = sizeof(struct options),
		.defaults = &options_defaults,
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
