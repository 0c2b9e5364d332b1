#include "client/run/commands.h"

#include "client/run/instance.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

struct upgrade_options {
	bool back;
};

/* What the container changed, beside what the image changed. */
struct comparison {
	int old_fd, new_fd; /* the images' roots */
	struct out *out;
	char path[PATH_MAX];
	size_t len;
	unsigned int conflicts;
};

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
	       a->st_gid == b->st_gid && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec;
}

/* Did the image change this path (a directory counts by its kind alone)? */
static bool image_changed(const struct comparison *c)
{
	struct stat before, after;
	bool was = fstatat(c->old_fd, c->path, &before, AT_SYMLINK_NOFOLLOW) == 0;
	bool is = fstatat(c->new_fd, c->path, &after, AT_SYMLINK_NOFOLLOW) == 0;

	if (!was || !is)
		return was != is;
	if (S_ISDIR(before.st_mode) && S_ISDIR(after.st_mode))
		return false;
	return !same(&before, &after);
}

static void look_at(struct comparison *c, const struct stat *mine)
{
	bool removed = S_ISCHR(mine->st_mode) && mine->st_rdev == makedev(0, 0);

	if (S_ISDIR(mine->st_mode) || !image_changed(c))
		return;
	c->conflicts++;
	out_result(c->out, "%s /%s\n",
		removed ? "removed here, changed in the image:"
			: "changed here and in the image:",
		c->path);
}

static int compare_below(struct comparison *c, int upper, int depth, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	size_t len = c->len;

	if (depth == 0)
		return err_set(e, ERR_LIMIT, "'/%s' is too deep", c->path);
	if (fs_list_dir(upper, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		auto_fd int below = -1;
		struct stat st;
		int n = snprintf(c->path + len, sizeof(c->path) - len, "%s%s",
			len ? "/" : "", names.name[i]);

		if ((size_t)n >= sizeof(c->path) - len)
			return err_set(e, ERR_LIMIT, "a path is too long");
		c->len = len + (size_t)n;
		if (fstatat(upper, names.name[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(e, "cannot look at '/%s'", c->path);
		look_at(c, &st);
		if (!S_ISDIR(st.st_mode))
			continue;
		below = openat(upper, names.name[i],
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below < 0)
			return err_sys(e, "cannot open '/%s'", c->path);
		if (compare_below(c, below, depth - 1, e) < 0)
			return -1;
	}
	c->len = len;
	c->path[len] = '\0';
	return 0;
}

static int open_root(const struct store *s, const char *id, struct err *e)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "images/%.72s/rootfs", id);
	fd = openat(s->data_fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_set(e, ERR_NOTFOUND, "image '%.12s' is no longer stored", id)
		      : fd;
}

static int compare(const struct instance *i, const char *old_id, const char *new_id,
	struct out *out, unsigned int *conflicts, struct err *e)
{
	struct comparison c = { .out = out };
	auto_fd int old_fd = open_root(&i->store, old_id, e), new_fd = -1, upper = -1;

	if (old_fd < 0)
		return -1;
	new_fd = open_root(&i->store, new_id, e);
	if (new_fd < 0)
		return -1;
	upper = openat(i->container.dir_fd, "upper",
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (upper < 0)
		return err_sys(e, "cannot open what it wrote");
	c.old_fd = old_fd;
	c.new_fd = new_fd;
	if (compare_below(&c, upper, 1000, e) < 0)
		return -1;
	*conflicts = c.conflicts;
	return 0;
}

/* The image to go to: the one before, or what its name means today. */
static int choose(struct instance *i, const struct container_config *config, bool back,
	struct err *e)
{
	if (back) {
		if (!*config->previous)
			return err_set(e, ERR_NOTFOUND, "it was never upgraded");
		snprintf(i->image.id, sizeof(i->image.id), "%s", config->previous);
		return 0;
	}
	return resolve_image(
		&i->store, config->ref, strlen(config->id) <= 64, &i->image, e);
}

static int move_to_image(struct instance *i, struct container_config *config,
	const struct call *c, struct err *e)
{
	const struct upgrade_options *o = c->values;
	const char *old_id = config->id;
	unsigned int conflicts;

	if (choose(i, config, o->back, e) < 0)
		return -1;
	if (strcmp(i->image.id, old_id) == 0) {
		out_note(c->out,
			"'%s' has the newest stored image; 'rootyard pull %s' "
			"looks for a newer one",
			c->argv[0], config->ref);
		return 0;
	}
	if (compare(i, old_id, i->image.id, c->out, &conflicts, e) < 0)
		return -1;
	if (c->dry_run)
		return 0;
	config->previous = old_id;
	config->id = i->image.id;
	if (config_write(i->container.dir_fd, config, e) < 0)
		return -1;
	out_note(c->out,
		"'%s' goes from image %.12s to %.12s%s; 'rootyard upgrade --back "
		"%s' goes back",
		c->argv[0], old_id, i->image.id,
		conflicts ? ", and keeps its own version of the files above" : "",
		c->argv[0]);
	return 0;
}

static int run(struct call *c, struct err *e)
{
	struct instance i = INSTANCE_INIT(c->out);
	auto_arena struct arena memory = { 0 };
	struct container_config config;
	struct err ending;
	int rc = instance_open_stopped(&i, c->argv[0], &memory, &config, e);

	if (rc == 0)
		rc = move_to_image(&i, &config, c, e);
	if (instance_end(&i, &ending) < 0 && rc == 0) {
		*e = ending;
		rc = -1;
	}
	return rc < 0 ? err_wrap(e, "cannot upgrade '%s'", c->argv[0]) : 0;
}

static const struct opt opts[] = {
	{ .name = "back",
		.kind = OPT_FLAG,
		.offset = offsetof(struct upgrade_options, back),
		.help = "go back to the image before" },
	{ .name = NULL },
};

const struct command cmd_upgrade = {
	.name = "upgrade",
	.args = "NAME",
	.summary = "move a stopped container to the newest stored build of its image",
	.opts = opts,
	.values_size = sizeof(struct upgrade_options),
	.min_args = 1,
	.max_args = 1,
	.can_dry_run = true,
	.run = run,
};
