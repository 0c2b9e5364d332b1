/* commands.h -- one entry of the command table per verb; each lives in cmd_VERB.c. */
#ifndef BUILDER_COMMANDS_H
#define BUILDER_COMMANDS_H

#include "builder/night.h"
#include "builder/order.h"

struct build_only_values {
	struct build_values build;
};

struct plan_values {
	const char *format;
};

extern const struct opt plan_opts[];
extern const struct plan_values plan_defaults;
extern const struct opt build_opts[];
extern const struct build_only_values build_defaults;

extern const struct opt nightly_opts[];
extern const struct night_values nightly_defaults;

struct rebuild_values {
	const char *cache;
	int64_t threads;
	bool verify, unshare;
};

extern const struct opt rebuild_opts[];
extern const struct rebuild_values rebuild_defaults;

struct test_values {
	const char *user;
	int64_t timeout_s;
};

extern const struct opt test_opts[];
extern const struct test_values test_defaults;

int cmd_build(struct call *c, struct err *e);
int cmd_nightly(struct call *c, struct err *e);
int cmd_rebuild(struct call *c, struct err *e);
int cmd_test(struct call *c, struct err *e);
int cmd_validate(struct call *c, struct err *e);
int cmd_plan(struct call *c, struct err *e);

#define COMMAND_BUILD                                                                    \
	{                                                                                \
		.name = "build", .args = "RECIPE_DIR RELEASE[/ARCH][/VARIANT]",          \
		.summary = "build one image and hand it over", .opts = build_opts,       \
		.values_size = sizeof(struct build_only_values),                         \
		.defaults = &build_defaults, .min_args = 2, .max_args = 2,               \
		.run = cmd_build                                                         \
	}
#define COMMAND_NIGHTLY                                                                  \
	{                                                                                \
		.name = "nightly", .args = "RECIPE_DIR...",                              \
		.summary = "build every image that is due", .opts = nightly_opts,        \
		.values_size = sizeof(struct night_values),                              \
		.defaults = &nightly_defaults, .min_args = 1, .max_args = -1,            \
		.run = cmd_nightly                                                       \
	}
#define COMMAND_TEST                                                                     \
	{                                                                                \
		.name = "test", .args = "BUILD",                                         \
		.summary = "boot what was handed over, and record the result",           \
		.opts = test_opts, .values_size = sizeof(struct test_values),            \
		.defaults = &test_defaults, .min_args = 1, .max_args = 1,                \
		.run = cmd_test                                                          \
	}
#define COMMAND_REBUILD                                                                  \
	{                                                                                \
		.name = "rebuild", .args = "BUILD",                                      \
		.summary = "build again what was handed over, and compare",              \
		.opts = rebuild_opts, .values_size = sizeof(struct rebuild_values),      \
		.defaults = &rebuild_defaults, .min_args = 1, .max_args = 1,             \
		.run = cmd_rebuild                                                       \
	}
#define COMMAND_VALIDATE                                                                 \
	{                                                                                \
		.name = "validate", .args = "RECIPE_DIR|FILE|-...",                      \
		.summary = "say everything that is wrong with recipes", .min_args = 1,   \
		.max_args = -1, .run = cmd_validate                                      \
	}
#define COMMAND_PLAN                                                                     \
	{                                                                                \
		.name = "plan", .args = "RECIPE_DIR...",                                 \
		.summary = "list the images that recipes make", .opts = plan_opts,       \
		.values_size = sizeof(struct plan_values), .defaults = &plan_defaults,   \
		.min_args = 1, .max_args = -1, .run = cmd_plan                           \
	}

#endif
