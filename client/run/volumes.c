#include "client/run/volumes.h"

#include "client/run/mount.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define DEPTH_MAX 40

/* ---- what was asked for */

static const char *const option_of[] = {
	[VOLUME_BIND] = "--volume",
	[VOLUME_DEVICE] = "--device",
	[VOLUME_TMPFS] = "--tmpfs",
};

static const char *const shape_of[] = {
	[VOLUME_BIND] = "SOURCE:/TARGET[:ro]",
	[VOLUME_DEVICE] = "/SOURCE[:/TARGET]",
	[VOLUME_TMPFS] = "/TARGET[:SIZE] (as 64m)",
};

static bool size_is_valid(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && digits < 16 &&
	       (!text[digits] || (strchr("kmg", text[digits]) && !text[digits + 1]));
}

/* Not the root, and nothing of the kernel's. */
static bool target_is_valid(const char *path)
{
	static const char *const closed[] = { "/proc", "/sys" };

	if (path[0] != '/' || strspn(path, "/.") == strlen(path) || strlen(path) > 4000)
		return false;
	for (size_t i = 0; i < ARRAY_COUNT(closed); i++) {
		size_t len = strlen(closed[i]);

		if (strncmp(path, closed[i], len) == 0 &&
			(!path[len] || path[len] == '/'))
			return false;
	}
	return true;
}

/* Cuts the text, which is ours, in its parts. */
static bool parse(struct volume *v)
{
	char *colon = strchr(v->text, ':'),
	     *second = colon ? strchr(colon + 1, ':') : NULL;

	if (colon)
		*colon = '\0';
	if (second)
		*second = '\0';
	v->source = v->text;
	v->target = colon ? colon + 1 : v->text;
	switch (v->kind) {
	case VOLUME_BIND:
		if (!colon || (second && strcmp(second + 1, "ro") != 0 &&
				      strcmp(second + 1, "rw") != 0))
			return false;
		v->read_only = second && strcmp(second + 1, "ro") == 0;
		break;
	case VOLUME_DEVICE:
		if (second)
			return false;
		break;
	case VOLUME_TMPFS:
		v->source = colon ? colon + 1 : "50%";
		v->target = v->text;
		return !second && (!colon || size_is_valid(v->source)) &&
		       target_is_valid(v->target);
	}
	return v->source[0] == '/' && target_is_valid(v->target);
}

int volumes_add(
	struct volumes *v, enum volume_kind kind, const char *const *list, struct err *e)
{
	for (; list && *list; list++) {
		struct volume one = { .kind = kind };

		if (v->count == VOLUMES_MAX)
			return err_set(e, ERR_LIMIT, "more than %d mounts were asked for",
				VOLUMES_MAX);
		one.text = xstrdup(*list);
		v->volume[v->count++] = one;
		if (!parse(&v->volume[v->count - 1]))
			return err_set(e, ERR_USAGE, "option '%s': '%s' is not %s",
				option_of[kind], *list, shape_of[kind]);
	}
	return 0;
}

void volumes_release(struct volumes *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->volume[i].text);
	v->count = 0;
}

char *volume_absolute(const char *text)
{
	char *cwd, *out;

	if (text[0] == '/')
		return xstrdup(text);
	cwd = getcwd(NULL, 0);
	out = xasprintf("%s/%s", cwd ? cwd : "", text);
	free(cwd);
	return out;
}

/* ---- sources */

int volumes_open(const struct volumes *v, int *fd, struct err *e)
{
	struct stat st;

	for (size_t i = 0; i < v->count; i++) {
		const struct volume *o = &v->volume[i];

		fd[i] = -1;
		if (o->kind == VOLUME_TMPFS)
			continue;
		fd[i] = open(o->source, O_PATH | O_CLOEXEC);
		if (fd[i] < 0 || fstat(fd[i], &st) < 0)
			return err_sys(e, "option '%s': cannot open '%s'",
				option_of[o->kind], o->source);
		if (o->kind == VOLUME_DEVICE && !S_ISCHR(st.st_mode) &&
			!S_ISBLK(st.st_mode))
			return err_set(e, ERR_USAGE, "option '--device': '%s' is none",
				o->source);
	}
	return 0;
}

/* ---- targets */

static int open_in_root(int dir_fd, const char *path, unsigned int flags)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | flags,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
}

static int make_last(int parent, const char *name, bool directory)
{
	int rc = directory ? mkdirat(parent, name, 0755)
			   : mknodat(parent, name, S_IFREG | 0644, 0);

	return rc < 0 && errno != EEXIST
		       ? -1
		       : openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

/* The place of this name inside the root, made with all that leads to it. */
static int open_target(int root_fd, const char *path, bool directory, int depth)
{
	char copy[4096], *slash;
	auto_fd int parent = -1;
	int fd = open_in_root(root_fd, path, 0);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	snprintf(copy, sizeof(copy), "%s", path);
	while (*copy && copy[strlen(copy) - 1] == '/')
		copy[strlen(copy) - 1] = '\0';
	slash = strrchr(copy, '/');
	if (!slash || depth == 0 || strcmp(slash + 1, "..") == 0) {
		errno = ENOENT;
		return -1;
	}
	*slash = '\0';
	parent = open_target(root_fd, *copy ? copy : "/", true, depth - 1);
	return parent < 0 ? -1 : make_last(parent, slash + 1, directory);
}

static int new_source(const struct volume *o, int fd, struct err *e)
{
	const struct mount_option options[] = { { "size", o->source }, { "mode", "1777" },
		{ NULL, NULL } };
	unsigned int attr = MOUNT_ATTR_NOSUID;
	auto_fd int tree = -1;

	if (o->kind == VOLUME_TMPFS)
		return mount_new(
			"tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, e);
	tree = mount_clone(fd, "", true, e);
	if (tree < 0)
		return -1;
	attr |= o->kind == VOLUME_DEVICE ? MOUNT_ATTR_NOEXEC : MOUNT_ATTR_NODEV;
	attr |= o->read_only ? MOUNT_ATTR_RDONLY : 0U;
	return mount_restrict(tree, attr, e) < 0 ? -1 : STEAL_FD(tree);
}

static bool is_directory(const struct volume *o, int fd)
{
	struct stat st;

	return o->kind == VOLUME_TMPFS || (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode));
}

static int mount_one(const struct volume *o, int fd, int root_fd, struct err *e)
{
	auto_fd int source = new_source(o, fd, e), target = -1;

	if (source < 0)
		return -1;
	target = open_target(root_fd, o->target, is_directory(o, fd), DEPTH_MAX);
	if (target < 0)
		return err_sys(e, "cannot make '%s' in the container", o->target);
	return mount_attach(source, target, "", e);
}

static int mount_scratch(int root_fd, struct err *e)
{
	static const char *const places[] = { "/tmp", "/run", "/var/tmp" };

	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		const struct volume o = { VOLUME_TMPFS, false, "50%", places[i], NULL };
		auto_fd int there = open_in_root(root_fd, places[i], O_DIRECTORY);

		if (there >= 0 && mount_one(&o, -1, root_fd, e) < 0)
			return -1;
	}
	return 0;
}

int volumes_mount(const struct volumes *v, const int *fd, int root_fd, struct err *e)
{
	if (v->root_read_only && mount_scratch(root_fd, e) < 0)
		return -1;
	for (size_t i = 0; i < v->count; i++)
		if (mount_one(&v->volume[i], fd[i], root_fd, e) < 0)
			return err_wrap(e, "option '%s'", option_of[v->volume[i].kind]);
	return 0;
}

int volumes_seal(const struct volumes *v, int root_fd, struct err *e)
{
	struct mount_attr change = { .attr_set = MOUNT_ATTR_RDONLY };

	if (v->root_read_only &&
		mount_setattr(root_fd, "", AT_EMPTY_PATH, &change, sizeof(change)) < 0)
		return err_sys(e, "cannot make the root read-only");
	return 0;
}
