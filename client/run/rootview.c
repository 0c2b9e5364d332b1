#include "client/run/rootview.h"

#include "client/run/join.h"
#include "client/run/report.h"
#include "client/run/rootfs.h"

#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* In a child, so that the caller stays who he is. */
__attribute__((noreturn)) static void send_root(const struct join *j, int sock_fd)
{
	struct err e;
	int root;

	if (join_enter(j, &e) < 0)
		report_failure(sock_fd, 1, &e);
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		err_sys(&e, "cannot open its root");
		report_failure(sock_fd, 1, &e);
	}
	if (report_descriptor(sock_fd, root, &e) < 0)
		report_failure(sock_fd, 1, &e);
	_exit(0);
}

static int receive_root(int sock_fd, struct err *e)
{
	struct report r;
	int root = -1;
	int rc = report_receive(sock_fd, &r, &root, e);

	if (rc < 0)
		return -1;
	if (rc > 0 && r.kind == REPORT_FAILURE) {
		r.e.text[sizeof(r.e.text) - 1] = '\0';
		*e = r.e;
		return -1;
	}
	return root >= 0 ? root : err_set(e, ERR_NOTFOUND, "it has just ended");
}

int rootview_running(const struct run_state *s, struct err *e)
{
	auto_fd int mine = -1, target = -1;
	struct join j;
	int pair[2], root;
	pid_t pid;

	if (join_open(s, true, &j, e) < 0)
		return -1;
	target = j.target_fd;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "cannot make a socket pair");
	mine = pair[0];
	pid = fork();
	if (pid == 0)
		send_root(&j, pair[1]);
	close(pair[1]);
	if (pid < 0)
		return err_sys(e, "cannot start a process");
	root = receive_root(mine, e);
	(void)waitpid(pid, NULL, 0);
	return root;
}

int rootview_stopped(
	const struct instance *i, const struct container_config *config, struct err *e)
{
	struct plan p = { 0 };
	struct layers layers;
	char rootfs[PLACE_MAX + 128];
	const char *size;
	auto_fd int lower = -1, upper = -1, work = -1;

	if (config_layer_is_memory(config, &size))
		return err_set(e, ERR_CONFLICT,
			"what it wrote was in memory and is gone; start it first");
	snprintf(rootfs, sizeof(rootfs), "%s/images/%s/rootfs", i->store.data,
		i->image.id);
	/* First, for an overlay takes layers of its own mount namespace, to which the
	 * working directory is moved with us. */
	if (fchdir(i->container.dir_fd) < 0)
		return err_sys(e, "cannot enter container '%s'", i->container.name);
	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, "cannot make a mount namespace");
	p.rootfs = rootfs;
	p.upper = "upper";
	p.work = "work";
	if (rootfs_open_layers(&p, &layers, e) < 0)
		return -1;
	lower = layers.lower;
	upper = layers.upper;
	work = layers.work;
	return rootfs_mount(&p, &layers, e);
}

/* Capabilities of the holder namespace stay, so that directories of the container's other
 * users can be written, as its root can. */
int rootview_be_root(const struct holder *h, struct err *e)
{
	uid_t uid = h->ids.uid_start;
	gid_t gid = h->ids.gid_start;

	if (!h->ids.full)
		return 0;
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) < 0)
		return err_sys(e, "cannot become root of the container");
	setfsgid(gid);
	setfsuid(uid);
	if ((gid_t)setfsgid((gid_t)-1) != gid || (uid_t)setfsuid((uid_t)-1) != uid)
		return err_set(e, ERR_SYS, "cannot become root of the container");
	return 0;
}
