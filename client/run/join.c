#include "client/run/join.h"

#include "client/run/child.h"
#include "client/run/confine.h"
#include "client/run/init.h"
#include "client/run/member.h"
#include "client/run/report.h"
#include "client/run/tty.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define STATUS_OURS 125

int join_open(const struct run_state *s, bool host_net, struct join *out, struct err *e)
{
	int fd = member_open(s, e);

	if (fd < 0)
		return -1;
	*out = (struct join){ .target_fd = fd, .host_net = host_net };
	return 0;
}

int join_enter(const struct join *j, struct err *e)
{
	int kinds = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
		    CLONE_NEWUTS | (j->host_net ? 0 : CLONE_NEWNET);

	/* Before we are one of them: they must not look into our memory or descriptors,
	 * our executable among them. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(e, "cannot guard the process");
	if (setns(j->target_fd, kinds) == 0)
		return 0;
	return errno == ESRCH ? err_set(e, ERR_NOTFOUND, "it has just ended")
			      : err_sys(e, "cannot enter its namespaces");
}

/* The cgroup namespace comes last: from inside it our own cgroup is out of reach. */
static int settle(const struct join *j, const struct plan *p, int sock_fd, int *tty_fd,
	struct err *e)
{
	if (setns(j->target_fd, CLONE_NEWCGROUP) < 0)
		return err_sys(e, "cannot enter its cgroup namespace");
	if (child_become_root(p->flags, sock_fd, e) < 0)
		return -1;
	if ((p->flags & PLAN_TTY) &&
		(*tty_fd = tty_make(sock_fd, false, &p->window, e)) < 0)
		return -1;
	if (confine_processes(p->nproc, e) < 0)
		return -1;
	return confine_rights(p->flags & PLAN_SYSTEM, e);
}

__attribute__((noreturn)) static void joined_main(
	const struct join *j, const struct plan *p, int sock_fd)
{
	int tty_fd = -1;
	struct err e;

	if (settle(j, p, sock_fd, &tty_fd, &e) < 0 || confine_filter(p->flags, &e) < 0)
		report_failure(sock_fd, STATUS_OURS, &e);
	init_command(p, sock_fd, tty_fd);
}

int join_start(
	const struct join *j, const struct plan *p, struct launched *out, struct err *e)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .flags = CLONE_PIDFD };
	auto_fd int mine = -1, theirs = -1;
	int pair[2], pid_fd = -1;
	long pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "cannot make a socket pair");
	mine = pair[0];
	theirs = pair[1];
	if (p->cgroup_fd > 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)p->cgroup_fd;
	}
	args.pidfd = (uint64_t)(uintptr_t)&pid_fd;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		close(mine);
		joined_main(j, p, theirs);
	}
	if (pid < 0) /* a pid namespace without pid 1 takes nobody in */
		return errno == ENOMEM ? err_set(e, ERR_NOTFOUND, "it is just ending")
				       : err_sys(e, "cannot start a process in it");
	*out = (struct launched){
		.pid = (pid_t)pid, .pid_fd = pid_fd, .sock_fd = STEAL_FD(mine)
	};
	return 0;
}
