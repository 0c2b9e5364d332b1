#include "client/run/commands.h"
#include "client/run/container.h"
#include "client/run/member.h"

#include "lib/base/fs.h"
#include "lib/base/jsonw.h"

#include <time.h>

struct ps_options {
	bool all;
};

#define JSON_MAX (4U << 20)

struct line {
	const char *name;
	char id[72];
	char ref[STATE_REF_MAX];
	int64_t init, created;
	bool running, frozen;
};

static const char *status_of(const struct line *l)
{
	return l->frozen ? "frozen" : l->running ? "running" : "stopped";
}

struct listing {
	struct out *out;
	int64_t now;
	struct jsonw *json;
};

static const char *uptime(int64_t seconds, char *text, size_t size)
{
	long long s = seconds > 0 ? (long long)seconds : 0;

	if (s < 60)
		snprintf(text, size, "%llds", s);
	else if (s < 3600)
		snprintf(text, size, "%lldm%02llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(text, size, "%lldh%02lldm", s / 3600, s / 60 % 60);
	else
		snprintf(text, size, "%lldd%02lldh", s / 86400, s / 3600 % 24);
	return text;
}

static void print_json(struct jsonw *w, const struct line *l, int64_t now)
{
	jsonw_object(w);
	jsonw_kstr(w, "name", l->name);
	jsonw_kstr(w, "image", l->ref);
	jsonw_kstr(w, "id", l->id);
	jsonw_kstr(w, "status", status_of(l));
	jsonw_kint(w, "created", l->created);
	if (l->running) {
		jsonw_kint(w, "pid", l->init);
		jsonw_kint(w, "uptime_s", now - l->created);
	}
	jsonw_end_object(w);
}

static void print_line(const struct listing *to, const struct line *l)
{
	char up[32] = "-", pid[24] = "-";

	if (to->out->level < 0 && !to->json) {
		out_result(to->out, "%s\n", l->name);
		return;
	}
	if (to->json) {
		print_json(to->json, l, to->now);
		return;
	}
	if (l->running) {
		uptime(to->now - l->created, up, sizeof(up));
		snprintf(pid, sizeof(pid), "%lld", (long long)l->init);
	}
	out_result(to->out, "%-24s %-40s %.12s %8s %8s %s\n", l->name, l->ref, l->id, pid,
		up, status_of(l));
}

static bool read_stopped(const struct store *s, const char *name, struct line *l)
{
	auto_arena struct arena memory = { 0 };
	struct container_config config;
	struct err ignored;

	if (container_read(s, name, &memory, &config, &ignored) < 0)
		return false;
	snprintf(l->id, sizeof(l->id), "%s", config.id);
	snprintf(l->ref, sizeof(l->ref), "%s", config.ref);
	l->created = strtoll(config.created, NULL, 10);
	return true;
}

static bool read_line(
	const struct store *s, const char *name, bool running, struct line *l)
{
	struct run_state state;
	struct err ignored;

	l->name = name;
	l->running = running;
	l->frozen = false;
	if (!running)
		return read_stopped(s, name, l);
	if (state_read(s->run_fd, name, &state, &ignored) < 0)
		return false; /* just starting, or just gone */
	memcpy(l->id, state.id, sizeof(l->id));
	memcpy(l->ref, state.ref, sizeof(l->ref));
	l->init = state.init.pid;
	l->created = state.created;
	l->frozen = member_is_frozen(&state);
	return true;
}

static int list_dir(const struct store *s, int dir_fd, bool running,
	const struct listing *to, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	struct line l;

	if (fs_list_dir(dir_fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (container_name_is_valid(names.name[i]) &&
			state_is_live(s->run_fd, names.name[i]) == running &&
			read_line(s, names.name[i], running, &l))
			print_line(to, &l);
	return 0;
}

static int list_all(
	const struct store *s, bool all, const struct listing *to, struct err *e)
{
	auto_fd int containers = -1;

	if (list_dir(s, s->run_fd, true, to, e) < 0)
		return -1;
	if (!all)
		return 0;
	containers = store_open_containers(s, e);
	return containers < 0 ? -1 : list_dir(s, containers, false, to, e);
}

static int run(struct call *c, struct err *e)
{
	const struct ps_options *options = c->values;
	auto_store struct store store = STORE_INIT;
	auto_buf struct buf text = BUF_INIT(JSON_MAX);
	struct jsonw json = jsonw_to(&text);
	struct listing to = { c->out, time(NULL), c->out->json ? &json : NULL };
	struct holder holder;

	if (store_open(&store, e) < 0)
		return -1;
	holder_find(&holder, store.run_fd);
	if (containers_sweep(&store, &holder, false, e) < 0)
		return -1;
	if (to.json)
		jsonw_array(&json);
	else if (c->out->level >= 0)
		out_result(c->out, "%-24s %-40s %-12s %8s %8s %s\n", "NAME", "IMAGE",
			"ID", "PID", "UPTIME", "STATUS");
	if (list_all(&store, options->all, &to, e) < 0)
		return -1;
	if (!to.json)
		return 0;
	jsonw_end_array(&json);
	if (buf_check(&text, "the list", e) < 0)
		return -1;
	out_result(c->out, "%s\n", buf_str(&text));
	return 0;
}

static const struct opt opts[] = {
	{ .name = "all",
		.letter = 'a',
		.kind = OPT_FLAG,
		.offset = offsetof(struct ps_options, all),
		.help = "stopped ones too" },
	{ .name = NULL },
};

const struct command cmd_ps = {
	.name = "ps",
	.args = "",
	.summary = "list containers",
	.opts = opts,
	.values_size = sizeof(struct ps_options),
	.run = run,
};
