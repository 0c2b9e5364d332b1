#include "client/run/machine.h"

#include "client/run/mount.h"
#include "client/run/special.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>

#define BOOT_ID_LEN 37 /* a uuid and a newline */

static int put(int dir_fd, const char *name, const char *text, struct err *e)
{
	auto_fd int fd =
		openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return err_sys(e, "cannot write '/run/host/%s'", name);
	return 0;
}

/* A uuid of the kernel's, one a read. */
static int fresh_uuid(char out[BOOT_ID_LEN + 1], struct err *e)
{
	auto_fd int fd = open("/proc/sys/kernel/random/uuid", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, out, BOOT_ID_LEN) != BOOT_ID_LEN)
		return err_sys(e, "cannot make a boot id");
	out[BOOT_ID_LEN] = '\0';
	return 0;
}

/* The host's would make all boots of the container one. */
static int show_boot_id(int root_fd, int host_dir, struct err *e)
{
	auto_fd int target =
		mount_open_inside(root_fd, "proc/sys/kernel/random/boot_id", 0, e);
	auto_fd int copy = -1;
	char text[BOOT_ID_LEN + 1];

	if (target < 0 || fresh_uuid(text, e) < 0 ||
		put(host_dir, "boot-id", text, e) < 0)
		return -1;
	copy = mount_clone(host_dir, "boot-id", false, e);
	if (copy < 0 || mount_restrict(copy, MOUNT_CAREFUL | MOUNT_ATTR_RDONLY, e) < 0)
		return -1;
	return mount_attach(copy, target, "", e);
}

int machine_mount(int root_fd, const struct plan *p, struct err *e)
{
	static const struct mount_option options[] = { { "mode", "755" },
		{ NULL, NULL } };
	auto_fd int run =
		mount_new("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, e);
	auto_fd int host = -1;
	char uuid[48];

	if (run < 0 || special_attach(run, root_fd, "run", TMPFS_MAGIC, e) < 0)
		return -1;
	if (mkdirat(run, "host", 0755) < 0)
		return err_sys(e, "cannot make '/run/host'");
	host = openat(run, "host", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (host < 0)
		return err_sys(e, "cannot open '/run/host'");
	snprintf(uuid, sizeof(uuid), "%s\n", p->uuid);
	if (put(host, "container-manager", "lxc\n", e) < 0 ||
		put(host, "container-uuid", uuid, e) < 0)
		return -1;
	return show_boot_id(root_fd, host, e);
}
