#include "client/run/special.h"

#include "client/run/mount.h"
#include "client/run/plan.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

struct node {
	const char *name;
	unsigned int major, minor;
};

static const struct node nodes[] = {
	{ "null", 1, 3 },
	{ "zero", 1, 5 },
	{ "full", 1, 7 },
	{ "random", 1, 8 },
	{ "urandom", 1, 9 },
	{ "tty", 5, 0 },
};

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
	{ "ptmx", "pts/ptmx" },
};

/* What tells about the host, or reaches it. */
static const char *const masked_proc[] = { "acpi", "asound", "interrupts", "kcore",
	"keys", "latency_stats", "sched_debug", "scsi", "timer_list", "timer_stats" };
static const char *const masked_sys[] = { "firmware", "devices/virtual/powercap" };
static const char *const readonly_proc[] = { "bus", "fs", "irq", "sys", "sysrq-trigger" };

/* The image's directory of this name, made when it has none. */
static int open_target(int root_fd, const char *name, struct err *e)
{
	int fd = mount_open_inside(root_fd, name, O_DIRECTORY, e);

	if (fd >= 0 || e->sys != ENOENT)
		return fd;
	if (mkdirat(root_fd, name, 0755) < 0)
		return err_sys(e, "cannot make '/%s'", name);
	return mount_open_inside(root_fd, name, O_DIRECTORY, e);
}

/* Attaches and then looks, by the name that programs will use, at what is there. */
static int attach_checked(
	int mount_fd, int root_fd, const char *name, long magic, struct err *e)
{
	auto_fd int target = open_target(root_fd, name, e);
	auto_fd int seen = -1;
	struct statfs st;

	if (target < 0 || mount_attach(mount_fd, target, "", e) < 0)
		return -1;
	seen = mount_open_inside(root_fd, name, O_DIRECTORY, e);
	if (seen < 0)
		return -1;
	if (fstatfs(seen, &st) < 0 || st.f_type != magic)
		return err_set(
			e, ERR_DAMAGED, "'/%s' is not what was mounted there", name);
	return 0;
}

/* ---- masks */

/* Over files goes /dev/null, over directories an empty one. */
struct masks {
	int null_fd;  /* the container's /dev */
	int empty_fd; /* once it is mounted somewhere, -1 before */
};

static int mask_source(struct masks *m, bool directory, bool *first, struct err *e)
{
	static const struct mount_option none[] = { { "size", "4k" },
		{ "nr_inodes", "1" }, { "mode", "555" }, { NULL, NULL } };

	*first = false;
	if (!directory)
		return mount_clone(m->null_fd, "null", false, e);
	if (m->empty_fd >= 0)
		return mount_clone(m->empty_fd, "", false, e);
	*first = true;
	return mount_new("tmpfs", none, MOUNT_CAREFUL | MOUNT_ATTR_RDONLY, e);
}

static int mask(struct masks *m, int base_fd, const char *path, struct err *e)
{
	auto_fd int target = mount_open_inside(base_fd, path, 0, e), source = -1;
	struct stat st;
	bool first;

	if (target < 0)
		return e->sys == ENOENT ? 0 : -1;
	if (fstat(target, &st) < 0)
		return err_sys(e, "cannot look at '%s'", path);
	source = mask_source(m, S_ISDIR(st.st_mode), &first, e);
	if (source < 0 || mount_attach(source, target, "", e) < 0)
		return -1;
	if (first)
		m->empty_fd = STEAL_FD(source);
	return 0;
}

static int mask_all(int proc_fd, int sys_fd, int dev_fd, struct err *e)
{
	struct masks m = { .null_fd = dev_fd, .empty_fd = -1 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(masked_proc); i++)
		rc = mask(&m, proc_fd, masked_proc[i], e);
	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(masked_sys); i++)
		rc = mask(&m, sys_fd, masked_sys[i], e);
	auto_fd_cleanup(&m.empty_fd);
	return rc < 0 ? err_wrap(e, "cannot hide what is the host's") : 0;
}

static int make_readonly(int proc_fd, const char *path, struct err *e)
{
	auto_fd int target = mount_open_inside(proc_fd, path, 0, e), copy = -1;

	if (target < 0)
		return e->sys == ENOENT ? 0 : -1;
	copy = mount_clone(target, "", true, e);
	if (copy < 0 || mount_restrict(copy, MOUNT_CAREFUL | MOUNT_ATTR_RDONLY, e) < 0)
		return -1;
	return mount_attach(copy, target, "", e);
}

/* ---- /dev */

static int bind_node(int dev_fd, const struct node *n, struct err *e)
{
	auto_fd int place = openat(dev_fd, n->name,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	auto_fd int node = -1;
	char path[32];
	struct stat st;

	if (place < 0)
		return err_sys(e, "cannot make '/dev/%s'", n->name);
	snprintf(path, sizeof(path), "/dev/%s", n->name);
	node = mount_clone(AT_FDCWD, path, false, e);
	if (node < 0 || mount_attach(node, dev_fd, n->name, e) < 0)
		return -1;
	if (fstatat(dev_fd, n->name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISCHR(st.st_mode) || st.st_rdev != makedev(n->major, n->minor))
		return err_set(e, ERR_SYS, "the host's '%s' is not that device", path);
	return 0;
}

static int mount_below_dev(int dev_fd, const char *name, const char *type,
	const struct mount_option *options, unsigned int attr, struct err *e)
{
	auto_fd int fd = -1;

	if (mkdirat(dev_fd, name, 0755) < 0)
		return err_sys(e, "cannot make '/dev/%s'", name);
	fd = mount_new(type, options, attr, e);
	return fd < 0 ? -1 : mount_attach(fd, dev_fd, name, e);
}

static int fill_dev(int dev_fd, bool has_tty_group, struct err *e)
{
	const struct mount_option pts[] = { { "newinstance", NULL },
		{ "ptmxmode", "0666" }, { "mode", "0620" },
		{ has_tty_group ? "gid" : NULL, "5" }, { NULL, NULL } };
	static const struct mount_option shm[] = { { "mode", "1777" },
		{ "size", "65536k" }, { NULL, NULL } };

	for (size_t i = 0; i < ARRAY_COUNT(nodes); i++)
		if (bind_node(dev_fd, &nodes[i], e) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_COUNT(links); i++)
		if (symlinkat(links[i].target, dev_fd, links[i].name) < 0)
			return err_sys(e, "cannot make '/dev/%s'", links[i].name);
	if (mount_below_dev(dev_fd, "pts", "devpts", pts,
		    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, e) < 0 ||
		mount_below_dev(dev_fd, "shm", "tmpfs", shm,
			MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, e) < 0)
		return -1;
	return mount_below_dev(dev_fd, "mqueue", "mqueue", NULL, MOUNT_CAREFUL, e);
}

static int mount_dev(int root_fd, bool has_tty_group, struct err *e)
{
	static const struct mount_option options[] = { { "mode", "755" },
		{ "size", "512k" }, { NULL, NULL } };
	auto_fd int dev =
		mount_new("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, e);

	if (dev < 0 || attach_checked(dev, root_fd, "dev", TMPFS_MAGIC, e) < 0 ||
		fill_dev(dev, has_tty_group, e) < 0)
		return -1;
	return STEAL_FD(dev);
}

/* ---- /sys */

/* A new sysfs shows one network namespace, which must be ours; the host's network comes
 * with the host's /sys. */
static int new_sys(bool host_net, struct err *e)
{
	auto_fd int copy = -1;

	if (!host_net)
		return mount_new("sysfs", NULL, MOUNT_CAREFUL | MOUNT_ATTR_RDONLY, e);
	copy = mount_clone(AT_FDCWD, "/sys", true, e);
	if (copy < 0 || mount_restrict(copy, MOUNT_CAREFUL | MOUNT_ATTR_RDONLY, e) < 0)
		return -1;
	return STEAL_FD(copy);
}

/* Where cgroup2 cannot be mounted the directory stays empty. */
static int mount_cgroup(int sys_fd, bool host_net, struct err *e)
{
	auto_fd int target = mount_open_inside(sys_fd, "fs/cgroup", O_DIRECTORY, e);
	auto_fd int cgroup = -1;

	if (target < 0)
		return e->sys == ENOENT ? 0 : -1;
	cgroup = mount_new("cgroup2", NULL, MOUNT_CAREFUL | MOUNT_ATTR_RDONLY, e);
	if (cgroup < 0 && host_net)
		cgroup = mount_new("tmpfs", NULL, MOUNT_CAREFUL | MOUNT_ATTR_RDONLY, e);
	if (cgroup < 0)
		return host_net ? -1 : 0;
	return mount_attach(cgroup, target, "", e);
}

static int mount_sys(int root_fd, bool host_net, struct err *e)
{
	auto_fd int sys = new_sys(host_net, e);

	if (sys < 0 || attach_checked(sys, root_fd, "sys", SYSFS_MAGIC, e) < 0 ||
		mount_cgroup(sys, host_net, e) < 0)
		return -1;
	return STEAL_FD(sys);
}

int special_mount(int root_fd, unsigned int flags, struct err *e)
{
	auto_fd int proc = mount_new("proc", NULL, MOUNT_CAREFUL, e);
	auto_fd int sys = -1, dev = -1;

	if (proc < 0 || attach_checked(proc, root_fd, "proc", PROC_SUPER_MAGIC, e) < 0)
		return -1;
	sys = mount_sys(root_fd, flags & PLAN_HOST_NET, e);
	if (sys < 0)
		return -1;
	dev = mount_dev(root_fd, flags & PLAN_FULL_MAP, e);
	if (dev < 0)
		return -1;
	if (mask_all(proc, sys, dev, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(readonly_proc); i++)
		if (make_readonly(proc, readonly_proc[i], e) < 0)
			return -1;
	return 0;
}
