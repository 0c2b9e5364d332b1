#include "client/run/launch.h"

#include "client/run/child.h"
#include "client/run/holder.h"
#include "client/run/report.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static int refused(int number, struct err *e)
{
	if (number == ENOSYS || number == E2BIG)
		return err_set(e, ERR_SYS,
			"cannot make the namespaces: rootyard needs Linux 5.12 or newer");
	return holder_refused(number, "the namespaces", e);
}

#define MAP_MAX 128

/* The caller, who is 0 in the holder namespace, takes the place of one id; the others stay
 * where the image has them. */
static void format_map(const struct plan *p, unsigned int start, char out[MAP_MAX])
{
	unsigned int me = p->map_me, count = p->flags & PLAN_FULL_MAP ? USERNS_IDS : 1;
	int len;

	if (me == 0) {
		snprintf(out, MAP_MAX, "0 %u %u\n", start, count);
		return;
	}
	len = snprintf(out, MAP_MAX, "0 %u %u\n%u 0 1\n", start, me, me);
	if (me + 1 < USERNS_IDS)
		snprintf(out + len, MAP_MAX - (size_t)len, "%u %u %u\n", me + 1,
			start + me + 1, USERNS_IDS - me - 1);
}

/* In the holder namespace ids have the host's numbers, so the container reads its map as
 * the host does. */
static int write_maps(pid_t pid, const struct plan *p, struct err *e)
{
	char map[MAP_MAX];

	format_map(p, p->gid_start, map);
	if (id_map_write(pid, "gid_map", map, e) < 0)
		return -1;
	format_map(p, p->uid_start, map);
	return id_map_write(pid, "uid_map", map, e);
}

static uint64_t namespace_inode(pid_t pid, const char *kind)
{
	char path[48];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kind);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

int launch_start(const struct plan *p, struct launched *out, struct err *e)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	auto_fd int mine = -1, theirs = -1;
	int pair[2], pid_fd = -1;
	long pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "cannot make a socket pair");
	mine = pair[0];
	theirs = pair[1];
	args.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
		     CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_PIDFD;
	if (p->net)
		args.flags |= CLONE_NEWNET;
	if (p->cgroup_fd > 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)p->cgroup_fd;
	}
	args.pidfd = (uint64_t)(uintptr_t)&pid_fd;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		close(mine);
		child_main(p, theirs);
	}
	if (pid < 0)
		return refused(errno, e);

	/* From here on the caller kills it when something fails. */
	*out = (struct launched){
		.pid = (pid_t)pid, .pid_fd = pid_fd, .sock_fd = STEAL_FD(mine)
	};
	if (write_maps((pid_t)pid, p, e) < 0)
		return -1;
	if (p->net && net_connect(p->net, (pid_t)pid, e) < 0)
		return -1;
	/* Now: once it is root of its own it hides them. */
	out->userns = namespace_inode((pid_t)pid, "user");
	out->pidns = namespace_inode((pid_t)pid, "pid");
	if (send(out->sock_fd, "", 1, MSG_NOSIGNAL) != 1)
		return err_sys(e, "cannot let the container go");
	return 0;
}

int launch_wait(const struct launched *c, struct launch_result *out, struct err *e)
{
	struct launch_result result = { .master_fd = -1 };
	struct report r;
	int fd, rc;

	while ((rc = report_receive(c->sock_fd, &r, &fd, e)) > 0) {
		if (fd >= 0) {
			auto_fd_cleanup(&result.master_fd);
			result.master_fd = fd;
		}
		if (r.kind != REPORT_FAILURE)
			continue;
		r.e.text[sizeof(r.e.text) - 1] = '\0';
		*e = r.e;
		result.status = r.status;
	}
	if (rc < 0) {
		auto_fd_cleanup(&result.master_fd);
		return -1;
	}
	*out = result;
	return 0;
}
