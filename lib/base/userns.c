#include "lib/base/userns.h"

#include "lib/base/fs.h"
#include "lib/base/nss.h"
#include "lib/base/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define PASSWD_MAX     (16U << 20)
#define SUBIDS_MAX     (16U << 20)
#define LOGIN_MAX      256
#define HELPER_PATH    64
#define HELPER_SAYS    600
#define USERNS_MAP_MAX 3

/* ---- who may map what */

static bool next_line(struct bytes *text, struct bytes *line)
{
	const unsigned char *end;

	if (text->len == 0)
		return false;
	end = memchr(text->data, '\n', text->len);
	line->data = text->data;
	line->len = end ? (size_t)(end - text->data) : text->len;
	text->data += line->len + (end != NULL);
	text->len -= line->len + (end != NULL);
	return true;
}

static bool next_field(struct bytes *line, struct bytes *field)
{
	const unsigned char *end;

	if (!line->data)
		return false;
	end = memchr(line->data, ':', line->len);
	field->data = line->data;
	field->len = end ? (size_t)(end - line->data) : line->len;
	line->len -= field->len + (end != NULL);
	line->data = end ? end + 1 : NULL;
	return true;
}

static bool decimal(struct bytes field, uint32_t *out)
{
	uint64_t value = 0;

	if (field.len == 0 || field.len > 10)
		return false;
	for (size_t i = 0; i < field.len; i++) {
		if (field.data[i] < '0' || field.data[i] > '9')
			return false;
		value = value * 10 + (field.data[i] - '0');
	}
	if (value > UINT32_MAX)
		return false;
	*out = (uint32_t)value;
	return true;
}

bool subids_parse(struct bytes text, const char *name, uid_t uid, unsigned int *start)
{
	struct bytes line, owner, first, count;

	while (next_line(&text, &line)) {
		uint32_t id, from, length;

		if (!next_field(&line, &owner) || !next_field(&line, &first) ||
			!next_field(&line, &count) || line.data)
			continue;
		if (!(*name && bytes_equal_str(owner, name)) &&
			!(decimal(owner, &id) && id == uid))
			continue;
		if (!decimal(first, &from) || !decimal(count, &length))
			continue;
		/* Id 0 is the machine's root and 2^32-1 means "no id". */
		if (from == 0 || length < USERNS_IDS || from > UINT32_MAX - USERNS_IDS)
			continue;
		*start = from;
		return true;
	}
	return false;
}

static bool read_text(const char *path, struct buf *out)
{
	int fd auto_fd = open(path, O_RDONLY | O_CLOEXEC);
	struct err e;

	return fd >= 0 && fs_read_fd(fd, path, out, &e) == 0 &&
	       buf_check(out, path, &e) == 0;
}

/* The login name of uid, "" when the passwd file has none. */
static void name_of_file(uid_t uid, char out[LOGIN_MAX])
{
	struct buf text auto_buf = BUF_INIT(PASSWD_MAX);
	struct bytes rest, line, name, field;
	uint32_t id;

	out[0] = '\0';
	if (!read_text("/etc/passwd", &text))
		return;
	rest = buf_bytes(&text);
	while (next_line(&rest, &line)) {
		if (!next_field(&line, &name) || !next_field(&line, &field) ||
			!next_field(&line, &field))
			continue;
		if (!decimal(field, &id) || id != uid || name.len >= LOGIN_MAX)
			continue;
		memcpy(out, name.data, name.len);
		out[name.len] = '\0';
		return;
	}
}

static void login_name(uid_t uid, char out[LOGIN_MAX])
{
	name_of_file(uid, out);
	if (!*out && !nss_login_name(uid, out, LOGIN_MAX))
		*out = '\0';
}

static bool find_range(const char *path, const char *name, uid_t uid, unsigned int *start)
{
	struct buf text auto_buf = BUF_INIT(SUBIDS_MAX);

	return read_text(path, &text) && subids_parse(buf_bytes(&text), name, uid, start);
}

/* ---- the helpers that may write maps */

static bool find_helper(const char *name, char out[HELPER_PATH], struct stat *st)
{
	static const char *const dirs[] = { "/usr/bin", "/bin" };

	for (size_t i = 0; i < ARRAY_COUNT(dirs); i++) {
		snprintf(out, HELPER_PATH, "%s/%s", dirs[i], name);
		if (stat(out, st) == 0 && S_ISREG(st->st_mode))
			return true;
	}
	return false;
}

static bool gains_rights(const char *path, const struct stat *st)
{
	struct statvfs fs;

	if (statvfs(path, &fs) == 0 && (fs.f_flag & ST_NOSUID))
		return false;
	return (st->st_uid == 0 && (st->st_mode & S_ISUID)) ||
	       getxattr(path, "security.capability", NULL, 0) > 0;
}

static bool helper_works(const char *name, uid_t uid, struct subids *s)
{
	char path[HELPER_PATH];
	struct stat st;

	if (!find_helper(name, path, &st)) {
		snprintf(s->why, sizeof(s->why),
			"'%s' is missing: install the package 'uidmap' (or 'shadow')",
			name);
		return false;
	}
	if (uid == 0 || gains_rights(path, &st)) /* root needs no more rights */
		return true;
	snprintf(s->why, sizeof(s->why),
		"'%s' has neither the setuid bit nor file capabilities (or lies on a "
		"nosuid mount): reinstall the package 'uidmap'",
		path);
	return false;
}

/* One of the two kinds of subordinate ids. */
struct id_kind {
	const char *path, *option;
	bool groups;
};

static bool range_found(const struct id_kind *k, const char *name, uid_t uid,
	unsigned int *start, struct subids *s)
{
	bool elsewhere = nss_has_subids();

	if (elsewhere ? nss_subids(name, k->groups, USERNS_IDS, start)
		      : find_range(k->path, name, uid, start))
		return true;
	if (elsewhere)
		snprintf(s->why, sizeof(s->why),
			"no range of %u ids for '%.32s' (%u) from what nsswitch.conf "
			"names as 'subid' ('getsubids %s%.32s' shows them)",
			USERNS_IDS, name, (unsigned int)uid, k->groups ? "-g " : "",
			name);
	else
		snprintf(s->why, sizeof(s->why),
			"no range of %u ids for '%.32s' (%u) in %s: 'usermod %s "
			"100000-165535 %.32s' as root gives one",
			USERNS_IDS, name, (unsigned int)uid, k->path, k->option, name);
	return false;
}

void subids_find(uid_t uid, struct subids *out)
{
	static const struct id_kind users = { "/etc/subuid", "--add-subuids", false };
	static const struct id_kind groups = { "/etc/subgid", "--add-subgids", true };
	char name[LOGIN_MAX];
	struct subids s = { .full = false };

	login_name(uid, name);
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && uid != 0)
		snprintf(s.why, sizeof(s.why),
			"this process may not gain privileges (NoNewPrivs), so "
			"'newuidmap' cannot work: start it outside that service or "
			"sandbox");
	else
		s.full = range_found(&users, name, uid, &s.uid_start, &s) &&
			 range_found(&groups, name, uid, &s.gid_start, &s) &&
			 helper_works("newuidmap", uid, &s) &&
			 helper_works("newgidmap", uid, &s);
	*out = s;
}

bool userns_is_initial(void)
{
	static const char whole[] = "         0          0 4294967295\n";
	struct buf text auto_buf = BUF_INIT(4096);

	return !read_text("/proc/self/uid_map", &text) ||
	       strcmp(buf_str(&text), whole) == 0;
}

/* ---- writing the maps */

struct map_line {
	unsigned int inside, outside, count;
};

static size_t map_lines(enum userns_kind kind, unsigned int self, unsigned int sub,
	struct map_line line[USERNS_MAP_MAX])
{
	switch (kind) {
	case USERNS_CONTAINER:
		line[0] = (struct map_line){ 0, sub, USERNS_IDS };
		return 1;
	case USERNS_STORE:
		line[0] = (struct map_line){ 0, sub, USERNS_IDS };
		line[1] = (struct map_line){ USERNS_IDS, self, 1 };
		return 2;
	case USERNS_HOLDER:
		line[0] = (struct map_line){ 0, self, 1 };
		line[1] = (struct map_line){ sub, sub, USERNS_IDS };
		return 2;
	}
	err_abort("unknown kind of user namespace");
}

struct helper {
	const char *name;
	unsigned int self, sub;
	char path[HELPER_PATH];
	pid_t pid;
	int says_fd; /* its stderr */
};

static int helper_start(
	struct helper *h, pid_t target, enum userns_kind kind, struct err *e)
{
	struct map_line line[USERNS_MAP_MAX];
	size_t count = map_lines(kind, h->self, h->sub, line), n = 0;
	char text[1 + 3 * USERNS_MAP_MAX][16];
	const char *argv[3 + 3 * USERNS_MAP_MAX];
	struct spawn s = SPAWN_INIT;
	struct stat st;
	int fds[2], rc;

	if (!find_helper(h->name, h->path, &st))
		return err_set(e, ERR_NOTFOUND,
			"cannot run '%s': install the package 'uidmap'", h->name);
	snprintf(text[n++], sizeof(text[0]), "%ld", (long)target);
	for (size_t i = 0; i < count; i++) {
		snprintf(text[n++], sizeof(text[0]), "%u", line[i].inside);
		snprintf(text[n++], sizeof(text[0]), "%u", line[i].outside);
		snprintf(text[n++], sizeof(text[0]), "%u", line[i].count);
	}
	argv[0] = h->path;
	for (size_t i = 0; i < n; i++)
		argv[i + 1] = text[i];
	argv[n + 1] = NULL;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	s.argv = argv;
	s.stderr_fd = fds[1];
	rc = spawn_start(&s, &h->pid, e);
	close(fds[1]);
	if (rc < 0)
		close(fds[0]);
	else
		h->says_fd = fds[0];
	return rc;
}

static int helper_end(struct helper *h, struct err *e)
{
	char says[HELPER_SAYS];
	ssize_t len;
	int status = 0, rc;

	/* What it prints fits the pipe, so it may be read after the end. */
	do
		rc = spawn_wait(h->pid, &status, e);
	while (rc < 0 && e->code == ERR_INTERRUPTED);
	len = rc == 0 && status != 0 ? read(h->says_fd, says, sizeof(says) - 1) : 0;
	close(h->says_fd);
	if (rc < 0 || status == 0)
		return rc;
	says[len > 0 ? len : 0] = '\0';
	says[strcspn(says, "\n")] = '\0';
	return err_set(e, ERR_SYS, "'%s' exited with status %d%s%s", h->path, status,
		*says ? ": " : "", says);
}

/* Both at once: each costs about a millisecond. */
static int map_by_helpers(
	pid_t pid, enum userns_kind kind, const struct subids *ids, struct err *e)
{
	struct helper u = {
		.name = "newuidmap", .self = getuid(), .sub = ids->uid_start
	};
	struct helper g = {
		.name = "newgidmap", .self = getgid(), .sub = ids->gid_start
	};
	struct err ignored;
	int rc;

	if (helper_start(&u, pid, kind, e) < 0)
		return -1;
	if (helper_start(&g, pid, kind, e) < 0) {
		(void)!helper_end(&u, &ignored);
		return -1;
	}
	rc = helper_end(&u, e);
	if (helper_end(&g, rc < 0 ? &ignored : e) < 0)
		rc = -1;
	return rc;
}

static int write_proc(pid_t pid, const char *name, const char *text, struct err *e)
{
	char path[64];
	int fd auto_fd = -1;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return err_sys(e, "cannot write '%s' to '%s'", text, path);
	return 0;
}

/* The order is the kernel's: without setgroups=deny it takes no gid map from a user. */
static int map_single(pid_t pid, struct err *e)
{
	char uid_line[32], gid_line[32];

	snprintf(uid_line, sizeof(uid_line), "0 %u 1", (unsigned int)geteuid());
	snprintf(gid_line, sizeof(gid_line), "0 %u 1", (unsigned int)getegid());
	if (write_proc(pid, "setgroups", "deny", e) < 0 ||
		write_proc(pid, "gid_map", gid_line, e) < 0)
		return -1;
	return write_proc(pid, "uid_map", uid_line, e);
}

int userns_write_maps(
	pid_t pid, enum userns_kind kind, const struct subids *ids, struct err *e)
{
	int rc = ids->full ? map_by_helpers(pid, kind, ids, e) : map_single(pid, e);

	if (rc < 0)
		return err_wrap(e, "cannot map the ids of a user namespace");
	return 0;
}

/* ---- a child that is id 0 of its own namespace */

/* The child says how far it came (errno, 0 for well); the parent answers one byte. */
static bool tell(int fd, int error)
{
	return send(fd, &error, sizeof(error), MSG_NOSIGNAL) == (ssize_t)sizeof(error);
}

static bool hear(int fd, int *error)
{
	ssize_t n;

	do
		n = recv(fd, error, sizeof(*error), 0);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*error);
}

static int become_root(bool full)
{
	if (full && setgroups(0, NULL) < 0)
		return errno;
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return errno;
	/* The change of ids has forgotten it. */
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? errno : 0;
}

struct entry {
	int extra_flags;
	bool full;
	int (*fn)(void *ctx);
	void *ctx;
};

__attribute__((noreturn)) static void child(const struct entry *n, pid_t parent, int fd)
{
	int error = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	if (unshare(CLONE_NEWUSER | n->extra_flags) < 0)
		error = errno;
	if (!tell(fd, error) || error != 0 || !hear(fd, &error))
		_exit(127);
	error = become_root(n->full);
	if (!tell(fd, error) || error != 0)
		_exit(127);
	close(fd);
	_exit(n->fn(n->ctx));
}

static int unshare_failed(int error, struct err *e)
{
	errno = error;
	err_sys(e, "cannot make a user namespace");
	if (error == ENOSPC)
		return err_set(e, ERR_SYS,
			"cannot make a user namespace: look at the sysctl "
			"user.max_user_namespaces");
	if (error == EPERM || error == EACCES)
		return err_set(e, ERR_SYS,
			"cannot make a user namespace: forbidden here: look at the "
			"sysctls kernel.unprivileged_userns_clone and "
			"kernel.apparmor_restrict_unprivileged_userns");
	return -1;
}

/* The parent's half of the talk. */
static int lead_in(
	pid_t pid, int fd, enum userns_kind kind, const struct subids *ids, struct err *e)
{
	int error;

	if (!hear(fd, &error))
		return err_set(e, ERR_SYS, "cannot make a user namespace: child ended");
	if (error != 0)
		return unshare_failed(error, e);
	if (userns_write_maps(pid, kind, ids, e) < 0)
		return -1;
	if (!tell(fd, 0) || !hear(fd, &error))
		return err_set(
			e, ERR_SYS, "cannot enter the user namespace: child ended");
	if (error == 0)
		return 0;
	errno = error;
	return err_sys(e, "cannot become id 0 of the user namespace");
}

pid_t userns_fork(enum userns_kind kind, int extra_flags, const struct subids *ids,
	int (*fn)(void *ctx), void *ctx, struct err *e)
{
	const struct entry n = { extra_flags, ids->full, fn, ctx };
	pid_t parent = getpid(), pid;
	int fds[2], rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_sys(e, "cannot make a socket pair");
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		child(&n, parent, fds[1]);
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return err_sys(e, "cannot start a process");
	}
	rc = lead_in(pid, fds[0], kind, ids, e);
	close(fds[0]);
	if (rc == 0)
		return pid;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return -1;
}
