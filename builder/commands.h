/* commands.h -- one entry of the command table per verb; each lives in cmd_VERB.c. */
#ifndef BUILDER_COMMANDS_H
#define BUILDER_COMMANDS_H

#include "lib/base/opt.h"

struct build_values {
	const char *out_dir, *compress, *serial, *cache;
	int64_t threads;
	bool allow_unverified;
	struct opt_list options;
};

extern const struct opt build_opts[];
extern const struct build_values build_defaults;

int cmd_build(struct call *c, struct err *e);
int cmd_validate(struct call *c, struct err *e);
int cmd_plan(struct call *c, struct err *e);

#define COMMAND_BUILD                                                                    \
	{                                                                                \
		.name = "build", .args = "RECIPE_DIR RELEASE[/ARCH][/VARIANT]",          \
		.summary = "build one image and hand it over", .opts = build_opts,       \
		.values_size = sizeof(struct build_values), .defaults = &build_defaults, \
		.min_args = 2, .max_args = 2, .run = cmd_build                           \
	}
#define COMMAND_VALIDATE                                                                 \
	{                                                                                \
		.name = "validate", .args = "RECIPE_DIR...",                             \
		.summary = "say everything that is wrong with recipes", .min_args = 1,   \
		.max_args = -1, .run = cmd_validate                                      \
	}
#define COMMAND_PLAN                                                                     \
	{                                                                                \
		.name = "plan", .args = "RECIPE_DIR...",                                 \
		.summary = "list the images that recipes make", .min_args = 1,           \
		.max_args = -1, .run = cmd_plan                                          \
	}

#endif
