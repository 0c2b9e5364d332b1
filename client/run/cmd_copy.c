#include "client/run/commands.h"

#include "client/run/instance.h"
#include "client/run/treecopy.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/stat.h>

#define SNAPSHOTS "snapshots"
#define HALF_MADE ".half"

static int close_with(struct instance *i, int rc, struct err *e)
{
	struct err ending;

	if (instance_end(i, &ending) < 0 && rc == 0) {
		*e = ending;
		return -1;
	}
	return rc;
}

/* ---- rename */

static int run_rename(struct call *c, struct err *e)
{
	struct instance i = INSTANCE_INIT(c->out);
	auto_arena struct arena memory = { 0 };
	struct container_config config;
	int rc = instance_open_stopped(&i, c->argv[0], &memory, &config, e);

	if (rc == 0)
		rc = container_rename(&i.store, &i.container, c->argv[1], e);
	return close_with(&i, rc, e);
}

/* ---- copy */

/* What is half copied counts as left over until its config says otherwise. */
static int copy_into(const struct instance *from, struct instance *to,
	const struct container_config *config, const char *name, struct err *e)
{
	struct container_config half = *config, whole = *config;
	char uuid[CONFIG_UUID_TEXT];

	half.ephemeral = true;
	if (container_create(&to->store, name, "", &half, &to->container, e) < 0)
		return -1;
	to->container.ephemeral = true;
	if (unlinkat(to->container.dir_fd, "upper", AT_REMOVEDIR) < 0)
		return err_sys(e, "cannot make container '%s'", name);
	if (treecopy(from->container.dir_fd, "upper", to->container.dir_fd, "upper",
		    TREECOPY_ALL, e) < 0)
		return -1;
	if (fchownat(to->container.dir_fd, "work", from->holder.ids.uid_start,
		    from->holder.ids.gid_start, 0) < 0 &&
		from->holder.ids.full)
		return err_sys(e, "cannot give container '%s' its ids", name);
	config_make_uuid(uuid);
	if (*whole.uuid)
		whole.uuid = uuid;
	if (config_write(to->container.dir_fd, &whole, e) < 0)
		return -1;
	to->container.ephemeral = false;
	return 0;
}

static int run_copy(struct call *c, struct err *e)
{
	struct instance from = INSTANCE_INIT(c->out), to = INSTANCE_INIT(c->out);
	auto_arena struct arena memory = { 0 };
	struct container_config config;
	int rc;

	if (!container_name_is_valid(c->argv[1]))
		return err_set(
			e, ERR_USAGE, "'%s' is no name of a container", c->argv[1]);
	rc = instance_open_stopped(&from, c->argv[0], &memory, &config, e);
	if (rc == 0)
		rc = store_open(&to.store, e);
	if (rc == 0)
		rc = copy_into(&from, &to, &config, c->argv[1], e);
	rc = close_with(&to, rc, e);
	return close_with(&from, rc, e);
}

/* ---- snapshots: <container>/snapshots/<name>/{upper,config} */

struct snapshot_options {
	const char *restore, *remove;
	bool list;
};

static int open_snapshots(const struct container *c, struct err *e)
{
	int fd;

	if (mkdirat(c->dir_fd, SNAPSHOTS, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "cannot make its snapshots");
	fd = openat(
		c->dir_fd, SNAPSHOTS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "cannot open its snapshots") : fd;
}

static int copy_config(int from_dir, int to_dir, struct err *e)
{
	auto_arena struct arena memory = { 0 };
	struct container_config config;

	return config_read(from_dir, &memory, &config, e) < 0
		       ? -1
		       : config_write(to_dir, &config, e);
}

static int open_dir(int dir_fd, const char *name, struct err *e)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOTFOUND, "no snapshot '%s'", name);
	return fd < 0 ? err_sys(e, "cannot open snapshot '%s'", name) : fd;
}

static int take(const struct container *c, int snapshots, const char *name, struct err *e)
{
	auto_fd int half = -1;

	if (fs_exists_at(snapshots, name))
		return err_set(e, ERR_CONFLICT, "snapshot '%s' exists", name);
	if (fs_remove_tree(snapshots, HALF_MADE, e) < 0)
		return -1;
	if (mkdirat(snapshots, HALF_MADE, 0700) < 0)
		return err_sys(e, "cannot make snapshot '%s'", name);
	half = open_dir(snapshots, HALF_MADE, e);
	if (half < 0 ||
		treecopy(c->dir_fd, "upper", half, "upper", TREECOPY_ALL, e) < 0 ||
		copy_config(c->dir_fd, half, e) < 0)
		return -1;
	return fs_rename_synced(snapshots, HALF_MADE, snapshots, name, e);
}

/* The copy takes the place of what is there in one step. */
static int restore(
	const struct container *c, int snapshots, const char *name, struct err *e)
{
	auto_fd int from = open_dir(snapshots, name, e);

	if (from < 0 || fs_remove_tree(c->dir_fd, "upper" HALF_MADE, e) < 0 ||
		treecopy(from, "upper", c->dir_fd, "upper" HALF_MADE, TREECOPY_ALL, e) <
			0)
		return -1;
	if (renameat2(c->dir_fd, "upper" HALF_MADE, c->dir_fd, "upper", RENAME_EXCHANGE) <
		0)
		return err_sys(e, "cannot put snapshot '%s' into place", name);
	if (copy_config(from, c->dir_fd, e) < 0)
		return -1;
	return fs_remove_tree(c->dir_fd, "upper" HALF_MADE, e);
}

static int list(int snapshots, struct out *out, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(snapshots, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (container_name_is_valid(names.name[i]))
			out_result(out, "%s\n", names.name[i]);
	return 0;
}

static int act(const struct container *c, const struct snapshot_options *o,
	const char *name, struct out *out, struct err *e)
{
	auto_fd int snapshots = open_snapshots(c, e);

	if (snapshots < 0)
		return -1;
	if (o->list)
		return list(snapshots, out, e);
	if (o->restore)
		return restore(c, snapshots, o->restore, e);
	if (!o->remove)
		return take(c, snapshots, name, e);
	if (!fs_exists_at(snapshots, o->remove))
		return err_set(e, ERR_NOTFOUND, "no snapshot '%s'", o->remove);
	return fs_remove_tree(snapshots, o->remove, e);
}

static int run_snapshot(struct call *c, struct err *e)
{
	const struct snapshot_options *o = c->values;
	struct instance i = INSTANCE_INIT(c->out);
	auto_arena struct arena memory = { 0 };
	struct container_config config;
	const char *name = c->argc > 1 ? c->argv[1] : NULL;
	const char *names[] = { name, o->restore, o->remove };
	int rc;

	if ((name != NULL) + (o->restore != NULL) + (o->remove != NULL) + o->list != 1)
		return err_set(e, ERR_USAGE,
			"give the name of a new snapshot, or one of --list, --restore "
			"and --delete");
	for (size_t n = 0; n < ARRAY_COUNT(names); n++)
		if (names[n] && !container_name_is_valid(names[n]))
			return err_set(
				e, ERR_USAGE, "'%s' is no name of a snapshot", names[n]);
	rc = instance_open_stopped(&i, c->argv[0], &memory, &config, e);
	if (rc == 0)
		rc = act(&i.container, o, name, c->out, e);
	return close_with(&i, rc, e);
}

static const struct opt snapshot_opts[] = {
	{ .name = "list",
		.kind = OPT_FLAG,
		.offset = offsetof(struct snapshot_options, list),
		.help = "list its snapshots" },
	{ .name = "restore",
		.kind = OPT_STRING,
		.offset = offsetof(struct snapshot_options, restore),
		.arg = "SNAPSHOT",
		.help = "go back to one" },
	{ .name = "delete",
		.kind = OPT_STRING,
		.offset = offsetof(struct snapshot_options, remove),
		.arg = "SNAPSHOT",
		.help = "remove one" },
	{ .name = NULL },
};

const struct command cmd_rename = {
	.name = "rename",
	.args = "NAME NEW",
	.summary = "give a stopped container another name",
	.min_args = 2,
	.max_args = 2,
	.run = run_rename,
};

const struct command cmd_copy = {
	.name = "copy",
	.args = "NAME NEW",
	.summary = "make a stopped container twice",
	.min_args = 2,
	.max_args = 2,
	.run = run_copy,
};

const struct command cmd_snapshot = {
	.name = "snapshot",
	.args = "NAME [SNAPSHOT]",
	.summary = "keep the state of a stopped container, and go back to it",
	.opts = snapshot_opts,
	.values_size = sizeof(struct snapshot_options),
	.min_args = 1,
	.max_args = 2,
	.run = run_snapshot,
};
