/* order.h -- one image asked for: from a recipe directory and a target to its hand-over.
 * Life    order_open reads and judges the recipe; order_build builds and hands over, a
 *         failure that says something about the image too, when asked
 * Errors  ERR_USAGE for options and target, ERR_RECIPE for the recipe, else the build's
 * Owns    everything until order_close; borrows the values and out */
#ifndef BUILDER_ORDER_H
#define BUILDER_ORDER_H

#include "builder/load.h"
#include "builder/place.h"
#include "builder/unshared.h"

#include "lib/base/opt.h"

/* What every command that builds can be told. */
struct build_values {
	const char *out_dir, *compress, *serial, *cache;
	int64_t threads, cache_max;
	bool allow_unverified, unshare, test;
	const char *test_user;
	int64_t test_timeout_s;
	bool compress_anew; /* even what a cache has */
	bool mmdebstrap;
	struct opt_list options, secrets;
};

struct order {
	struct loaded loaded;
	struct job job;
	struct place place;
	struct subids ids; /* full: it is built in a user namespace of these */
	const struct build_values *values;
};

void order_init(struct order *o) nonnull;
void order_close(struct order *o) nonnull;
#define auto_order with_cleanup(order_close)

int order_open(struct order *o, const struct build_values *v, const char *dir,
	const char *target, struct out *out, struct err *e) must_check nonnull;

/* keep_failure: when it fails, build.json and build.log say so below out_dir. */
int order_build(struct order *o, bool keep_failure, struct err *e) must_check nonnull;

/* Behind a failed order_build that did not: hands the failure over after all. */
void order_keep_failure(struct order *o, const struct err *why) nonnull;

/* What was handed over, read back. */
int order_result(
	const struct order *o, struct build *out, struct err *e) must_check nonnull;

#define TEST_TIMEOUT_S 180

#define TEST_OPTS(user_at, timeout_at)                                                   \
	{ .name = "test-user",                                                           \
		.kind = OPT_STRING,                                                      \
		.offset = user_at,                                                       \
		.arg = "NAME",                                                           \
		.help = "who starts it, when root tests" },                              \
	{                                                                                \
		.name = "test-timeout", .kind = OPT_INT, .offset = timeout_at,           \
		.arg = "S", .help = "seconds it may take to boot (default: 180)",        \
		.min = 1, .max = 86400                                                   \
	}

/* The options above as rows of a table, for a struct whose member `build` they are. */
#define ORDER_AT(type, member)                                                           \
	(offsetof(type, build) + offsetof(struct build_values, member))
#define ORDER_OPTS(type)                                                                 \
	{ .name = "out",                                                                 \
		.kind = OPT_STRING,                                                      \
		.offset = ORDER_AT(type, out_dir),                                       \
		.arg = "DIR",                                                            \
		.help = "hand over below DIR (default: incoming)" },                     \
		{ .name = "compress",                                                    \
			.kind = OPT_STRING,                                              \
			.offset = ORDER_AT(type, compress),                              \
			.arg = "xz=N,zstd=N",                                            \
			.help = "levels (default: xz=6,zstd=19)" },                      \
		{ .name = "threads",                                                     \
			.kind = OPT_INT,                                                 \
			.offset = ORDER_AT(type, threads),                               \
			.arg = "N",                                                      \
			.help = "compress on N threads (default: all processors)",       \
			.min = 1,                                                        \
			.max = 64 },                                                     \
		{ .name = "cache",                                                       \
			.kind = OPT_STRING,                                              \
			.offset = ORDER_AT(type, cache),                                 \
			.arg = "DIR",                                                    \
			.help = "keep packages and compressed pieces in DIR, and work "  \
				"there" },                                               \
		{ .name = "cache-max",                                                   \
			.kind = OPT_SIZE,                                                \
			.offset = ORDER_AT(type, cache_max),                             \
			.arg = "SIZE",                                                   \
			.help = "keep at most SIZE of each kind there (default: 20G)" }, \
		{ .name = "option",                                                      \
			.letter = 'o',                                                   \
			.kind = OPT_LIST,                                                \
			.offset = ORDER_AT(type, options),                               \
			.arg = "KEY=VALUE",                                              \
			.help = "set a value of the recipe, as source.url=..." },        \
		{ .name = "allow-unverified",                                            \
			.kind = OPT_FLAG,                                                \
			.offset = ORDER_AT(type, allow_unverified),                      \
			.help = "use sources that nothing verifies; build.json says "    \
				"so" },                                                  \
		{ .name = "mmdebstrap",                                                  \
			.kind = OPT_FLAG,                                                \
			.offset = ORDER_AT(type, mmdebstrap),                            \
			.help = "let mmdebstrap make every Debian tree" },               \
		{ .name = "unshare",                                                     \
			.kind = OPT_FLAG,                                                \
			.offset = ORDER_AT(type, unshare),                               \
			.help = "build in a user namespace of your own, without root" }, \
		{ .name = "test",                                                        \
			.kind = OPT_FLAG,                                                \
			.offset = ORDER_AT(type, test),                                  \
			.help = "boot it before it is handed over" },                    \
		TEST_OPTS(ORDER_AT(type, test_user), ORDER_AT(type, test_timeout_s))

#define ORDER_CACHE_MAX (20LL << 30)
#define ORDER_DEFAULTS                                                                   \
	{                                                                                \
		.out_dir = "incoming", .compress = "xz=6,zstd=19",                       \
		.cache_max = ORDER_CACHE_MAX, .test_timeout_s = TEST_TIMEOUT_S           \
	}

#endif
