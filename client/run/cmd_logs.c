#include "client/run/commands.h"

#include "client/run/console.h"
#include "client/run/named.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/socket.h>

struct logs_options {
	bool follow;
	int64_t lines;
};

/* The older part and the newer one, as one text. */
static int read_log(
	const struct store *s, const char *name, struct buf *out, struct err *e)
{
	static const char *const files[] = { "log.1", "log" };
	auto_fd int containers = store_open_containers(s, e);
	char path[NAME_MAX_LEN + 8];

	if (containers < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", name, files[i]);
		if (fs_read_at(containers, path, out, e) < 0 && e->code != ERR_NOTFOUND)
			return -1;
	}
	return 0;
}

static struct bytes last_lines(struct bytes text, int64_t lines)
{
	size_t at = text.len;

	for (; at > 0; at--)
		if (text.data[at - 1] == '\n' && at < text.len && --lines == 0)
			break;
	return bytes_of(text.data + at, text.len - at);
}

/* Everything from now on, until it ends. */
static int follow(int fd, struct out *out, struct err *e)
{
	struct console_packet p;
	ssize_t n;

	while ((n = recv(fd, &p, sizeof(p), 0)) > 0) {
		if (p.kind != CONSOLE_DATA)
			continue;
		fwrite(p.data, 1, (size_t)n - 1, out->results);
		if (out_flush(out, e) < 0)
			return -1;
	}
	return 0;
}

static int run(struct call *c, struct err *e)
{
	const struct logs_options *o = c->values;
	auto_store struct store store = STORE_INIT;
	auto_named struct named n = { 0 };
	auto_buf struct buf text = BUF_INIT(4 * CONSOLE_LOG_MAX);
	auto_fd int console = -1;
	struct bytes show;

	if (store_open(&store, e) < 0 || named_find(&store, c->argv[0], &n, e) < 0)
		return -1;
	/* Attached before the log is read: a line may come twice, and is never missed. */
	if (o->follow && n.live)
		console = console_connect(store.run_fd, n.name, e);
	if (o->follow && n.live && console < 0)
		return -1;
	if (read_log(&store, n.name, &text, e) < 0)
		return -1;
	show = buf_bytes(&text);
	if (o->lines >= 0)
		show = last_lines(show, o->lines);
	fwrite(show.data, 1, show.len, c->out->results);
	if (out_flush(c->out, e) < 0)
		return -1;
	return console < 0 ? 0 : follow(console, c->out, e);
}

static const struct opt opts[] = {
	{ .name = "follow",
		.letter = 'f',
		.kind = OPT_FLAG,
		.offset = offsetof(struct logs_options, follow),
		.help = "go on with what it says, until it ends" },
	{ .name = "lines",
		.letter = 'n',
		.kind = OPT_INT,
		.offset = offsetof(struct logs_options, lines),
		.arg = "COUNT",
		.min = 0,
		.max = 1000000,
		.help = "the last COUNT lines only" },
	{ .name = NULL },
};

static const struct logs_options defaults = { .lines = -1 };

const struct command cmd_logs = {
	.name = "logs",
	.args = "NAME",
	.summary = "show what a background container said",
	.opts = opts,
	.values_size = sizeof(struct logs_options),
	.defaults = &defaults,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
