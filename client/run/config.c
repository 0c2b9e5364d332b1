#include "client/run/config.h"

#include "client/run/signals.h"
#include "lib/base/atomic.h"
#include "lib/base/fs.h"
#include "lib/model/start.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/random.h>

#define CONFIG_MAX (64U << 10)

enum kind { TEXT, FLAG, LIST };

/* The command comes last: it is what may be left out. */
static const struct field {
	const char *key;
	enum kind kind;
	unsigned int offset;
	const char *missing; /* of a TEXT; NULL: it must be there */
	bool command;
} fields[] = {
#define AT(member) offsetof(struct container_config, member)
	{ "id", TEXT, AT(id), NULL, false },
	{ "previous", TEXT, AT(previous), "", false },
	{ "ref", TEXT, AT(ref), NULL, false },
	{ "created", TEXT, AT(created), "0", false },
	{ "ephemeral", FLAG, AT(ephemeral), NULL, false },
	{ "profile", TEXT, AT(profile), "app", false },
	{ "stop_signal", TEXT, AT(stop_signal), "TERM", false },
	{ "uuid", TEXT, AT(uuid), "", false },
	{ "autostart", FLAG, AT(autostart), NULL, false },
	{ "tty", FLAG, AT(tty), NULL, false },
	{ "hostname", TEXT, AT(hostname), "", false },
	{ "net", TEXT, AT(net), "none", false },
	{ "layer", TEXT, AT(layer), "disk", false },
	{ "workdir", TEXT, AT(workdir), "/", false },
	{ "map_me", TEXT, AT(map_me), "", false },
	{ "user", TEXT, AT(user), "", false },
	{ "read_only", FLAG, AT(read_only), NULL, false },
	{ "volume", LIST, AT(volume), NULL, false },
	{ "tmpfs", LIST, AT(tmpfs), NULL, false },
	{ "device", LIST, AT(device), NULL, false },
	{ "publish", LIST, AT(publish), NULL, false },
	{ "memory", TEXT, AT(limits.memory), "", false },
	{ "pids", TEXT, AT(limits.pids), "", false },
	{ "cpus", TEXT, AT(limits.cpus), "", false },
	{ "cpu_weight", TEXT, AT(limits.cpu_weight), "", false },
	{ "io_weight", TEXT, AT(limits.io_weight), "", false },
	{ "io_max", TEXT, AT(limits.io_max), "", false },
	{ "arg", LIST, AT(argv), NULL, true },
	{ "env", LIST, AT(env), NULL, true },
#undef AT
};

bool config_layer_is_memory(const struct container_config *c, const char **size)
{
	if (!c->layer || strncmp(c->layer, "memory", 6) != 0)
		return false;
	*size = c->layer[6] == ':' ? c->layer + 7 : "50%";
	return true;
}

/* ---- writing */

static void add_field(
	struct buf *out, const struct field *f, const struct container_config *c)
{
	const char *at = (const char *)c + f->offset;
	const char *const *list;
	const char *text;
	bool flag;

	switch (f->kind) {
	case TEXT:
		memcpy(&text, at, sizeof(text));
		start_line(out, f->key, text ? text : f->missing ? f->missing : "");
		break;
	case FLAG:
		memcpy(&flag, at, sizeof(flag));
		start_line(out, f->key, flag ? "yes" : "no");
		break;
	case LIST:
		memcpy(&list, at, sizeof(list));
		for (; list && *list; list++)
			start_line(out, f->key, *list);
		break;
	}
}

static void add_fields(struct buf *out, const struct container_config *c, bool command)
{
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		if (fields[i].command == command)
			add_field(out, &fields[i], c);
}

/* Appears whole; a power cut may lose it, and a container of this once with it. */
static int write_quickly(int dir_fd, const struct buf *text, struct err *e)
{
	auto_fd int fd = openat(dir_fd, "config.new",
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "cannot write 'config'");
	if (fs_write_all(fd, text->data, text->len, e) < 0)
		return err_wrap(e, "cannot write 'config'");
	if (renameat(dir_fd, "config.new", dir_fd, "config") < 0)
		return err_sys(e, "cannot write 'config'");
	return 0;
}

int config_write(int dir_fd, const struct container_config *c, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(CONFIG_MAX);
	size_t plain;

	start_line(&text, "version", "1");
	add_fields(&text, c, false);
	plain = text.len;
	add_fields(&text, c, true);
	if (c->once && text.over) {
		text.len = plain;
		text.over = false;
	}
	if (text.over)
		return err_set(e, ERR_LIMIT,
			"its command and variables are too long to be written down (at "
			"most %u bytes)",
			CONFIG_MAX);
	if (c->once)
		return write_quickly(dir_fd, &text, e);
	return atomic_write_file(dir_fd, "config", buf_bytes(&text), 0600, e);
}

/* ---- reading */

struct reading {
	struct bytes text;
	struct arena *arena;
	char value[CONFIG_MAX];
};

static int read_list(struct reading *r, const char *key, void *at, struct err *e)
{
	size_t pos = 0, count = 0;
	char **list;
	int more;

	while ((more = start_next(r->text, key, &pos, r->value, sizeof(r->value), e)) > 0)
		count++;
	if (more < 0)
		return -1;
	list = arena_array(r->arena, count + 1, sizeof(*list));
	pos = 0;
	for (size_t i = 0; i < count; i++) {
		if (start_next(r->text, key, &pos, r->value, sizeof(r->value), e) < 0)
			return -1;
		list[i] = arena_strdup(r->arena, r->value);
	}
	memcpy(at, &list, sizeof(list));
	return 0;
}

static int read_field(struct reading *r, const struct field *f, char *at, struct err *e)
{
	const char *text;
	bool flag;

	if (f->kind == LIST)
		return read_list(r, f->key, at, e);
	if (start_get(r->text, f->key, r->value, sizeof(r->value), e) < 0) {
		if (e->code != ERR_NOTFOUND || (f->kind == TEXT && !f->missing))
			return -1;
		snprintf(r->value, sizeof(r->value), "%s", f->missing ? f->missing : "");
	}
	if (f->kind == FLAG) {
		flag = strcmp(r->value, "yes") == 0;
		memcpy(at, &flag, sizeof(flag));
		return 0;
	}
	text = arena_strdup(r->arena, r->value);
	memcpy(at, &text, sizeof(text));
	return 0;
}

static int damaged(struct err *e)
{
	e->code = ERR_DAMAGED;
	return err_wrap(e, "cannot read 'config'");
}

int config_read(int dir_fd, struct arena *a, struct container_config *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(CONFIG_MAX);
	struct container_config config = { 0 };
	auto_free struct reading *r = xcalloc(1, sizeof(*r));

	if (fs_read_at(dir_fd, "config", &text, e) < 0)
		return e->code == ERR_NOTFOUND ? -1 : damaged(e);
	r->text = buf_bytes(&text);
	r->arena = a;
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		if (read_field(r, &fields[i], (char *)&config + fields[i].offset, e) < 0)
			return damaged(e);
	*out = config;
	return 0;
}

/* ---- meaning */

bool config_is_system(const struct container_config *c)
{
	return strcmp(c->profile, "system") == 0;
}

int config_stop_signal(const struct container_config *c)
{
	int number = signal_number(c->stop_signal);

	return number > 0 ? number : SIGTERM;
}

/* RFC 9562 version 4. */
void config_make_uuid(char out[CONFIG_UUID_TEXT])
{
	unsigned char r[16];
	size_t at = 0;

	if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
		err_abort("no random bytes");
	r[6] = (unsigned char)((r[6] & 0x0f) | 0x40);
	r[8] = (unsigned char)((r[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(r); i++)
		at += (size_t)snprintf(out + at, CONFIG_UUID_TEXT - at, "%s%02x",
			i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", r[i]);
}
