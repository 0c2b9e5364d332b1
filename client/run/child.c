#include "client/run/child.h"

#include "client/run/confine.h"
#include "client/run/init.h"
#include "client/run/machine.h"
#include "client/run/report.h"
#include "client/run/rootfs.h"
#include "client/run/special.h"
#include "client/run/tty.h"

#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Our maps are written behind our back; until then we have no ids. */
static int wait_for_go(int sock_fd, struct err *e)
{
	char byte;

	if (recv(sock_fd, &byte, 1, 0) != 1)
		return err_set(e, ERR_INTERRUPTED, "the supervisor is gone");
	return 0;
}

int child_become_root(unsigned int flags, int sock_fd, struct err *e)
{
	struct pollfd parent = { .fd = sock_fd, .events = 0 };

	if ((flags & PLAN_FULL_MAP) && setgroups(0, NULL) < 0)
		return err_sys(e, "cannot leave the supplementary groups");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(e, "cannot become root of the container");
	umask(022);
	/* Hides our memory and descriptors from the container for as long as we hold
	 * something of the host's; the promise to die is lost by the change of ids. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(e, "cannot guard pid 1");
	if (poll(&parent, 1, 0) > 0 && (parent.revents & POLLHUP))
		return err_set(e, ERR_INTERRUPTED, "the supervisor is gone");
	return 0;
}

static int build_root(const struct plan *p, const struct layers *layers,
	const int *volume_fd, struct netns *net, struct err *e)
{
	auto_fd int root = rootfs_mount(p, layers, e);

	if (root < 0 || rootfs_write_names(root, layers->upper, p, e) < 0 ||
		special_mount(root, p->flags, net, e) < 0 ||
		((p->flags & PLAN_SYSTEM) && machine_mount(root, p, e) < 0) ||
		volumes_mount(p->volumes, volume_fd, root, e) < 0 ||
		volumes_seal(p->volumes, root, e) < 0)
		return -1;
	return rootfs_enter(root, p->flags & PLAN_SYSTEM, e);
}

static int prepare(const struct plan *p, int sock_fd, int *tty_fd, struct err *e)
{
	struct netns made, *net = NULL;
	struct layers layers;
	int volume_fd[VOLUMES_MAX];
	struct err waiting;
	bool opened;

	if (plan_makes_network_inside(p))
		netns_begin(net = &made);
	/* Done as the caller; what fails is told when somebody listens. */
	opened = rootfs_open_layers(p, &layers, e) == 0 &&
		 volumes_open(p->volumes, volume_fd, e) == 0;
	if (wait_for_go(sock_fd, &waiting) < 0) {
		*e = waiting;
		return -1;
	}
	if (!opened || child_become_root(p->flags, sock_fd, e) < 0 ||
		build_root(p, &layers, volume_fd, net, e) < 0)
		return -1;
	if (p->net && netns_loopback(e) < 0)
		return -1;
	if (sethostname(p->hostname, strlen(p->hostname)) < 0)
		return err_sys(e, "cannot set the host name '%s'", p->hostname);
	if ((p->flags & PLAN_TTY) &&
		(*tty_fd = tty_make(sock_fd, true, &p->window, e)) < 0)
		return -1;
	if (confine_processes(p->nproc, e) < 0)
		return -1;
	return confine_rights(p->flags & PLAN_SYSTEM, e);
}

/* HOME is his where nobody said otherwise. Only who asks for a user pays for the reading,
 * and for the memory. */
static int choose_user(const struct plan *p, struct plan *own, struct err *e)
{
	static struct passwd_user user;
	static struct passwd_entry entry;
	static char home[PASSWD_FIELD_MAX + 8];
	size_t count = 0;
	const char **env;

	if (passwd_become(p->user_name, &user, &entry, e) < 0)
		return -1;
	while (p->env[count])
		count++;
	env = xcalloc(count + 1, sizeof(*env));
	snprintf(home, sizeof(home), "HOME=%s", entry.home);
	for (size_t i = 0; i < count; i++)
		env[i] = strcmp(p->env[i], "HOME=/root") == 0 ? home : p->env[i];
	own->env = env;
	own->user = &user;
	return 0;
}

void child_main(const struct plan *p, int sock_fd)
{
	struct plan own = *p;
	int tty_fd = -1;
	struct err e;

	if (prepare(p, sock_fd, &tty_fd, &e) < 0 ||
		(p->user_name && choose_user(p, &own, &e) < 0))
		report_failure(sock_fd, 125, &e);
	init_main(&own, sock_fd, tty_fd);
}
