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
	{                                                                                \
		.name = "net", .kind = OPT_STRING, SETTINGS_AT(base, net),               \
		.arg = "none|host", .help = "its network (default: none)"                \
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
