/* settings.h -- what a person asks of a new container: the options that run and create
 * share.
 * Errors  ERR_USAGE names the option and what it takes
 * Owns    nothing; borrows the strings of the command line */
#ifndef CLIENT_RUN_SETTINGS_H
#define CLIENT_RUN_SETTINGS_H

#include "client/run/config.h"
#include "client/run/env.h"
#include "client/run/resolve.h"

struct settings {
	const char *name, *hostname, *workdir, *net, *layer;
	const char *map_me, *user;
	struct opt_list volume, tmpfs, device, publish;
	struct limits limits;
	bool read_only;
	bool init, app; /* the profile, against what the image says */
	struct opt_list env;
};

#define SETTINGS_INIT                                                                    \
	{                                                                                \
		.workdir = "/", .net = "none"                                            \
	}

/* Rows of a command's option table; base is the offset of its struct settings. */
#define SETTINGS_AT(base, member) .offset = (base) + offsetof(struct settings, member)
#define SETTINGS_OPTS(base)                                                              \
	{ .name = "name",                                                                \
		.kind = OPT_STRING,                                                      \
		SETTINGS_AT(base, name),                                                 \
		.arg = "NAME",                                                           \
		.help = "name of the container (default: made up)" },                    \
		{ .name = "hostname",                                                    \
			.kind = OPT_STRING,                                              \
			SETTINGS_AT(base, hostname),                                     \
			.arg = "HOST",                                                   \
			.help = "its host name (default: its name)" },                   \
		{ .name = "init",                                                        \
			.kind = OPT_FLAG,                                                \
			SETTINGS_AT(base, init),                                         \
			.help = "a system: start the image's init, with its rights" },   \
		{ .name = "app",                                                         \
			.kind = OPT_FLAG,                                                \
			SETTINGS_AT(base, app),                                          \
			.help = "a command: none of a system's rights" },                \
		{ .name = "env",                                                         \
			.kind = OPT_LIST,                                                \
			SETTINGS_AT(base, env),                                          \
			.arg = "K=V",                                                    \
			.help = "set a variable; K alone: the caller's value" },         \
		{ .name = "workdir",                                                     \
			.kind = OPT_STRING,                                              \
			SETTINGS_AT(base, workdir),                                      \
			.arg = "DIR",                                                    \
			.help = "start the command in DIR (default: /)" },               \
		{ .name = "layer",                                                       \
			.kind = OPT_STRING,                                              \
			SETTINGS_AT(base, layer),                                        \
			.arg = "disk|memory[:SIZE]",                                     \
			.help = "where what it writes goes (default: disk)" },           \
		{ .name = "volume",                                                      \
			.letter = 'v',                                                   \
			.kind = OPT_LIST,                                                \
			SETTINGS_AT(base, volume),                                       \
			.arg = "SOURCE:TARGET[:ro]",                                     \
			.help = "bind a directory or file of the host" },                \
		{ .name = "tmpfs",                                                       \
			.kind = OPT_LIST,                                                \
			SETTINGS_AT(base, tmpfs),                                        \
			.arg = "TARGET[:SIZE]",                                          \
			.help = "a file system in memory" },                             \
		{ .name = "device",                                                      \
			.kind = OPT_LIST,                                                \
			SETTINGS_AT(base, device),                                       \
			.arg = "DEVICE[:TARGET]",                                        \
			.help = "bind one device of the host" },                         \
		{ .name = "read-only",                                                   \
			.kind = OPT_FLAG,                                                \
			SETTINGS_AT(base, read_only),                                    \
			.help = "its root cannot be written; /tmp, /run and /var/tmp "   \
				"can" },                                                 \
		{ .name = "map-me",                                                      \
			.kind = OPT_STRING,                                              \
			SETTINGS_AT(base, map_me),                                       \
			.arg = "ID",                                                     \
			.help = "inside, this id is the caller" },                       \
		{ .name = "publish",                                                     \
			.letter = 'p',                                                   \
			.kind = OPT_LIST,                                                \
			SETTINGS_AT(base, publish),                                      \
			.arg = "[ADDR:]PORT[:PORT][/udp]",                               \
			.help = "a port of the host leads inside (--net user)" },        \
		{ .name = "memory",                                                      \
			.kind = OPT_STRING,                                              \
			SETTINGS_AT(base, limits.memory),                                \
			.arg = "SIZE",                                                   \
			.help = "most memory, as 512m" },                                \
		{ .name = "pids",                                                        \
			.kind = OPT_STRING,                                              \
			SETTINGS_AT(base, limits.pids),                                  \
			.arg = "N",                                                      \
			.help = "most processes" },                                      \
		{ .name = "cpus",                                                        \
			.kind = OPT_STRING,                                              \
			SETTINGS_AT(base, limits.cpus),                                  \
			.arg = "N",                                                      \
			.help = "most processors, as 1.5" },                             \
		{ .name = "cpu-weight",                                                  \
			.kind = OPT_STRING,                                              \
			SETTINGS_AT(base, limits.cpu_weight),                            \
			.arg = "N",                                                      \
			.help = "share of busy processors, 1 to 10000 (others: 100)" },  \
		{ .name = "io-weight",                                                   \
			.kind = OPT_STRING,                                              \
			SETTINGS_AT(base, limits.io_weight),                             \
			.arg = "N",                                                      \
			.help = "share of busy disks, 1 to 10000 (others: 100)" },       \
		{ .name = "io-max",                                                      \
			.kind = OPT_STRING,                                              \
			SETTINGS_AT(base, limits.io_max),                                \
			.arg = "DISK:KEY=N,...",                                         \
			.help = "most of a disk: rbps, wbps, riops, wiops" },            \
		{ .name = "user",                                                        \
			.letter = 'u',                                                   \
			.kind = OPT_STRING,                                              \
			SETTINGS_AT(base, user),                                         \
			.arg = "NAME|ID",                                                \
			.help = "the command's user (default: root)" },                  \
	{                                                                                \
		.name = "net", .kind = OPT_STRING, SETTINGS_AT(base, net),               \
		.arg = "none|user|host", .help = "its network (default: none)"           \
	}

int settings_check(const struct settings *s, struct err *e) must_check nonnull;

/* What is to be started, and how. */
struct settings_command {
	bool is_system;
	char *argv[2]; /* used when the caller gave none */
	char init[256], stop_signal[32], uuid[CONFIG_UUID_TEXT];
	char *const *asked;
};

/* image_fd: an open images/<id>, whose `start` names the init and its stop signal.
 * argv[0] NULL: the image's init, or a shell where it has none (run: a shell in any case
 * but --init). */
int settings_command(const struct settings *s, int image_fd, char *const *argv,
	bool prefer_init, struct settings_command *out, struct err *e) must_check nonnull;
void settings_apply(
	const struct settings_command *command, struct container_config *c) nonnull;

/* Where a container of this once writes when nothing was asked for: memory, where a tmpfs
 * can hold what an overlay needs (Linux 6.6). */
const char *settings_layer_of_once(void);

/* As written down, but for the command and its environment. */
struct container_config settings_config(
	const struct settings *s, const struct stored_image *image) nonnull;

#endif
