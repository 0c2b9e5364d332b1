#include "builder/chrootfs.h"

#include "lib/base/devnodes.h"
#include "lib/base/err.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#define PATH_ROOM    4096
#define RESOLVER     "/etc/resolv.conf"
#define RESOLVER_MAX 65536

static int open_target(int root_dir, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)(O_PATH | O_CLOEXEC | flags),
		.resolve =
			RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, root_dir, path, &how, sizeof(how));
}

static void fd_path(int fd, char out[PATH_ROOM])
{
	snprintf(out, PATH_ROOM, "/proc/self/fd/%d", fd);
}

/* Mounts on a directory beneath root_dir, made when missing. */
static int mount_at(int root_dir, const char *target, const char *source,
	const char *type, unsigned long flags, const char *data)
{
	auto_fd int fd = open_target(root_dir, target, O_DIRECTORY);
	char path[PATH_ROOM];

	if (fd < 0 && errno == ENOENT && mkdirat(root_dir, target, 0755) == 0)
		fd = open_target(root_dir, target, O_DIRECTORY);
	if (fd < 0)
		return errno;
	fd_path(fd, path);
	return mount(source, path, type, flags, data) < 0 ? errno : 0;
}

/* In a user namespace nobody makes devices: there the host's own lies over a file. */
static int make_node(int dev, const struct devnode *n)
{
	auto_free char *source = xasprintf("/dev/%s", n->name);
	auto_fd int over = -1;
	char target[PATH_ROOM];

	if (mknodat(dev, n->name, S_IFCHR | 0666, makedev(n->major, n->minor)) == 0)
		return 0;
	if (errno != EPERM)
		return errno;
	over = openat(dev, n->name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (over < 0)
		return errno;
	fd_path(over, target);
	return mount(source, target, NULL, MS_BIND, NULL) < 0 ? errno : 0;
}

static int make_nodes(int root_dir)
{
	auto_fd int dev = open_target(root_dir, "dev", O_DIRECTORY);

	if (dev < 0)
		return errno;
	umask(0);
	for (size_t i = 0; i < devnode_count; i++) {
		int error = make_node(dev, &devnodes[i]);

		if (error)
			return error;
	}
	for (size_t i = 0; i < devlink_count; i++)
		if (symlinkat(devlinks[i].target, dev, devlinks[i].name) < 0)
			return errno;
	return mkdirat(dev, "pts", 0755) < 0 || mkdirat(dev, "shm", 01777) < 0 ? errno
									       : 0;
}

struct mount_line {
	const char *target, *type;
	unsigned long flags;
	const char *data;
};

static const struct mount_line before_nodes[] = {
	{ "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k" },
	{ "run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755" },
	{ "tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777" },
};

static const struct mount_line sys = { "sys", "sysfs",
	MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL };

static const struct mount_line after_nodes[] = {
	{ "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		"newinstance,ptmxmode=0666,mode=620" },
	{ "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777" },
};

static int mount_line(int root_dir, const struct mount_line *line)
{
	return mount_at(
		root_dir, line->target, line->type, line->type, line->flags, line->data);
}

/* In a child that shares our descriptors: *net_fd is a place for its network. */
static int mount_sys_apart(int root_dir, const struct mount_line *line, int net_fd)
{
	auto_fd int own = -1;

	if (unshare(CLONE_NEWNET) < 0)
		return errno;
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0 || dup3(own, net_fd, O_CLOEXEC) < 0)
		return errno;
	return mount_line(root_dir, line);
}

/* sysfs shows the network of its mounter, who must own it: one without anything in it,
 * which lasts as long as somebody holds it. */
static int mount_sys(int root_dir, const struct mount_line *line, int *net_fd)
{
	struct clone_args args = { .flags = CLONE_FILES, .exit_signal = SIGCHLD };
	int status = 0;
	pid_t pid;

	*net_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (*net_fd < 0)
		return errno;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(mount_sys_apart(root_dir, line, *net_fd));
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

static int mount_lines(int root_dir, const struct mount_line *line, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int error = mount_line(root_dir, &line[i]);

		if (error)
			return error;
	}
	return 0;
}

/* What lies over target now, and below. */
static int make_read_only(int root_dir, const char *target)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
					       MOUNT_ATTR_NODEV };
	auto_fd int fd = open_target(root_dir, target, 0);

	if (fd < 0)
		return errno;
	return mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) <
			       0
		       ? errno
		       : 0;
}

static int mount_read_only(int root_dir, const char *target, const char *source)
{
	auto_fd int fd = open_target(root_dir, target, 0);
	char path[PATH_ROOM];

	if (fd < 0)
		return errno;
	fd_path(fd, path);
	return mount(source, path, NULL, MS_BIND | MS_REC, NULL) < 0
		       ? errno
		       : make_read_only(root_dir, target);
}

static int mount_binds(int root_dir, const struct chroot *c)
{
	for (size_t i = 0; i < c->bind_count; i++) {
		const struct chroot_bind *b = &c->bind[i];
		int error = b->read_only ? mount_read_only(root_dir, b->target, b->source)
					 : mount_at(root_dir, b->target, b->source, NULL,
						   MS_BIND, NULL);

		if (error)
			return error;
	}
	return 0;
}

/* ---- what of /proc is the machine's */

static int guard(int root_dir, const char *target, const char *source)
{
	auto_fd int over = open_target(root_dir, target, 0);
	auto_fd int from = over < 0 ? -1 : open_target(root_dir, source, 0);
	char over_path[PATH_ROOM], from_path[PATH_ROOM];

	if (over < 0)
		return errno == ENOENT ? 0 : errno;
	if (from < 0)
		return errno;
	fd_path(over, over_path);
	fd_path(from, from_path);
	return mount(from_path, over_path, NULL, MS_BIND, NULL) < 0
		       ? errno
		       : make_read_only(root_dir, target);
}

static int guard_proc(int root_dir)
{
	static const struct {
		const char *target, *source;
	} guarded[] = { { "proc/sys", "proc/sys" },
		{ "proc/sysrq-trigger", "proc/sysrq-trigger" },
		{ "proc/irq", "proc/irq" }, { "proc/bus", "proc/bus" },
		{ "proc/fs", "proc/fs" }, { "proc/mtrr", "proc/mtrr" },
		{ "proc/kcore", "dev/null" }, { "proc/kmsg", "dev/null" },
		{ "proc/keys", "dev/null" }, { "proc/timer_list", "dev/null" } };

	for (size_t i = 0; i < ARRAY_COUNT(guarded); i++) {
		int error = guard(root_dir, guarded[i].target, guarded[i].source);

		if (error)
			return error;
	}
	return 0;
}

/* ---- the resolver's addresses, while the network is there */

static int copy_resolver(int to)
{
	char text[RESOLVER_MAX];
	auto_fd int from = open(RESOLVER, O_RDONLY | O_CLOEXEC);
	ssize_t n = from < 0 ? 0 : read(from, text, sizeof(text));

	return n < 0 || write(to, text, (size_t)n) != n ? errno : 0;
}

/* A link into /run (systemd-resolved's) finds a file there: /run is ours. */
static int resolver_in_run(int root_dir, const char *target)
{
	auto_fd int run = open_target(root_dir, "run", O_DIRECTORY), fd = -1;
	char path[PATH_ROOM];

	if (run < 0 || strlen(target) >= sizeof(path))
		return run < 0 ? errno : ENAMETOOLONG;
	memcpy(path, target, strlen(target) + 1);
	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(run, path, 0755) < 0 && errno != EEXIST)
			return errno;
		*slash = '/';
	}
	fd = openat(
		run, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 ? errno : copy_resolver(fd);
}

/* A plain file is covered with a copy, which nothing can write through to the host's. */
static int resolver_over_file(int root_dir)
{
	auto_fd int run = open_target(root_dir, "run", O_DIRECTORY);
	auto_fd int copy = -1, over = -1;
	char source[PATH_ROOM], target[PATH_ROOM];
	int error;

	if (run < 0)
		return errno;
	copy = openat(run, ".resolv.conf", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (copy < 0)
		return errno;
	error = copy_resolver(copy);
	over = error ? -1 : open_target(root_dir, "etc/resolv.conf", O_NOFOLLOW);
	if (over < 0)
		return error ? error : errno;
	fd_path(copy, source);
	fd_path(over, target);
	return mount(source, target, NULL, MS_BIND, NULL) < 0 ? errno : 0;
}

static int give_resolver(int root_dir)
{
	char target[PATH_ROOM];
	auto_fd int etc = open_target(root_dir, "etc", O_DIRECTORY);
	auto_fd int made = -1;
	const char *run;
	ssize_t n;

	if (etc < 0)
		return errno == ENOENT ? 0 : errno;
	n = readlinkat(etc, "resolv.conf", target, sizeof(target) - 1);
	if (n > 0) {
		target[n] = '\0';
		run = strstr(target, "run/");
		return run && !strstr(run, "..") ? resolver_in_run(root_dir, run + 4) : 0;
	}
	/* Where there was none, a plain file that a package may replace; scrubbed later.
	 */
	made = openat(etc, "resolv.conf", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (made >= 0)
		return copy_resolver(made);
	return errno == EEXIST ? resolver_over_file(root_dir) : errno;
}

/* ---- the way in */

static int pivot(const char *root)
{
	if (chdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
		umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return errno;
	return 0;
}

static int give_secrets(int root_dir, const struct secrets *secrets)
{
	auto_fd int run = secrets ? open_target(root_dir, "run", O_DIRECTORY) : -1;

	if (!secrets)
		return 0;
	return run < 0 ? errno : secrets_write(secrets, run);
}

/* What a mount has and a remount in a user namespace must not take from it. */
static unsigned long kept_flags(const char *path)
{
	struct statvfs fs;
	unsigned long flags;

	if (statvfs(path, &fs) < 0)
		return 0;
	flags = fs.f_flag &
		(ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME | ST_NODIRATIME);
	return fs.f_flag & ST_RELATIME ? flags | MS_RELATIME : flags;
}

int chrootfs_enter(const struct chroot *c, bool network, int *net_fd)
{
	auto_fd int root_dir = -1;
	int error;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount(c->root, c->root, NULL, MS_BIND, NULL) < 0 ||
		mount(NULL, c->root, NULL,
			MS_BIND | MS_REMOUNT | MS_NODEV | kept_flags(c->root), NULL) < 0)
		return errno;
	root_dir = open(c->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_dir < 0)
		return errno;
	umask(022);
	error = mount_lines(root_dir, before_nodes, ARRAY_COUNT(before_nodes));
	if (error == 0)
		error = mount_sys(root_dir, &sys, net_fd);
	if (error == 0)
		error = make_nodes(root_dir);
	if (error == 0)
		error = mount_lines(root_dir, after_nodes, ARRAY_COUNT(after_nodes));
	if (error == 0)
		error = guard_proc(root_dir);
	if (error == 0)
		error = mount_binds(root_dir, c);
	if (error == 0 && network)
		error = give_resolver(root_dir);
	if (error == 0)
		error = give_secrets(root_dir, c->secrets);
	return error ? error : pivot(c->root);
}
