#include "client/run/holder.h"

#include <fcntl.h>
#include <sched.h>

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
			"rootyard doctor --apparmor-profile >/etc/apparmor.d/rootyard && "
			"apparmor_parser -r /etc/apparmor.d/rootyard" },
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

int holder_enter_single(struct err *e)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER) < 0)
		return holder_refused(errno, "a user namespace", e);
	return map_self(uid, gid, e);
}

static int enter_kept(const struct holder *h, struct err *e)
{
	if (h->kept.pid != 0 && keeper_join(&h->kept))
		return 0;
	if (keeper_enter(h->run_fd, &h->ids, e) < 0)
		return e->sys ? holder_refused(e->sys, "a user namespace", e) : -1;
	return 0;
}

void holder_find(struct holder *h, int run_fd)
{
	*h = (struct holder){ .run_fd = run_fd };
	if (keeper_recall(run_fd, &h->kept))
		h->ids = h->kept.ids;
	else
		subids_find(geteuid(), &h->ids);
}

int holder_enter(struct holder *h, struct err *e)
{
	if (h->entered)
		return 0;
	if ((h->ids.full ? enter_kept(h, e) : holder_enter_single(e)) < 0)
		return -1;
	h->entered = true;
	return 0;
}
