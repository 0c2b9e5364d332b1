#include "indexer/admitted.h"
#include "indexer/cmd.h"
#include "lib/base/fs.h"

#include <fcntl.h>

#define DEPTH 5 /* distro release arch variant serial */

struct values {
	struct cmd_common common;
	const char *all;
	bool force;
};

static const struct opt opts[] = {
	CMD_DIRECTORY,
	{ "all", 0, OPT_STRING, offsetof(struct values, all), "INCOMING",
		"add every complete build beneath this directory", 0, 0 },
	{ "force", 0, OPT_FLAG, offsetof(struct values, force), NULL,
		"hold nothing back, and release what was held", 0, 0 },
	CMD_WAIT,
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct values defaults = { .common.wait_s = CMD_WAIT_DEFAULT_S };

struct dirs {
	char **path;
	size_t count, room;
};

static void dirs_release(struct dirs *d)
{
	for (size_t i = 0; i < d->count; i++)
		free(d->path[i]);
	free(d->path);
}

static void dirs_take(struct dirs *d, char *path)
{
	if (d->count == d->room) {
		d->room = d->room ? d->room * 2 : 16;
		d->path = xrealloc(d->path, d->room * sizeof(*d->path));
	}
	d->path[d->count++] = path;
}

/* build.json is written last: where it is absent the builder is still at work. */
static int find_builds(const char *path, int depth, struct dirs *out, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	auto_fd int fd = fs_open_dir(path, e);

	if (fd < 0)
		return -1;
	if (depth == DEPTH) {
		if (fs_exists_at(fd, "build.json"))
			dirs_take(out, xstrdup(path));
		return 0;
	}
	if (fs_list_dir(fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		auto_free char *below = xasprintf("%s/%s", path, names.name[i]);
		struct stat st;

		if (fstatat(fd, names.name[i], &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISDIR(st.st_mode))
			continue;
		if (find_builds(below, depth + 1, out, e) < 0)
			return -1;
	}
	return 0;
}

/* One build that cannot be admitted does not keep the others out; the first error decides
 * the exit status. */
static int add_all(struct call *c, struct yard *y, char **dirs, size_t count, bool named,
	struct err *e)
{
	const struct values *v = c->values;
	struct notary_slot slot = { .is_open = false };
	struct admitted a;
	int rc = 0;

	for (size_t i = 0; i < count; i++) {
		struct err one;
		int got = admit_build(
			y, &slot, dirs[i], v->force ? ADMIT_FORCE : 0, &a, &one);

		if (got == 0 && !(named && a.result == ADMIT_FAILED))
			admitted_report(c->out, &a);
		if (got == 0 && named && a.result == ADMIT_FAILED)
			got = err_set(&one, ERR_FAILED,
				"cannot admit '%s@%s': the build had failed (%s)", a.name,
				a.serial, a.message);
		if (got == 0)
			continue;
		if (rc == 0)
			*e = one;
		else
			out_error(c->out, &one);
		rc = -1;
	}
	if (slot.is_open)
		notary_close(&slot.notary);
	return rc;
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	const char *read_dirs[OPT_LIST_MAX];
	size_t count = 0;
	auto_yard struct yard y = YARD_INIT;
	struct dirs found = { .count = 0 };
	int rc;

	if (!v->all == !c->argc)
		return err_set(
			e, ERR_USAGE, "name the builds' directories, or --all INCOMING");
	/* with many directories named, all that is above them may be read */
	for (int i = 0; i < c->argc && c->argc < 32; i++)
		read_dirs[count++] = c->argv[i];
	if (v->all)
		read_dirs[count++] = v->all;
	else if (!count)
		read_dirs[count++] = "/";

	if (cmd_open_writer(c, &v->common, read_dirs, count, &y, e) < 0)
		return -1;
	if (!v->all)
		return add_all(c, &y, c->argv, (size_t)c->argc, true, e);

	rc = find_builds(v->all, 0, &found, e);
	if (rc == 0)
		rc = add_all(c, &y, found.path, found.count, false, e);
	dirs_release(&found);
	return rc;
}

const struct command cmd_add = {
	.name = "add",
	.args = "DIR... | --all INCOMING",
	.summary = "Check finished builds and take them in",
	.opts = opts,
	.values_size = sizeof(struct values),
	.defaults = &defaults,
	.max_args = -1,
	.run = run,
};
