#include "builder/testhost.h"

#include "lib/base/fs.h"
#include "lib/base/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#define COMMAND_S    600
#define ROOTYARD     BINDIR "/rootyard"
#define PREFIX       "rootyard-test"
#define ARCHIVE      "rootfs.tar.zst"
#define META         "meta.tar.xz"
#define CGROUPS      "/sys/fs/cgroup"
#define ARGS_MAX     16
#define OUTPUT_MAX   (64U << 10)
#define CGROUP_TRIES 300 /* of 10 ms */

/* ---- signals wait while a container may be running */

static void watched(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

bool testhost_interrupted(struct err *e)
{
	const struct timespec now = { 0 };
	sigset_t set;
	int number;

	watched(&set);
	number = sigtimedwait(&set, NULL, &now);
	if (number < 0)
		return false;
	err_set(e, ERR_INTERRUPTED, "interrupted by signal %d: nothing is kept", number);
	return true;
}

/* ---- as the ordinary user */

static int become_user(void *ctx)
{
	const struct testhost *h = ctx;

	alarm(COMMAND_S); /* one that hangs must not hold the night */
	/* Into the delegated cgroup first, while it may. */
	if (h->cgroup_fd >= 0 && dprintf(h->cgroup_fd, "%d", (int)getpid()) < 0)
		return errno;
	if (geteuid() != 0)
		return 0;
	/* newuidmap and newgidmap gain rights of their own: no sandbox here. */
	return setgroups(0, NULL) < 0 || setresgid(h->gid, h->gid, h->gid) < 0 ||
			       setresuid(h->uid, h->uid, h->uid) < 0
		       ? errno
		       : 0;
}

static void log_command(const struct testhost *h, const char *const *argv,
	const struct buf *out, int status)
{
	dprintf(h->log_fd, "+ rootyard");
	for (size_t i = 1; argv[i]; i++)
		dprintf(h->log_fd, " %s", argv[i]);
	dprintf(h->log_fd, "\n%s[status %d]\n", buf_str(out), status);
}

int testhost_run(struct testhost *h, const char *const *args, struct buf *out,
	int *status, struct err *e)
{
	const char *argv[ARGS_MAX + 2] = { ROOTYARD };
	auto_free char *home = xasprintf("HOME=%s", h->path);
	auto_free char *runtime = xasprintf("XDG_RUNTIME_DIR=%s/run", h->path);
	const char *env[] = { home, runtime, "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"LC_ALL=C.UTF-8", NULL };
	struct spawn s = SPAWN_INIT;

	for (size_t i = 0; i < ARGS_MAX && args[i]; i++)
		argv[i + 1] = args[i];
	s.argv = argv;
	s.env = env;
	s.stderr_fd = h->log_fd;
	s.own_group = true;
	s.in_child = become_user;
	s.ctx = h;
	if (spawn_capture(&s, out, status, e) < 0)
		return -1;
	if (h->log_fd >= 0)
		log_command(h, argv, out, *status);
	return 0;
}

/* ---- the cgroup that a system wants for itself */

static char *cgroup_path(const struct testhost *h, const char *below)
{
	return xasprintf(CGROUPS "/%s%s", h->work.name, below);
}

static void give_cgroup(const struct testhost *h, const char *path)
{
	static const char *const files[] = { "", "/cgroup.procs",
		"/cgroup.subtree_control", "/cgroup.threads" };

	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		auto_free char *file = xasprintf("%s%s", path, files[i]);

		if (chown(file, h->uid, h->gid) < 0)
			continue; /* not in every kernel */
	}
}

/* Without one a container has the caller's. */
static void make_cgroup(struct testhost *h)
{
	auto_free char *top = cgroup_path(h, ""), *own = cgroup_path(h, "/shell");
	auto_free char *procs = cgroup_path(h, "/shell/cgroup.procs");

	if (geteuid() != 0 || access(CGROUPS "/cgroup.controllers", F_OK) < 0 ||
		mkdir(top, 0755) < 0 || mkdir(own, 0755) < 0)
		return;
	give_cgroup(h, top);
	give_cgroup(h, own);
	h->cgroup_fd = open(procs, O_WRONLY | O_CLOEXEC);
}

static bool is_gone(const char *dir)
{
	return rmdir(dir) == 0 || errno == ENOENT;
}

/* What looks after containers stays for a moment when they are gone; nobody else is
 * in it. */
static void remove_cgroup(const struct testhost *h)
{
	auto_free char *top = cgroup_path(h, ""), *own = cgroup_path(h, "/shell");
	auto_free char *kill = cgroup_path(h, "/cgroup.kill");
	const struct timespec pause = { .tv_nsec = 10 * 1000000L };
	auto_fd int fd = open(kill, O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		dprintf(fd, "1");
	for (int i = 0; i < CGROUP_TRIES && !(is_gone(own) && is_gone(top)); i++)
		nanosleep(&pause, NULL);
}

/* ---- ending what runs */

static void end_containers(struct testhost *h)
{
	static const char *const kill[] = { "stop", "--kill", TESTHOST_CONTAINER, NULL };
	static const char *const remove[] = { "rm", TESTHOST_CONTAINER, NULL };
	auto_buf struct buf out = BUF_INIT(OUTPUT_MAX);
	struct err ignored;
	int status;

	/* What cannot be ended now is told in the log, and tried again by the next. */
	if (testhost_run(h, kill, &out, &status, &ignored) < 0 ||
		testhost_run(h, remove, &out, &status, &ignored) < 0)
		status = -1;
	remove_cgroup(h);
}

static void end_abandoned(void *ctx, const char *name, int dir)
{
	struct testhost h = TESTHOST_INIT;
	struct stat st;

	if (fstatat(dir, "u", &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		return;
	h.uid = st.st_uid;
	h.gid = st.st_gid;
	h.path = xasprintf("%s/%s/u", (const char *)ctx, name);
	snprintf(h.work.name, sizeof(h.work.name), "%s", name);
	end_containers(&h);
	free(h.path);
}

void testhost_sweep(const char *base)
{
	auto_free char *path = xstrdup(base);
	struct err ignored;
	auto_fd int dir = fs_open_dir(base, &ignored);

	if (dir >= 0)
		workdir_sweep(dir, PREFIX, end_abandoned, path);
}

/* ---- its life */

static int find_user(struct testhost *h, const char *user, struct err *e)
{
	const struct passwd *pw;

	if (geteuid() != 0) {
		h->uid = geteuid();
		h->gid = getegid();
		return 0;
	}
	if (!user)
		return err_set(e, ERR_USAGE,
			"a boot test needs an ordinary user: name one who has "
			"subordinate ids with --test-user");
	pw = getpwnam(user);
	if (!pw || pw->pw_uid == 0)
		return err_set(
			e, ERR_USAGE, "--test-user: '%s' is no ordinary user", user);
	h->uid = pw->pw_uid;
	h->gid = pw->pw_gid;
	return 0;
}

/* The build's directory is not the user's: a second name of the file, else a copy. */
static int give_file(
	const struct testhost *h, int build_dir, const char *name, struct err *e)
{
	auto_fd int from = -1, to = -1;
	struct stat st;

	if (linkat(build_dir, name, h->dir, name, 0) == 0)
		return 0;
	from = openat(build_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0 || fstat(from, &st) < 0)
		return err_sys(e, "cannot open '%s'", name);
	to = openat(h->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (to < 0)
		return err_sys(e, "cannot copy '%s'", name);
	return fs_copy_fd(from, to, st.st_size, e);
}

static int make_home(struct testhost *h, int base_dir, struct err *e)
{
	if (workdir_make(base_dir, PREFIX, &h->work, e) < 0 ||
		fs_mkdirs(h->work.dir, "u/run", 0700, e) < 0)
		return -1;
	h->dir = fs_open_dir_at(h->work.dir, "u", e);
	if (h->dir < 0)
		return -1;
	if (fchmod(h->work.dir, 0755) < 0 ||
		fchownat(h->dir, "run", h->uid, h->gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		fchown(h->dir, h->uid, h->gid) < 0)
		return err_sys(e, "cannot give '%s' to its user", h->work.name);
	return 0;
}

static int open_all(struct testhost *h, const char *base, const char *user, int build_dir,
	struct err *e)
{
	auto_fd int base_dir = -1;

	if (access(ROOTYARD, X_OK) < 0)
		return err_sys(e, "cannot run '%s', which boots the image", ROOTYARD);
	if (find_user(h, user, e) < 0)
		return -1;
	testhost_sweep(base);
	base_dir = fs_open_dir(base, e);
	if (base_dir < 0 || make_home(h, base_dir, e) < 0 ||
		give_file(h, build_dir, ARCHIVE, e) < 0 ||
		give_file(h, build_dir, META, e) < 0)
		return -1;
	h->path = xasprintf("%s/%s/u", base, h->work.name);
	h->archive = xasprintf("%s/" ARCHIVE, h->path);
	h->meta = xasprintf("%s/" META, h->path);
	make_cgroup(h);
	return 0;
}

int testhost_open(struct testhost *h, const char *base, const char *user, int build_dir,
	int log_fd, struct err *e)
{
	sigset_t set;

	watched(&set);
	sigprocmask(SIG_BLOCK, &set, &h->before);
	h->holds_signals = true;
	h->log_fd = log_fd;
	if (open_all(h, base, user, build_dir, e) == 0)
		return 0;
	testhost_close(h);
	return -1;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void testhost_close(struct testhost *h)
{
	if (h->path)
		end_containers(h);
	close_fd(&h->dir);
	close_fd(&h->cgroup_fd);
	workdir_remove(&h->work);
	free(h->archive);
	free(h->meta);
	free(h->path);
	h->path = h->archive = h->meta = NULL;
	if (h->holds_signals)
		sigprocmask(SIG_SETMASK, &h->before, NULL);
	h->holds_signals = false;
}
