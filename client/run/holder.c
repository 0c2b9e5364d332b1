#include "client/run/holder.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>

int id_map_write(pid_t pid, const char *file, const char *text, struct err *e)
{
	char path[64];
	auto_fd int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return err_sys(e, "cannot write '%s'", path);
	return 0;
}

static bool file_says(const char *path, char value)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char first;

	return fd >= 0 && read(fd, &first, 1) == 1 && first == value;
}

const char *holder_refusal(int number, const char **mend)
{
	static const struct {
		const char *path;
		char value;
		const char *why, *mend;
	} settings[] = {
		{ "/proc/sys/kernel/unprivileged_userns_clone", '0',
			"forbidden by a setting of this host",
			"sysctl kernel.unprivileged_userns_clone=1" },
		{ "/proc/sys/user/max_user_namespaces", '0',
			"forbidden by a setting of this host",
			"sysctl user.max_user_namespaces=65536" },
		{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1',
			"AppArmor forbids it on this host",
			"sysctl kernel.apparmor_restrict_unprivileged_userns=0" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(settings); i++)
		if (file_says(settings[i].path, settings[i].value)) {
			*mend = settings[i].mend;
			return settings[i].why;
		}
	*mend = "";
	if (number == ENOSPC) {
		*mend = "sysctl user.max_user_namespaces=65536";
		return "too many, or nested too deeply";
	}
	if (number == EINVAL)
		return "this kernel was built without them";
	return "a security policy, or a chroot of this process, forbids it";
}

int holder_refused(int number, const char *what, struct err *e)
{
	const char *mend, *why = holder_refusal(number, &mend);

	err_set(e, ERR_SYS, "cannot make %s: %s (%s)%s%s", what, why, strerror(number),
		*mend ? "; mend: " : "", mend);
	e->sys = number;
	return -1;
}

/* Stays outside, where newuidmap must run. */
__attribute__((noreturn)) static void helper(
	const struct holder *h, pid_t user, int go_fd, int report_fd)
{
	struct err e;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(go_fd, &byte, 1) != 1)
		_exit(1);
	if (userns_write_maps(user, USERNS_HOLDER, h->ids, &e) == 0)
		_exit(0);
	(void)!write(report_fd, &e, sizeof(e));
	_exit(1);
}

static int start_helper(struct holder *h, struct err *e)
{
	pid_t user = getpid();
	int go[2], report[2];

	if (pipe2(go, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	if (pipe2(report, O_CLOEXEC) < 0) {
		err_sys(e, "cannot make a pipe");
		close(go[0]);
		close(go[1]);
		return -1;
	}
	h->helper = fork();
	if (h->helper == 0) {
		close(go[1]);
		helper(h, user, go[0], report[1]);
	}
	close(go[0]);
	close(report[1]);
	h->go_fd = go[1];
	h->report_fd = report[0];
	if (h->helper < 0)
		return err_sys(e, "cannot start a process");
	return 0;
}

/* To itself: the number says as much inside as outside. */
static int map_self(uid_t uid, gid_t gid, struct err *e)
{
	char text[64];

	if (id_map_write(getpid(), "setgroups", "deny", e) < 0)
		return -1;
	snprintf(text, sizeof(text), "%u %u 1\n", (unsigned int)gid, (unsigned int)gid);
	if (id_map_write(getpid(), "gid_map", text, e) < 0)
		return -1;
	snprintf(text, sizeof(text), "%u %u 1\n", (unsigned int)uid, (unsigned int)uid);
	return id_map_write(getpid(), "uid_map", text, e);
}

/* Lets go of the helper and says whether it had done its work. */
static bool end_helper(struct holder *h)
{
	int status = -1;

	auto_fd_cleanup(&h->go_fd);
	auto_fd_cleanup(&h->report_fd);
	while (waitpid(h->helper, &status, 0) < 0 && errno == EINTR)
		;
	h->helper = h->go_fd = h->report_fd = -1;
	return status == 0;
}

int holder_begin(struct holder *h, const struct subids *ids, struct err *e)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	*h = (struct holder){ .ids = ids, .helper = -1, .go_fd = -1, .report_fd = -1 };
	if (ids->full && start_helper(h, e) < 0)
		return -1;
	if (unshare(CLONE_NEWUSER) < 0) {
		holder_refused(errno, "a user namespace", e);
		if (h->helper > 0)
			end_helper(h);
		return -1;
	}
	if (!ids->full)
		return map_self(uid, gid, e);
	if (write(h->go_fd, "", 1) != 1)
		return err_sys(e, "cannot wake the helper");
	return 0;
}

int holder_finish(struct holder *h, struct err *e)
{
	struct err report;
	ssize_t n;
	bool done;

	if (h->helper < 0)
		return 0;
	n = read(h->report_fd, &report, sizeof(report));
	done = end_helper(h);
	if (n == 0 && done)
		return 0;
	if (n != (ssize_t)sizeof(report))
		return err_set(e, ERR_FAILED,
			"cannot map subordinate ids: the helper process ended early");
	*e = report;
	return -1;
}

int holder_enter(const struct subids *ids, struct err *e)
{
	struct holder h;

	if (holder_begin(&h, ids, e) < 0)
		return -1;
	return holder_finish(&h, e);
}
