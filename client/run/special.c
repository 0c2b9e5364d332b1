#include "client/run/special.h"

#include "client/run/mount.h"
#include "client/run/plan.h"
#include "lib/base/devnodes.h"
#include "lib/base/profile.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

static const char own_proc[] = "sys/net"; /* of our own network, to be set by an init */

#define PATH_LEN 64 /* of a path by descriptor */
#define CAREFUL  (MS_NOSUID | MS_NODEV | MS_NOEXEC)

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
int special_attach(int mount_fd, int root_fd, const char *name, long magic, struct err *e)
{
	auto_fd int target = open_target(root_fd, name, e);
	auto_fd int seen = -1;
	struct statfs st;

	if (target < 0 || mount_attach(mount_fd, target, "", e) < 0)
		return -1;
	seen = mount_open_inside(root_fd, name, O_DIRECTORY, e);
	if (seen < 0)
		return -1;
	if (fstatfs(seen, &st) < 0 || (long)st.f_type != magic)
		return err_set(
			e, ERR_DAMAGED, "'/%s' is not what was mounted there", name);
	return 0;
}

/* ---- masks: on file systems of our own, so by name */

/* One empty directory serves all: it is where the first was hidden. */
static int hide_directory(int base_fd, const char *name, char empty[PATH_LEN])
{
	if (*empty)
		return mount_in(base_fd, name, empty, NULL, MS_BIND, NULL);
	if (mount_in(base_fd, name, "empty", "tmpfs", CAREFUL | MS_RDONLY,
		    "size=4k,nr_inodes=1,mode=555") < 0)
		return -1;
	snprintf(empty, PATH_LEN, "/proc/self/fd/%d/%s", base_fd, name);
	return 0;
}

static int hide(int base_fd, const struct profile_hidden *h, int dev_fd,
	char empty[PATH_LEN], struct err *e)
{
	char source[PATH_LEN];
	int rc;

	if (h->directory) {
		rc = hide_directory(base_fd, h->name, empty);
	} else {
		snprintf(source, sizeof(source), "/proc/self/fd/%d/null", dev_fd);
		rc = mount_in(base_fd, h->name, source, NULL, MS_BIND, NULL);
	}
	return rc == 0 || errno == ENOENT
		       ? 0
		       : err_sys(e, "cannot hide '%s' of the host", h->name);
}

static int hide_all(int base_fd, const struct profile_hidden *list, size_t count,
	int dev_fd, char empty[PATH_LEN], struct err *e)
{
	for (size_t i = 0; i < count; i++)
		if (hide(base_fd, &list[i], dev_fd, empty, e) < 0)
			return -1;
	return 0;
}

static int make_readonly(int proc_fd, const char *name, struct err *e)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", proc_fd, name);
	if (mount(path, path, NULL, MS_BIND | MS_REC, NULL) == 0 &&
		mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | CAREFUL,
			NULL) == 0)
		return 0;
	return errno == ENOENT ? 0 : err_sys(e, "cannot make '/proc/%s' read-only", name);
}

/* ---- /dev */

static int bind_node(int dev_fd, const struct devnode *n, struct err *e)
{
	char path[32];
	struct stat st;

	if (mknodat(dev_fd, n->name, S_IFREG | 0666, 0) < 0)
		return err_sys(e, "cannot make '/dev/%s'", n->name);
	snprintf(path, sizeof(path), "/dev/%s", n->name);
	if (mount_in(dev_fd, n->name, path, NULL, MS_BIND, NULL) < 0)
		return err_sys(e, "cannot bind '%s'", path);
	if (fstatat(dev_fd, n->name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISCHR(st.st_mode) || st.st_rdev != makedev(n->major, n->minor))
		return err_set(e, ERR_SYS, "the host's '%s' is not that device", path);
	return 0;
}

static int fill_dev(int dev_fd, bool has_tty_group, struct err *e)
{
	const struct {
		const char *name, *type, *data;
		unsigned long flags;
	} below[] = {
		{ "pts", "devpts",
			has_tty_group ? "newinstance,ptmxmode=0666,mode=0620,gid=5"
				      : "newinstance,ptmxmode=0666,mode=0620",
			MS_NOSUID | MS_NOEXEC },
		{ "shm", "tmpfs", "mode=1777,size=65536k", MS_NOSUID | MS_NODEV },
		{ "mqueue", "mqueue", NULL, CAREFUL },
	};

	for (size_t i = 0; i < devnode_count; i++)
		if (bind_node(dev_fd, &devnodes[i], e) < 0)
			return -1;
	for (size_t i = 0; i < devlink_count; i++)
		if (symlinkat(devlinks[i].target, dev_fd, devlinks[i].name) < 0)
			return err_sys(e, "cannot make '/dev/%s'", devlinks[i].name);
	for (size_t i = 0; i < ARRAY_COUNT(below); i++)
		if (mkdirat(dev_fd, below[i].name, 0755) < 0 ||
			mount_in(dev_fd, below[i].name, below[i].type, below[i].type,
				below[i].flags, below[i].data) < 0)
			return err_sys(e, "cannot mount '/dev/%s'", below[i].name);
	return 0;
}

static int mount_dev(int root_fd, bool has_tty_group, struct err *e)
{
	static const struct mount_option options[] = { { "mode", "755" },
		{ "size", "512k" }, { NULL, NULL } };
	auto_fd int dev =
		mount_new("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, e);

	if (dev < 0 || special_attach(dev, root_fd, "dev", TMPFS_MAGIC, e) < 0 ||
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
static int mount_cgroup(int sys_fd, unsigned int flags, struct err *e)
{
	bool host_net = flags & PLAN_HOST_NET;
	unsigned int attr =
		MOUNT_CAREFUL | (flags & PLAN_SYSTEM ? 0U : MOUNT_ATTR_RDONLY);
	auto_fd int target = mount_open_inside(sys_fd, "fs/cgroup", O_DIRECTORY, e);
	auto_fd int cgroup = -1;

	if (target < 0)
		return e->sys == ENOENT ? 0 : -1;
	cgroup = mount_new("cgroup2", NULL, attr, e);
	if (cgroup < 0 && host_net)
		cgroup = mount_new("tmpfs", NULL, MOUNT_CAREFUL | MOUNT_ATTR_RDONLY, e);
	if (cgroup < 0)
		return host_net ? -1 : 0;
	return mount_attach(cgroup, target, "", e);
}

static int mount_sys(int root_fd, unsigned int flags, struct err *e)
{
	auto_fd int sys = new_sys(flags & PLAN_HOST_NET, e);

	if (sys < 0 || special_attach(sys, root_fd, "sys", SYSFS_MAGIC, e) < 0 ||
		mount_cgroup(sys, flags, e) < 0)
		return -1;
	return STEAL_FD(sys);
}

static int protect_proc(int proc_fd, unsigned int flags, struct err *e)
{
	bool own_net = (flags & PLAN_SYSTEM) && !(flags & PLAN_HOST_NET);
	auto_fd int open_part = own_net ? mount_clone(proc_fd, own_proc, true, e) : -1;
	auto_fd int target = -1;

	if (own_net && open_part < 0)
		return -1;
	for (size_t i = 0; i < profile_readonly_proc_count; i++)
		if (make_readonly(proc_fd, profile_readonly_proc[i], e) < 0)
			return -1;
	if (!own_net)
		return 0;
	target = mount_open_inside(proc_fd, own_proc, O_DIRECTORY, e);
	return target < 0 ? -1 : mount_attach(open_part, target, "", e);
}

int special_mount(int root_fd, unsigned int flags, struct netns *net, struct err *e)
{
	auto_fd int proc = mount_new("proc", NULL, MOUNT_CAREFUL, e);
	auto_fd int sys = -1, dev = -1;
	char empty[PATH_LEN] = "";

	if (proc < 0 || special_attach(proc, root_fd, "proc", PROC_SUPER_MAGIC, e) < 0)
		return -1;
	dev = mount_dev(root_fd, flags & PLAN_FULL_MAP, e);
	if (dev < 0 ||
		hide_all(proc, profile_hidden_proc, profile_hidden_proc_count, dev, empty,
			e) < 0 ||
		protect_proc(proc, flags, e) < 0)
		return -1;
	if (net && netns_join(net, e) < 0)
		return -1;
	sys = mount_sys(root_fd, flags, e);
	return sys < 0 ? -1
		       : hide_all(sys, profile_hidden_sys, profile_hidden_sys_count, dev,
				 empty, e);
}
