#include "client/run/commands.h"

#include "client/run/member.h"
#include "client/run/named.h"
#include "lib/base/fs.h"
#include "lib/base/jsonw.h"

#include <fcntl.h>
#include <sys/stat.h>

#define JSON_MAX (1U << 20)
#define ARGS_MAX 256

/* What a container uses: its cgroup's numbers, else the sum of its processes. */
struct usage {
	int64_t processes;
	int64_t memory_bytes;
	int64_t cpu_usec;
};

static int sum_up(const struct run_state *s, struct usage *u, struct err *e)
{
	auto_free pid_t *pid = NULL;
	int64_t page = sysconf(_SC_PAGESIZE), hz = sysconf(_SC_CLK_TCK);
	struct process_stat p;
	size_t count;

	if (member_list(s, &pid, &count, e) < 0)
		return -1;
	*u = (struct usage){ .processes = (int64_t)count };
	for (size_t i = 0; i < count; i++)
		if (process_stat_read(pid[i], &p)) {
			u->memory_bytes += (int64_t)p.rss_pages * page;
			u->cpu_usec += (int64_t)p.cpu_ticks * 1000000 / hz;
		}
	return 0;
}

static int measure(const struct run_state *s, struct usage *u, struct err *e)
{
	auto_fd int cgroup = cgroup_open(s->cgroup);
	int64_t value;

	if (sum_up(s, u, e) < 0)
		return -1;
	if (cgroup < 0)
		return 0;
	value = cgroup_number(cgroup, "memory.current");
	u->memory_bytes = value >= 0 ? value : u->memory_bytes;
	value = cgroup_event(cgroup, "cpu.stat", "usage_usec");
	u->cpu_usec = value >= 0 ? value : u->cpu_usec;
	return 0;
}

static void print_usage(
	struct out *out, struct jsonw *json, const char *name, const struct usage *u)
{
	char size[32];

	if (!out->json) {
		out_result(out, "%-24s %9lld %10s %8lld.%02lld s\n", name,
			(long long)u->processes,
			out_size((uint64_t)u->memory_bytes, size, sizeof(size)),
			(long long)(u->cpu_usec / 1000000),
			(long long)(u->cpu_usec / 10000 % 100));
		return;
	}
	jsonw_object(json);
	jsonw_kstr(json, "name", name);
	jsonw_kint(json, "processes", u->processes);
	jsonw_kint(json, "memory_bytes", u->memory_bytes);
	jsonw_kint(json, "cpu_usec", u->cpu_usec);
	jsonw_end_object(json);
}

static int show(const struct store *s, const char *name, struct call *c,
	struct jsonw *json, struct err *e)
{
	auto_named struct named n = { 0 };
	struct usage u;

	if (named_running(s, name, &n, e) < 0)
		return -1;
	if (measure(&n.state, &u, e) < 0)
		return err_wrap(e, "cannot look at '%s'", name);
	print_usage(c->out, json, name, &u);
	return 0;
}

static int show_all(
	const struct store *s, struct call *c, struct jsonw *json, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(s->run_fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (container_name_is_valid(names.name[i]) &&
			state_is_live(s->run_fd, names.name[i]) &&
			show(s, names.name[i], c, json, e) < 0 && e->code != ERR_NOTFOUND)
			return -1;
	return 0;
}

static int run_stats(struct call *c, struct err *e)
{
	auto_store struct store store = STORE_INIT;
	auto_buf struct buf text = BUF_INIT(JSON_MAX);
	struct jsonw json = jsonw_to(&text);
	int rc = 0;

	if (store_open(&store, e) < 0)
		return -1;
	if (c->out->json)
		jsonw_array(&json);
	else
		out_result(c->out, "%-24s %9s %10s %13s\n", "NAME", "PROCESSES", "MEMORY",
			"CPU TIME");
	for (int i = 0; rc == 0 && i < c->argc; i++)
		rc = show(&store, c->argv[i], c, &json, e);
	if (rc == 0 && c->argc == 0)
		rc = show_all(&store, c, &json, e);
	if (rc < 0 || !c->out->json)
		return rc;
	jsonw_end_array(&json);
	out_result(c->out, "%s\n", buf_str(&text));
	return 0;
}

/* ---- top */

/* The last number of a line of /proc/PID/status: as the innermost namespace has it. */
static long long inner_number(struct bytes text, const char *key)
{
	const char *at = strstr((const char *)text.data, key), *end;

	if (!at)
		return -1;
	at++;
	end = at + strcspn(at, "\n");
	while (end > at && end[-1] >= '0' && end[-1] <= '9')
		end--;
	return strtoll(end, NULL, 10);
}

/* Its arguments are the container's words: nothing in them may steer a terminal. */
static void read_args(pid_t pid, char out[ARGS_MAX])
{
	char path[32];
	auto_fd int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, out, ARGS_MAX - 1);
	n = n < 0 ? 0 : n;
	while (n > 0 && out[n - 1] == '\0')
		n--;
	for (ssize_t i = 0; i < n; i++)
		if ((unsigned char)out[i] < 0x20 || (unsigned char)out[i] >= 0x7f)
			out[i] = out[i] ? '?' : ' ';
	out[n] = '\0';
}

static void print_process(struct out *out, pid_t pid)
{
	auto_buf struct buf text = BUF_INIT(64U << 10);
	long long hz = sysconf(_SC_CLK_TCK), page = sysconf(_SC_PAGESIZE), ticks;
	auto_fd int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct process_stat p;
	char path[32], args[ARGS_MAX], size[32];
	struct err ignored;

	snprintf(path, sizeof(path), "%d/status", (int)pid);
	if (!process_stat_read(pid, &p) || fs_read_at(proc, path, &text, &ignored) < 0)
		return;
	read_args(pid, args);
	ticks = (long long)p.cpu_ticks;
	out_result(out, "%8d %8lld %c %10s %6lld.%02lld %s\n", (int)pid,
		inner_number(bytes_of_str(buf_str(&text)), "\nNSpid:"), p.state,
		out_size((uint64_t)((long long)p.rss_pages * page), size, sizeof(size)),
		ticks / hz, ticks * 100 / hz % 100, args);
}

static int run_top(struct call *c, struct err *e)
{
	auto_store struct store store = STORE_INIT;
	auto_named struct named n = { 0 };
	auto_free pid_t *pid = NULL;
	size_t count;

	if (store_open(&store, e) < 0 || named_running(&store, c->argv[0], &n, e) < 0 ||
		member_list(&n.state, &pid, &count, e) < 0)
		return -1;
	out_result(c->out, "%8s %8s %s %10s %9s %s\n", "HOST PID", "PID", "S", "MEMORY",
		"CPU TIME", "COMMAND");
	for (size_t i = 0; i < count; i++)
		print_process(c->out, pid[i]);
	return 0;
}

const struct command cmd_stats = {
	.name = "stats",
	.args = "[NAME]...",
	.summary = "show what running containers use",
	.max_args = -1,
	.run = run_stats,
};

const struct command cmd_top = {
	.name = "top",
	.args = "NAME",
	.summary = "list the processes of a container",
	.min_args = 1,
	.max_args = 1,
	.run = run_top,
};
