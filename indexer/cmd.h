/* cmd.h -- what the commands share: the directory option, rights, start-up recovery. */
#ifndef INDEXER_CMD_H
#define INDEXER_CMD_H

#include "indexer/yard.h"
#include "lib/base/opt.h"

/* The first members of every command's values. */
struct cmd_common {
	const char *directory;
	int64_t wait_s;
};

#define CMD_DIRECTORY                                                                    \
	{                                                                                \
		"directory", 'C', OPT_STRING, offsetof(struct cmd_common, directory),    \
			"DIR", "operator's directory (default: $ROOTYARD_TREE, else .)", \
			0, 0                                                             \
	}
#define CMD_WAIT                                                                         \
	{                                                                                \
		"wait", 0, OPT_INT, offsetof(struct cmd_common, wait_s), "SECONDS",      \
			"how long to wait for the tree's lock (default: 30)", 0, 86400   \
	}
#define CMD_WAIT_DEFAULT_S 30

/* The options of a command that writes and has none of its own; and of one that says why. */
extern const struct opt cmd_writer_opts[];
extern const struct cmd_common cmd_writer_defaults;

struct cmd_reasoned {
	struct cmd_common common;
	const char *reason;
};
extern const struct opt cmd_reasoned_opts[];
extern const struct cmd_reasoned cmd_reasoned_defaults;

const char *cmd_directory(const struct cmd_common *c) nonnull;

/* It parses what others made and holds a key: never as root. */
int cmd_refuse_root(struct err *e) must_check nonnull;

/* Opens for reading. */
int cmd_open(const struct cmd_common *common, struct yard *out,
	struct err *e) must_check nonnull;

/* Opens for writing: lock, rights given up (read_dirs may still be read), recovery. */
int cmd_open_writer(struct call *call, const struct cmd_common *common,
	const char *const *read_dirs, size_t read_dir_count, struct yard *out,
	struct err *e) must_check nonnull_args(1, 2, 5, 6);

/* Landlock to `write_dirs` (tree, root home), `read_dirs`, and what GnuPG needs; no core,
 * no new privileges. */
int cmd_confine(const char *const *write_dirs, size_t write_count,
	const char *const *read_dirs, size_t read_count, struct err *e) must_check
	nonnull_args(1, 5);

/* The verbs below a verb: "key list". Returns the exit status. */
int cmd_group(struct call *call, const char *name, const char *summary,
	const struct command *verbs) nonnull;

/* "2026-11-30 02:07 UTC" */
void cmd_time(int64_t time_s, char out[32]) nonnull;

extern const struct command cmd_init;
extern const struct command cmd_add;
extern const struct command cmd_import;
extern const struct command cmd_publish;
extern const struct command cmd_refresh;
extern const struct command cmd_list;
extern const struct command cmd_show;
extern const struct command cmd_delta;
extern const struct command cmd_diff;
extern const struct command cmd_events;
extern const struct command cmd_rollback;
extern const struct command cmd_pin;
extern const struct command cmd_unpin;
extern const struct command cmd_hold;
extern const struct command cmd_release;
extern const struct command cmd_prune;
extern const struct command cmd_key;
extern const struct command cmd_status;
extern const struct command cmd_fsck;
extern const struct command cmd_rebuild;
extern const struct command cmd_backup;
extern const struct command cmd_restore;

#endif
