#include "client/run/commands.h"

#include "client/run/named.h"
#include "client/run/warden.h"
#include "lib/base/jsonw.h"

#include <time.h>

#define JSON_MAX (1U << 20)

static void add_list(struct jsonw *w, const char *key, const char *const *list)
{
	jsonw_key(w, key);
	jsonw_array(w);
	for (; list && *list; list++)
		jsonw_str(w, *list);
	jsonw_end_array(w);
}

static void add_process(struct jsonw *w, const char *key, const struct identity *who)
{
	jsonw_key(w, key);
	jsonw_object(w);
	jsonw_kint(w, "pid", who->pid);
	jsonw_kint(w, "starttime", (int64_t)who->starttime);
	jsonw_end_object(w);
}

static void add_running(struct jsonw *w, const struct run_state *s)
{
	jsonw_key(w, "running");
	jsonw_object(w);
	add_process(w, "init", &s->init);
	add_process(w, "supervisor", &s->supervisor);
	jsonw_kint(w, "user_namespace", (int64_t)s->userns);
	jsonw_kint(w, "pid_namespace", (int64_t)s->pidns);
	jsonw_kstr(w, "cgroup", s->cgroup);
	jsonw_kint(w, "started", s->created);
	jsonw_kint(w, "uptime_s", time(NULL) - s->created);
	jsonw_end_object(w);
}

static void add_config(struct jsonw *w, const struct container_config *c)
{
	jsonw_kstr(w, "image", c->ref);
	jsonw_kstr(w, "id", c->id);
	jsonw_kint(w, "created", strtoll(c->created, NULL, 10));
	jsonw_kstr(w, "profile", c->profile);
	jsonw_kstr(w, "stop_signal", c->stop_signal);
	jsonw_kstr(w, "uuid", c->uuid);
	jsonw_kbool(w, "ephemeral", c->ephemeral);
	jsonw_kbool(w, "tty", c->tty);
	jsonw_kstr(w, "hostname", c->hostname);
	jsonw_kstr(w, "net", c->net);
	jsonw_kstr(w, "workdir", c->workdir);
	add_list(w, "command", (const char *const *)c->argv);
	add_list(w, "environment", c->env);
}

static int add_one(
	const struct store *s, const char *name, struct jsonw *w, struct err *e)
{
	auto_fd int containers = store_open_containers(s, e);
	auto_named struct named n = { 0 };
	int64_t ended;
	int status;

	if (containers < 0 || named_find(s, name, &n, e) < 0)
		return -1;
	jsonw_object(w);
	jsonw_kstr(w, "name", name);
	jsonw_kstr(w, "status", n.live ? "running" : "stopped");
	add_config(w, &n.config);
	if (n.live)
		add_running(w, &n.state);
	if (warden_last(containers, name, &status, &ended)) {
		jsonw_kint(w, "last_status", status);
		jsonw_kint(w, "last_ended", ended);
	}
	jsonw_end_object(w);
	return 0;
}

static int run(struct call *c, struct err *e)
{
	auto_store struct store store = STORE_INIT;
	auto_buf struct buf text = BUF_INIT(JSON_MAX);
	struct jsonw w = jsonw_to(&text);

	if (store_open(&store, e) < 0)
		return -1;
	jsonw_array(&w);
	for (int i = 0; i < c->argc; i++)
		if (add_one(&store, c->argv[i], &w, e) < 0)
			return -1;
	jsonw_end_array(&w);
	if (buf_check(&text, "what is known", e) < 0)
		return -1;
	out_result(c->out, "%s\n", buf_str(&text));
	return 0;
}

const struct command cmd_inspect = {
	.name = "inspect",
	.args = "NAME...",
	.summary = "print all that is known of containers, as JSON",
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
