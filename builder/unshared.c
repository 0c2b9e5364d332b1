#include "builder/unshared.h"

#include "lib/base/fs.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* ---- who may build */

int unshared_ids(bool unshare, struct subids *out, struct err *e)
{
	*out = (struct subids){ .full = false };
	if (geteuid() == 0 && (!unshare || !userns_is_initial()))
		return 0;
	if (!unshare)
		return err_set(e, ERR_FAILED,
			"building needs root, for ownership and mounts: or say "
			"--unshare");
	subids_find(getuid(), out);
	if (out->full)
		return 0;
	return err_set(e, ERR_FAILED, "cannot build without root: %s", out->why);
}

/* The kernel forgets the tie to the parent, and what is effective, with the ids. */
int unshared_become(uid_t uid, gid_t gid, struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int tie = 0;

	if (geteuid() == uid && getegid() == gid)
		return 0;
	if (prctl(PR_GET_PDEATHSIG, &tie) < 0 || prctl(PR_SET_KEEPCAPS, 1) < 0 ||
		setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return err_sys(e, "cannot change ids");
	if (syscall(SYS_capget, &head, data) < 0)
		return err_sys(e, "cannot read capabilities");
	for (size_t i = 0; i < ARRAY_COUNT(data); i++)
		data[i].effective = data[i].permitted;
	if (syscall(SYS_capset, &head, data) < 0 || prctl(PR_SET_PDEATHSIG, tie) < 0)
		return err_sys(e, "cannot keep capabilities");
	return 0;
}

/* ---- what a container may forbid */

enum hidden { NOTHING, PROC, SYS, SPACES };

static enum hidden wait_for(pid_t pid)
{
	int status;

	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return SPACES;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) <= SPACES
		       ? (enum hidden)WEXITSTATUS(status)
		       : SPACES;
}

static enum hidden try_mounts(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return SPACES;
	if (mount("proc", "/proc", "proc", 0, NULL) < 0)
		return PROC;
	return mount("sysfs", "/sys", "sysfs", MS_RDONLY, NULL) < 0 ? SYS : NOTHING;
}

static enum hidden try_spaces(void)
{
	pid_t pid;

	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET) < 0)
		return SPACES;
	pid = fork();
	if (pid == 0)
		_exit(try_mounts());
	return wait_for(pid);
}

int unshared_check_mounts(struct err *e)
{
	pid_t pid = fork();
	enum hidden hidden;

	if (pid == 0)
		_exit(try_spaces());
	hidden = wait_for(pid);
	if (hidden == NOTHING)
		return 0;
	if (hidden == SPACES)
		return err_set(e, ERR_FAILED,
			"cannot build in this container: it may not make namespaces and "
			"mounts");
	return err_set(e, ERR_FAILED,
		"cannot build in this container: parts of its %s are hidden, so that no "
		"other can be mounted; start it with them unmasked (podman: "
		"--security-opt unmask=ALL)",
		hidden == PROC ? "/proc" : "/sys");
}

/* ---- removing */

struct removing {
	int dir_fd;
	const char *name;
};

static int remove_inside(void *ctx)
{
	const struct removing *r = ctx;
	struct err ignored;

	return fs_remove_tree(r->dir_fd, r->name, &ignored) < 0;
}

int unshared_remove_tree(int dir_fd, const char *name, struct err *e)
{
	struct removing r = { .dir_fd = dir_fd, .name = name };
	struct subids ids;
	pid_t pid;

	if (unshared_ids(true, &ids, e) < 0)
		return -1;
	pid = userns_fork(USERNS_STORE, 0, &ids, remove_inside, &r, e);
	if (pid < 0)
		return -1;
	return wait_for(pid) == NOTHING ? 0
					: err_set(e, ERR_SYS, "cannot remove '%s'", name);
}
