#include "client/run/rootfs.h"

#include "client/run/mount.h"
#include "client/run/rootfile.h"
#include "client/run/templates.h"

#include <fcntl.h>
#include <sys/syscall.h>

#define RESOLV_MAX  8192
#define PROC_FD_MAX 32

static int open_layer(const char *path, struct err *e)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "cannot open '%s'", path) : fd;
}

int rootfs_open_layers(const struct plan *p, struct layers *out, struct err *e)
{
	out->lower = open_layer(p->rootfs, e);
	if (out->lower < 0)
		return -1;
	out->upper = out->work = -1;
	if (p->flags & PLAN_MEMORY)
		return 0;
	out->upper = open_layer(p->upper, e);
	if (out->upper < 0)
		return -1;
	out->work = open_layer(p->work, e);
	return out->work < 0 ? -1 : 0;
}

static void proc_fd(int fd, char out[PROC_FD_MAX])
{
	snprintf(out, PROC_FD_MAX, "/proc/self/fd/%d", fd);
}

/* A directory of the layer like the image's root. */
static int make_part(int layer, const char *name, const struct stat *like, struct err *e)
{
	int fd;

	if (mkdirat(layer, name, 0700) < 0)
		return err_sys(e, "cannot make the layer in memory");
	fd = openat(layer, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fchownat(layer, name, like->st_uid, like->st_gid, 0) < 0 ||
		fchmodat(layer, name, like->st_mode & 07777, 0) < 0) {
		auto_fd_cleanup(&fd);
		return err_sys(e, "cannot make the layer in memory");
	}
	return fd;
}

/* An overlay takes directories of mounts that are somewhere: here over the image's,
 * which is at hand by its descriptor and goes with the old root. */
static int make_memory_layer(
	const char *size, const struct layers *in, struct layers *out, struct err *e)
{
	const struct mount_option options[] = { { "size", size }, { "mode", "755" },
		{ NULL, NULL } };
	auto_fd int layer =
		mount_new("tmpfs", options, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID, e);
	struct stat root;

	if (layer < 0 || mount_attach(layer, in->lower, "", e) < 0)
		return -1;
	if (fstat(in->lower, &root) < 0)
		return err_sys(e, "cannot look at the image's root");
	out->lower = in->lower;
	out->upper = make_part(layer, "upper", &root, e);
	if (out->upper < 0)
		return -1;
	out->work = make_part(layer, "work", &root, e);
	return out->work < 0 ? -1 : 0;
}

static int mount_overlay(unsigned int flags, const struct layers *layers, struct err *e)
{
	char lower[PROC_FD_MAX], upper[PROC_FD_MAX], work[PROC_FD_MAX];
	const struct mount_option options[] = {
		{ "source", "rootyard" },
		{ "lowerdir", lower },
		{ "upperdir", upper },
		{ "workdir", work },
		{ "userxattr", NULL },
		{ flags & PLAN_VOLATILE ? "volatile" : NULL, NULL },
		{ NULL, NULL },
	};
	int root;

	proc_fd(layers->lower, lower);
	proc_fd(layers->upper, upper);
	proc_fd(layers->work, work);
	root = mount_new("overlay", options, MOUNT_ATTR_NODEV, e);
	if (root < 0)
		return err_wrap(e, "cannot lay the container over its image ('rootyard "
				   "doctor' says what is missing)");
	return root;
}

int rootfs_mount(const struct plan *p, const struct layers *layers, struct err *e)
{
	struct layers used = *layers;
	auto_fd int root = -1, old = -1;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, "cannot separate the mounts");
	old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (old < 0)
		return err_sys(e, "cannot open '/'");
	if ((p->flags & PLAN_MEMORY) &&
		make_memory_layer(p->layer_size, layers, &used, e) < 0)
		return -1;
	root = mount_overlay(p->flags, &used, e);
	if (root < 0 || mount_attach(root, old, "", e) < 0)
		return -1;
	return STEAL_FD(root);
}

int rootfs_enter(int root_fd, bool shared, struct err *e)
{
	char cwd[4096];

	if (fchdir(root_fd) < 0)
		return err_sys(e, "cannot enter the container's root");
	/* The old root comes to lie over the new one; taking it off leaves the new. */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return err_sys(e, "cannot change the root");
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_sys(e, "cannot leave the old root");
	if (!getcwd(cwd, sizeof(cwd)) || strcmp(cwd, "/") != 0)
		return err_set(e, ERR_SYS, "cannot leave the old root: it is still here");
	if (shared && mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0)
		return err_sys(e, "cannot share the mounts");
	return 0;
}

/* ---- names */

static int put_resolv_conf(int root_fd, int etc, struct err *e)
{
	auto_fd int host = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC);
	char text[RESOLV_MAX];
	ssize_t n;

	if (host < 0 || rootfile_has_content(root_fd, "etc/resolv.conf"))
		return 0;
	n = read(host, text, sizeof(text));
	return n <= 0 ? 0 : rootfile_put(etc, "resolv.conf", text, (size_t)n, NULL, e);
}

/* apt runs its downloads as a user of their own, and insists. */
static int put_apt_conf(int root_fd, struct err *e)
{
	static const char text[] = "APT::Sandbox::User \"root\";\n";
	auto_fd int dir = rootfile_dir(root_fd, "etc/apt/apt.conf.d");

	return dir < 0 ? 0
		       : rootfile_put(dir, "99rootyard-one-id", text, sizeof(text) - 1,
				 NULL, e);
}

int rootfs_write_names(int root_fd, int upper_fd, const struct plan *p, struct err *e)
{
	auto_fd int etc = rootfile_dir(root_fd, "etc");
	char text[256];
	int n;

	if (p->templates && templates_fill(root_fd, p->templates, p->hostname, e) < 0)
		return -1;
	if (p->files && templates_place(root_fd, upper_fd, p->files, p->hostname, e) < 0)
		return -1;
	if (etc < 0)
		return 0;
	if (!(p->flags & PLAN_FULL_MAP) && put_apt_conf(root_fd, e) < 0)
		return -1;
	n = snprintf(text, sizeof(text), "%s\n", p->hostname);
	if (rootfile_put(etc, "hostname", text, (size_t)n, NULL, e) < 0)
		return -1;
	if (!rootfile_has_content(root_fd, "etc/hosts")) {
		n = snprintf(text, sizeof(text),
			"127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\t%s\n",
			p->hostname);
		if (rootfile_put(etc, "hosts", text, (size_t)n, NULL, e) < 0)
			return -1;
	}
	if (p->resolv_conf)
		return rootfile_put(etc, "resolv.conf", p->resolv_conf,
			strlen(p->resolv_conf), NULL, e);
	return p->flags & PLAN_HOST_NET ? put_resolv_conf(root_fd, etc, e) : 0;
}
