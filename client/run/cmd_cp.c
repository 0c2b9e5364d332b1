#include "client/run/commands.h"

#include "client/run/named.h"
#include "client/run/rootview.h"
#include "client/run/treecopy.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define HALF_COPIED ".rootyard-cp."

/* One side of the copy: NAME:PATH, or a path of the caller's. */
struct side {
	const char *text;            /* as the caller wrote it */
	char name[NAME_MAX_LEN + 1]; /* "": no container's */
	const char *path;
	int root_fd; /* -1: the host's */
	/* Found: */
	int dir_fd;
	char last[NAME_MAX + 1]; /* in it; ".": itself */
};

static void parse(const char *text, struct side *s)
{
	size_t len = strcspn(text, ":/");

	*s = (struct side){ .text = text, .path = text, .root_fd = -1, .dir_fd = -1 };
	if (text[len] != ':' || len == 0 || len > NAME_MAX_LEN)
		return;
	memcpy(s->name, text, len);
	s->path = text + len + 1;
}

/* ---- names */

static int open_dir(struct side *s, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = s->root_fd >= 0 ? RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS : 0,
	};
	int base = s->root_fd >= 0 ? s->root_fd : AT_FDCWD;

	s->dir_fd = (int)syscall(SYS_openat2, base, path, &how, sizeof(how));
	return s->dir_fd;
}

/* dir receives the path up to the last name, which becomes s->last. */
static int split(struct side *s, char dir[PATH_MAX], struct err *e)
{
	size_t len = strlen(s->path), start;

	while (len > 1 && s->path[len - 1] == '/')
		len--;
	for (start = len; start > 0 && s->path[start - 1] != '/'; start--)
		;
	if (len == 0 || len >= PATH_MAX || len - start > NAME_MAX)
		return err_set(e, ERR_USAGE, "'%s' names no file", s->text);
	snprintf(s->last, sizeof(s->last), "%.*s", (int)(len - start), s->path + start);
	if (!*s->last || strcmp(s->last, ".") == 0 || strcmp(s->last, "..") == 0) {
		snprintf(dir, PATH_MAX, "%.*s", (int)len, s->path);
		snprintf(s->last, sizeof(s->last), ".");
	} else {
		snprintf(dir, PATH_MAX, "%.*s", (int)start, s->path);
	}
	return 0;
}

static int open_parent(struct side *s, struct err *e)
{
	char dir[PATH_MAX];

	if (split(s, dir, e) < 0)
		return -1;
	if (open_dir(s, *dir ? dir : ".") < 0)
		return err_sys(e, "cannot open the directory of '%s'", s->text);
	return 0;
}

static int find_source(struct side *s, struct err *e)
{
	struct stat st;

	if (open_parent(s, e) < 0)
		return -1;
	if (fstatat(s->dir_fd, s->last, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "cannot copy '%s'", s->text);
	return 0;
}

/* Into a directory that is there under the source's own name, else under the new one. */
static int find_target(struct side *s, struct side *source, struct err *e)
{
	char dir[PATH_MAX];

	if (split(source, dir, e) < 0)
		return -1;
	if (open_dir(s, *s->path ? s->path : ".") >= 0) {
		if (strcmp(source->last, ".") == 0)
			return err_set(e, ERR_USAGE,
				"'%s' is there; say what the copy is to be called",
				s->text);
		memcpy(s->last, source->last, sizeof(s->last));
		return 0;
	}
	if (errno != ENOENT && errno != ENOTDIR)
		return err_sys(e, "cannot open '%s'", s->text);
	if (s->path[strlen(s->path) - 1] == '/')
		return err_sys(e, "cannot copy into '%s'", s->text);
	return open_parent(s, e);
}

/* ---- the copy: complete under another name, then renamed */

static int put_in_place(const struct side *to, const char *half, struct err *e)
{
	if (renameat(to->dir_fd, half, to->dir_fd, to->last) == 0)
		return 0;
	if (errno == EEXIST || errno == ENOTEMPTY || errno == EISDIR || errno == ENOTDIR)
		return err_set(e, ERR_CONFLICT,
			"'%s' already has a '%s' that would be lost; remove it first",
			to->text, to->last);
	return err_sys(e, "cannot write '%s'", to->text);
}

static int copy(const struct side *from, const struct side *to, struct err *e)
{
	char half[sizeof(HALF_COPIED) + 8];
	unsigned char random[4];
	struct err removing;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		err_abort("no random bytes");
	snprintf(half, sizeof(half), HALF_COPIED "%02x%02x%02x%02x", random[0], random[1],
		random[2], random[3]);
	if (treecopy(from->dir_fd, from->last, to->dir_fd, half, TREECOPY_PLAIN, e) < 0 ||
		put_in_place(to, half, e) < 0) {
		(void)!fs_remove_tree(to->dir_fd, half, &removing);
		return -1;
	}
	return 0;
}

/* ---- the container's side */

struct job {
	struct instance instance;
	struct side from, to;
	struct side *inside; /* one of them */
};

/* The host's side, as the caller and in his mount namespace. */
static int find_outside(struct job *j, struct err *e)
{
	return j->inside == &j->to ? find_source(&j->from, e)
				   : find_target(&j->to, &j->from, e);
}

static int copy_with(struct job *j, int root_fd, struct err *e)
{
	j->inside->root_fd = root_fd;
	if (j->inside == &j->from)
		return find_source(&j->from, e) < 0 ? -1 : copy(&j->from, &j->to, e);
	if (find_target(&j->to, &j->from, e) < 0 ||
		rootview_be_root(&j->instance.holder, e) < 0)
		return -1;
	return copy(&j->from, &j->to, e);
}

static int with_running(struct job *j, struct err *e)
{
	struct instance *i = &j->instance;
	auto_named struct named n = { 0 };
	auto_fd int root = -1;

	if (instance_open(i, e) < 0 ||
		named_running(&i->store, j->inside->name, &n, e) < 0)
		return -1;
	if (strlen(n.state.id) > 64)
		i->holder.ids.full = false;
	if (holder_enter(&i->holder, e) < 0)
		return -1;
	root = rootview_running(&n.state, e);
	return root < 0 ? -1 : copy_with(j, root, e);
}

static int with_stopped(struct job *j, struct err *e)
{
	struct instance *i = &j->instance;
	auto_arena struct arena memory = { 0 };
	auto_fd int root = -1;
	struct container_config config;

	if (instance_open_stopped(i, j->inside->name, &memory, &config, e) < 0 ||
		instance_use_image(i, config.id, config.ref, e) < 0)
		return -1;
	root = rootview_stopped(i, &config, e);
	return root < 0 ? -1 : copy_with(j, root, e);
}

static int parse_sides(struct job *j, char *const *argv, struct err *e)
{
	parse(argv[0], &j->from);
	parse(argv[1], &j->to);
	if (!*j->from.name == !*j->to.name)
		return err_set(e, ERR_USAGE,
			"one of '%s' and '%s' must be NAME:PATH of a container, and only "
			"one",
			argv[0], argv[1]);
	j->inside = *j->from.name ? &j->from : &j->to;
	if (!container_name_is_valid(j->inside->name))
		return err_set(
			e, ERR_USAGE, "'%s' is no name of a container", j->inside->name);
	return 0;
}

static int run(struct call *c, struct err *e)
{
	struct job j = { .instance = INSTANCE_INIT(c->out) };
	auto_store struct store store = STORE_INIT;
	struct err ending;
	int rc;

	if (parse_sides(&j, c->argv, e) < 0 || store_open(&store, e) < 0)
		return -1;
	rc = find_outside(&j, e);
	if (rc == 0)
		rc = state_is_live(store.run_fd, j.inside->name) ? with_running(&j, e)
								 : with_stopped(&j, e);
	auto_fd_cleanup(&j.from.dir_fd);
	auto_fd_cleanup(&j.to.dir_fd);
	if (instance_end(&j.instance, &ending) < 0 && rc == 0) {
		*e = ending;
		rc = -1;
	}
	return rc;
}

const struct command cmd_cp = {
	.name = "cp",
	.args = "SOURCE TARGET",
	.summary = "copy files into a container (NAME:PATH) or out of it",
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
