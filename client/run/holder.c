#include "client/run/holder.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
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

#define MAPPER_SAYS 400

/* The words of its command line. */
struct mapper_args {
	char text[4][16]; /* our pid, our id, the range's start and length */
	char *argv[9];
};

static void fill_args(const struct mapper *m, pid_t self, unsigned int id,
	unsigned int start, struct mapper_args *a)
{
	static char zero[] = "0", one[] = "1";

	snprintf(a->text[0], sizeof(a->text[0]), "%d", (int)self);
	snprintf(a->text[1], sizeof(a->text[1]), "%u", id);
	snprintf(a->text[2], sizeof(a->text[2]), "%u", start);
	snprintf(a->text[3], sizeof(a->text[3]), "%u", USERNS_IDS);
	memcpy(a->argv,
		(char *[]){ (char *)(uintptr_t)m->path, a->text[0], zero, a->text[1], one,
			a->text[2], a->text[2], a->text[3], NULL },
		sizeof(a->argv));
}

/* Stays outside of the namespace, where the maps must be written from. */
__attribute__((noreturn)) static void map_us(
	const struct mapper *m, char *const *argv, int go_fd, int says_fd)
{
	char *const env[] = { NULL };
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (read(go_fd, &byte, 1) == 1 && dup2(says_fd, 2) == 2)
		execve(m->path, argv, env);
	_exit(127);
}

static int mapper_start(struct mapper *m, char *const *argv, int go[2], struct err *e)
{
	int says[2];

	if (pipe2(says, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	m->pid = fork();
	if (m->pid == 0) {
		close(go[1]);
		map_us(m, argv, go[0], says[1]);
	}
	close(says[1]);
	m->says_fd = says[0];
	return m->pid < 0 ? err_sys(e, "cannot start a process") : 0;
}

static int mapper_end(struct mapper *m, struct err *e)
{
	char says[MAPPER_SAYS] = "";
	int status = -1;

	if (m->pid < 0) {
		auto_fd_cleanup(&m->says_fd);
		return 0;
	}
	while (waitpid(m->pid, &status, 0) < 0 && errno == EINTR)
		;
	/* What it prints fits the pipe, so it may be read after the end. */
	if (status != 0)
		(void)!read(m->says_fd, says, sizeof(says) - 1);
	auto_fd_cleanup(&m->says_fd);
	m->pid = m->says_fd = -1;
	says[strcspn(says, "\n")] = '\0';
	if (status == 0)
		return 0;
	return err_set(e, ERR_SYS, "cannot map subordinate ids: '%s' failed%s%s", m->path,
		*says ? ": " : "", says);
}

static int start_mappers(
	struct holder *h, const struct subids *ids, int go[2], struct err *e)
{
	static const char *const paths[][2] = { { "/usr/bin/newuidmap",
							"/bin/newuidmap" },
		{ "/usr/bin/newgidmap", "/bin/newgidmap" } };
	const unsigned int id[] = { geteuid(), getegid() };
	const unsigned int start[] = { ids->uid_start, ids->gid_start };
	pid_t self = getpid();

	for (size_t i = 0; i < ARRAY_COUNT(h->mapper); i++) {
		struct mapper *m = &h->mapper[i];
		struct mapper_args args;

		m->path = paths[i][access(paths[i][0], X_OK) == 0 ? 0 : 1];
		fill_args(m, self, id[i], start[i], &args);
		if (mapper_start(m, args.argv, go, e) < 0)
			return -1;
	}
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

int holder_finish(struct holder *h, struct err *e)
{
	struct err second;
	int rc = mapper_end(&h->mapper[0], e);

	return mapper_end(&h->mapper[1], rc < 0 ? &second : e) < 0 ? -1 : rc;
}

/* Without a byte on the way the mappers end by themselves. */
static int give_up(struct holder *h, int go[2])
{
	struct err ignored;

	auto_fd_cleanup(&go[0]);
	auto_fd_cleanup(&go[1]);
	(void)!holder_finish(h, &ignored);
	return -1;
}

int holder_begin(struct holder *h, const struct subids *ids, struct err *e)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int go[2] = { -1, -1 };

	for (size_t i = 0; i < ARRAY_COUNT(h->mapper); i++)
		h->mapper[i] = (struct mapper){ .pid = -1, .says_fd = -1 };
	if (ids->full && pipe2(go, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	if (ids->full && start_mappers(h, ids, go, e) < 0)
		return give_up(h, go);
	if (unshare(CLONE_NEWUSER) < 0) {
		holder_refused(errno, "a user namespace", e);
		return give_up(h, go);
	}
	if (!ids->full)
		return map_self(uid, gid, e);
	if (write(go[1], "go", 2) != 2) { /* a byte each */
		err_sys(e, "cannot wake the helpers");
		return give_up(h, go);
	}
	close(go[0]);
	close(go[1]);
	return 0;
}

int holder_enter(const struct subids *ids, struct err *e)
{
	struct holder h;

	if (holder_begin(&h, ids, e) < 0)
		return -1;
	return holder_finish(&h, e);
}
