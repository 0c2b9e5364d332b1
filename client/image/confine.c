#include "client/image/confine.h"

#include "client/image/report.h"
#include "lib/base/fs.h"
#include "lib/base/sandbox.h"
#include "seccomp.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define CPU_MAX_S    3600
#define OPEN_MAX_FDS 256

/* Owners, modes and times of files of mapped ids, and file capabilities: what a tree of
 * other people's files needs to be written. */
#define CAPS_KEPT                                                                        \
	(1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER |                   \
		1U << CAP_FSETID | 1U << CAP_SETFCAP)

/* ---- in the child */

static int silence(struct err *e)
{
	auto_fd int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < 3 && fd >= 0; i++)
		if (dup2(fd, i) < 0)
			return err_sys(e, "cannot open '/dev/null'");
	return fd < 0 ? err_sys(e, "cannot open '/dev/null'") : 0;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* from..to, also where the kernel has no close_range (before 5.9). */
static void close_between(unsigned int from, unsigned int to)
{
	long most = sysconf(_SC_OPEN_MAX);

	if (from > to || syscall(SYS_close_range, from, to, 0) == 0)
		return;
	for (unsigned int fd = from; fd <= to && (long)fd < most; fd++)
		close((int)fd);
}

static void close_others(const struct confine *c)
{
	int keep[CONFINE_FDS + 1];
	unsigned int from = 3;

	memcpy(keep, c->fd, sizeof(c->fd));
	keep[CONFINE_FDS] = c->root_fd;
	qsort(keep, ARRAY_COUNT(keep), sizeof(keep[0]), by_number);
	for (size_t i = 0; i < ARRAY_COUNT(keep); i++) {
		if (keep[i] < (int)from)
			continue;
		if (keep[i] > (int)from)
			close_between(from, (unsigned int)keep[i] - 1);
		from = (unsigned int)keep[i] + 1;
	}
	close_between(from, ~0U);
}

/* Address space in use now: the limit is what may come on top. */
static uint64_t memory_now(void)
{
	auto_fd int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char text[64];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int set_limits(const struct confine *c, struct err *e)
{
	uint64_t now = memory_now();
	const struct {
		int which;
		rlim_t value;
	} limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_CPU, CPU_MAX_S },
		{ RLIMIT_NOFILE, OPEN_MAX_FDS },
		{ RLIMIT_FSIZE, c->file_max },
		{ RLIMIT_AS, now ? now + c->memory_max : RLIM_INFINITY },
	};

	for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
		struct rlimit r = { limits[i].value, limits[i].value };
		struct rlimit is;

		if (getrlimit((__rlimit_resource_t)limits[i].which, &is) == 0 &&
			is.rlim_max != RLIM_INFINITY && r.rlim_max > is.rlim_max)
			r.rlim_cur = r.rlim_max = is.rlim_max;
		if (setrlimit((__rlimit_resource_t)limits[i].which, &r) < 0)
			return err_sys(e, "cannot set a limit");
	}
	return 0;
}

static int enter_root(int root_fd, struct err *e)
{
	if (fchdir(root_fd) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return err_sys(e, "cannot make the new tree the root");
	return 0;
}

static int cut_capabilities(struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if ((cap > 31 || !(CAPS_KEPT & 1U << cap)) &&
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return err_sys(e, "cannot drop capability %d", cap);
	data[0].effective = data[0].permitted = CAPS_KEPT;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
		syscall(SYS_capset, &head, data) < 0)
		return err_sys(e, "cannot drop capabilities");
	return 0;
}

int confine_enter(const struct confine *c, struct err *e)
{
	umask(0);
	if (silence(e) < 0)
		return -1;
	close_others(c);
	if (set_limits(c, e) < 0 || enter_root(c->root_fd, e) < 0 ||
		cut_capabilities(e) < 0 || sandbox_no_new_privs(e) < 0 ||
		sandbox_seccomp(seccomp_unpack, ARRAY_COUNT(seccomp_unpack), e) < 0)
		return err_wrap(e, "cannot confine the unpacker");
	return 0;
}

/* ---- in the parent */

struct start {
	int (*fn)(void *ctx, int report_fd, struct err *e);
	void *ctx;
	int report_fd;
};

static int run_child(void *ctx)
{
	const struct start *s = ctx;
	struct err e, ignored;

	memset(&e, 0, sizeof(e));
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (s->fn(s->ctx, s->report_fd, &e) == 0)
		return 0;
	(void)!report_send(s->report_fd, REPORT_FAIL, &e, sizeof(e), &ignored);
	return 1;
}

int confined_start(const struct subids *ids,
	int (*fn)(void *ctx, int report_fd, struct err *e), void *ctx,
	struct confined *out, struct err *e)
{
	int fds[2];
	struct start s = { .fn = fn, .ctx = ctx };
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	s.report_fd = fds[1];
	pid = userns_fork(USERNS_STORE,
		CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS, ids, run_child,
		&s, e);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return -1;
	}
	out->pid = pid;
	out->report_fd = fds[0];
	return 0;
}

int confined_end(struct confined *c, struct err *e)
{
	int status;
	pid_t got;

	close(c->report_fd);
	c->report_fd = -1;
	do
		got = waitpid(c->pid, &status, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(e, "cannot wait for the unpacker");
	if (WIFSIGNALED(status))
		return err_set(e, ERR_FAILED, "the unpacker was ended by signal %d (%s)",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) != 0)
		return err_set(e, ERR_FAILED, "the unpacker ended with status %d",
			WEXITSTATUS(status));
	return 0;
}

/* Work on files of mapped ids that needs no archive: its own error or none. */
static int run_confined(const struct subids *ids,
	int (*fn)(void *ctx, int report_fd, struct err *e), void *ctx, struct err *e)
{
	auto_buf struct buf payload = BUF_INIT(REPORT_MAX);
	struct confined child;
	enum report_kind kind;
	struct err said, ended;
	int heard;

	if (confined_start(ids, fn, ctx, &child, e) < 0)
		return -1;
	heard = report_next(child.report_fd, &kind, &payload, &said);
	if (heard == 1)
		(void)!report_error(buf_bytes(&payload), &said);
	if (confined_end(&child, &ended) == 0)
		return 0;
	*e = heard == 0 ? ended : said;
	return -1;
}

/* ---- trees of mapped ids
 *
 * The child has rights over a directory only when owner and group of it are both mapped,
 * which those of the directory above need not be. So the child works in what is beneath
 * the tree, by descriptor, and the caller in the directory above it. */

static int empty_tree(void *ctx, int report_fd, struct err *e)
{
	auto_fd int fd =
		openat(*(const int *)ctx, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_names struct fs_names names = { 0 };

	(void)report_fd;
	if (fd < 0)
		return err_sys(e, "cannot open it");
	if (fs_list_dir(fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (fs_remove_tree(fd, names.name[i], e) < 0)
			return -1;
	return 0;
}

struct renaming {
	int dir_fd;
	const char *from, *to; /* to NULL: remove */
};

static int rename_as_owner(void *ctx, int report_fd, struct err *e)
{
	const struct renaming *r = ctx;

	(void)report_fd;
	if (!r->to && unlinkat(r->dir_fd, r->from, AT_REMOVEDIR) < 0)
		return err_sys(e, "cannot remove '%s'", r->from);
	if (r->to && renameat(r->dir_fd, r->from, r->dir_fd, r->to) < 0)
		return err_sys(e, "cannot rename '%s' to '%s'", r->from, r->to);
	return 0;
}

/* In a sticky directory only the owner of an entry may do it, who is a mapped id; in any
 * other the caller may, and perhaps only he. */
static int change_entry(struct renaming *r, const struct subids *ids, struct err *e)
{
	struct err ignored;

	if (rename_as_owner(r, -1, e) == 0)
		return 0;
	if (e->sys != EPERM && e->sys != EACCES)
		return -1;
	return run_confined(ids, rename_as_owner, r, &ignored);
}

int confined_remove(int dir_fd, const char *name, const struct subids *ids, struct err *e)
{
	auto_fd int fd =
		openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct renaming r = { .dir_fd = dir_fd, .from = name };

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(e, "cannot open '%s'", name);
	if (run_confined(ids, empty_tree, &fd, e) < 0)
		return err_wrap(e, "cannot remove '%s'", name);
	return change_entry(&r, ids, e);
}

int confined_rename(int dir_fd, const char *from, const char *to,
	const struct subids *ids, struct err *e)
{
	struct renaming r = { .dir_fd = dir_fd, .from = from, .to = to };

	if (change_entry(&r, ids, e) < 0)
		return -1;
	return fs_sync_dir_at(dir_fd, ".", e);
}

int confined_adopt(int fd, struct err *e)
{
	if (fchown(fd, (uid_t)-1, getegid()) < 0)
		return err_sys(e, "cannot give a new directory your group");
	return 0;
}
