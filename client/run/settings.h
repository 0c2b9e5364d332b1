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
	const char *name, *hostname, *workdir, *net;
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
	{                                                                                \
		.name = "net", .kind = OPT_STRING, SETTINGS_AT(base, net),               \
		.arg = "none|host", .help = "its network (default: none)"                \
	}

int settings_check(const struct settings *s, struct err *e) must_check nonnull;

/* As written down, but for the command and its environment. */
struct container_config settings_config(
	const struct settings *s, const struct stored_image *image) nonnull;

#endif
