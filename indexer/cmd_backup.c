#include "indexer/backup.h"
#include "indexer/cmd.h"
#include "lib/base/fs.h"
#include "lib/base/jsonw.h"

#include <sys/stat.h>

static const struct opt opts[] = {
	CMD_DIRECTORY,
	CMD_WAIT,
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct cmd_common defaults = { .wait_s = CMD_WAIT_DEFAULT_S };

static void say(struct call *c, const struct backup_result *r, const char *what)
{
	auto_buf struct buf text = BUF_INIT(1024);
	struct jsonw w = jsonw_to(&text);
	char size[32];

	if (!c->out->json) {
		out_result(c->out, "%s %zu files (%s), generation %lld\n", what, r->files,
			out_size(r->size, size, sizeof(size)), (long long)r->generation);
		return;
	}
	jsonw_object(&w);
	jsonw_kint(&w, "files", (int64_t)r->files);
	jsonw_kint(&w, "size", (int64_t)r->size);
	jsonw_kint(&w, "generation", r->generation);
	jsonw_end_object(&w);
	out_result(c->out, "%s\n", buf_str(&text));
}

/* Makes the directory, or finds it empty. The key is going to be in it. */
static int open_target(const char *path, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	auto_fd int fd = -1;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "cannot make '%s'", path);
	fd = fs_open_dir(path, e);
	if (fd < 0 || fs_list_dir(fd, ".", &names, e) < 0)
		return -1;
	if (names.count)
		return err_set(e, ERR_CONFLICT,
			"'%s' is not empty: a backup wants a new directory", path);
	if (fchmod(fd, 0700) < 0)
		return err_sys(e, "cannot close '%s' to others", path);
	return STEAL_FD(fd);
}

static int run_backup(struct call *c, struct err *e)
{
	const struct cmd_common *v = c->values;
	const char *dirs[] = { cmd_directory(v), c->argv[0] };
	auto_yard struct yard y = YARD_INIT;
	struct backup_result r;
	auto_fd int fd = -1;

	if (cmd_refuse_root(e) < 0)
		return -1;
	fd = open_target(c->argv[0], e);
	if (fd < 0 || cmd_confine(dirs, 2, NULL, 0, e) < 0 ||
		yard_open(dirs[0], YARD_WRITE, (int)(v->wait_s * 1000), &y, e) < 0 ||
		backup_write(&y, fd, c->argv[0], &r, e) < 0)
		return err_wrap(e, "cannot back up to '%s'", c->argv[0]);
	say(c, &r, "saved");
	return 0;
}

static void compare(struct call *c, const char *tree, const struct backup_result *r)
{
	if (!r->live && r->generation)
		out_note(c->out,
			"'%s/public' is empty: copy it back from a mirror (rsync -aX), "
			"then run 'fsck'",
			tree);
	else if (r->live > r->generation)
		out_warn(c->out,
			"the backup is of generation %lld and '%s/public' shows %lld: "
			"run "
			"'rebuild', which makes the catalog from the tree",
			(long long)r->generation, tree, (long long)r->live);
	else if (r->live < r->generation)
		out_warn(c->out,
			"the backup is of generation %lld and '%s/public' shows %lld: "
			"clients refuse what goes back, copy a newer tree from a mirror",
			(long long)r->generation, tree, (long long)r->live);
}

static int run_restore(struct call *c, struct err *e)
{
	const struct cmd_common *v = c->values;
	const char *tree = cmd_directory(v);
	const char *write_dirs[] = { tree }, *read_dirs[] = { c->argv[0] };
	struct backup_result r;
	auto_fd int from_fd = -1, tree_fd = -1;

	if (cmd_refuse_root(e) < 0)
		return -1;
	if (mkdir(tree, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "cannot make '%s'", tree);
	tree_fd = fs_open_dir(tree, e);
	from_fd = tree_fd < 0 ? -1 : fs_open_dir(c->argv[0], e);
	if (from_fd < 0 || cmd_confine(write_dirs, 1, read_dirs, 1, e) < 0 ||
		backup_restore(from_fd, tree_fd, tree, &r, e) < 0)
		return err_wrap(e, "cannot restore '%s'", c->argv[0]);
	say(c, &r, "restored");
	compare(c, tree, &r);
	return 0;
}

const struct command cmd_backup = {
	.name = "backup",
	.args = "DIR",
	.summary = "Save catalog, keys and configuration: all that public/ does not hold",
	.opts = opts,
	.values_size = sizeof(struct cmd_common),
	.defaults = &defaults,
	.min_args = 1,
	.max_args = 1,
	.run = run_backup,
};

const struct command cmd_restore = {
	.name = "restore",
	.args = "DIR",
	.summary = "Make an operator's directory of what backup has saved",
	.opts = opts,
	.values_size = sizeof(struct cmd_common),
	.defaults = &defaults,
	.min_args = 1,
	.max_args = 1,
	.run = run_restore,
};
