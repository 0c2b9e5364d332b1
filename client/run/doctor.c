#include "client/run/doctor.h"

#include "client/run/cgroup.h"

#include "client/run/confine.h"
#include "client/run/holder.h"
#include "client/run/kernel.h"
#include "client/run/mount.h"
#include "client/run/plan.h"
#include "client/run/probe.h"
#include "client/run/scope.h"
#include "lib/base/fs.h"
#include "lib/base/nss.h"
#include "lib/base/sandbox.h"
#include "lib/base/spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#define SMALL_FILE_MAX (1U << 20)

static void said(struct finding *f, enum finding_level level, const char *mend,
	const char *fmt, ...) printf_like(4, 5);

static void said(struct finding *f, enum finding_level level, const char *mend,
	const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->what, sizeof(f->what), fmt, ap);
	va_end(ap);
	snprintf(f->mend, sizeof(f->mend), "%s", mend);
	f->level = level;
}

/* ---- kernel */

/* Called so that they refuse with anything but "no such call" and change nothing. */
static const char *missing_call(void)
{
	static const struct {
		const char *name;
		long number;
	} needed[] = { { "clone3", SYS_clone3 }, { "openat2", SYS_openat2 },
		{ "close_range", SYS_close_range }, { "fsopen", SYS_fsopen },
		{ "mount_setattr", SYS_mount_setattr } };

	for (size_t i = 0; i < ARRAY_COUNT(needed); i++)
		if (syscall(needed[i].number, -1L, 0L, -1L, 0L, 0L) < 0 &&
			errno == ENOSYS)
			return needed[i].name;
	return NULL;
}

static void examine_kernel(const struct examination *x, struct finding *f)
{
	static const char mend[] = "install Linux 5.12 or newer";
	const char *missing = missing_call();
	struct utsname name;

	(void)x;
	uname(&name);
	if (missing)
		said(f, FINDING_FAIL, mend, "Linux %.40s has no '%s'", name.release,
			missing);
	else if (!kernel_is_at_least(name.release, 5, 12))
		said(f, FINDING_FAIL, mend, "Linux %.40s is older than 5.12",
			name.release);
	else
		said(f, FINDING_OK, "", "Linux %.40s", name.release);
}

/* ---- namespaces */

static int try_proc(void *ctx, struct err *e)
{
	auto_fd int proc = mount_new("proc", NULL, MOUNT_CAREFUL, e);

	(void)ctx;
	return proc < 0 ? err_wrap(e, "parts of this host's own /proc are hidden") : 0;
}

/* All namespaces of a container, and a /proc in them. */
static int try_namespaces(void *ctx, struct err *e)
{
	(void)ctx;
	if (holder_enter_single(e) < 0)
		return -1;
	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
		    CLONE_NEWCGROUP | CLONE_NEWNET) < 0)
		return err_sys(e, "cannot make all other namespaces");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, "cannot mount in a user namespace");
	return probe_in_child(try_proc, NULL, e); /* in the new pid namespace */
}

static void examine_namespaces(const struct examination *x, struct finding *f)
{
	const char *mend = "";
	struct err e;

	(void)x;
	if (probe_in_child(try_namespaces, NULL, &e) == 0) {
		said(f, FINDING_OK, "",
			"user, mount, pid, ipc, uts, cgroup and net can be made");
		return;
	}
	holder_refusal(e.sys, &mend);
	said(f, FINDING_FAIL, mend, "%.500s", e.text);
}

/* ---- subordinate ids */

static void name_of_file(uid_t uid, char out[64])
{
	auto_buf struct buf text = BUF_INIT(SMALL_FILE_MAX);
	auto_fd int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	char want[32];
	struct err e;

	*out = '\0';
	snprintf(want, sizeof(want), ":%u:", (unsigned int)uid);
	if (fd < 0 || fs_read_fd(fd, "/etc/passwd", &text, &e) < 0)
		return;
	for (const char *line = buf_str(&text); line && *line;) {
		const char *second = strchr(line, ':');
		const char *third = second ? strchr(second + 1, ':') : NULL;

		if (third && strncmp(third, want, strlen(want)) == 0) {
			snprintf(out, 64, "%.*s", (int)(second - line), line);
			return;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
}

static void own_name(uid_t uid, char out[64])
{
	name_of_file(uid, out);
	if (!*out && !nss_login_name(uid, out, 64))
		*out = '\0';
}

static int nothing_to_do(void *ctx)
{
	(void)ctx;
	return 0;
}

static int try_map(void *ctx, struct err *e)
{
	int status;
	pid_t pid = userns_fork(USERNS_HOLDER, 0, ctx, nothing_to_do, NULL, e);

	return pid < 0 ? -1 : spawn_wait(pid, &status, e);
}

static void examine_helpers(const struct examination *x, struct finding *f)
{
	struct subids ids = x->ids;
	struct err e;

	if (!ids.full)
		said(f, FINDING_WARN,
			"install the package uidmap and give the user a range (see "
			"subordinate-ids)",
			"containers get one id only: %s", ids.why);
	else if (probe_in_child(try_map, &ids, &e) < 0)
		said(f, FINDING_FAIL, "reinstall the package uidmap", "%.500s", e.text);
	else
		said(f, FINDING_OK, "", "newuidmap and newgidmap map 65,536 ids");
}

static void examine_ranges(const struct examination *x, struct finding *f)
{
	static const char *const files[] = { "/etc/subuid", "/etc/subgid" };
	const unsigned int starts[] = { x->ids.uid_start, x->ids.gid_start };
	char name[64], line[64];
	struct err e;

	own_name(getuid(), name);
	if (!x->ids.full) {
		said(f, FINDING_WARN, "", "%s", x->ids.why);
		snprintf(f->mend, sizeof(f->mend),
			"usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "
			"%s",
			name);
		return;
	}
	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		auto_buf struct buf text = BUF_INIT(SMALL_FILE_MAX);
		auto_fd int fd = open(files[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0 || fs_read_fd(fd, files[i], &text, &e) < 0)
			continue; /* the range was found elsewhere */
		if (!subids_overlap(buf_bytes(&text), name, getuid(), starts[i], line))
			continue;
		said(f, FINDING_WARN, "",
			"%s gives some of your ids to another too: '%s'", files[i], line);
		snprintf(f->mend, sizeof(f->mend),
			"edit %s so that no two ranges overlap", files[i]);
		return;
	}
	said(f, FINDING_OK, "", "uids from %u and gids from %u, 65,536 of each",
		x->ids.uid_start, x->ids.gid_start);
}

/* ---- places and overlay */

static void examine_places(const struct examination *x, struct finding *f)
{
	if (x->data_fd < 0)
		said(f, FINDING_FAIL, "do what the sentence says", "%s", x->place_error);
	else
		said(f, FINDING_OK, "",
			"your own and closed to others (so may your home be)");
}

struct overlay_try {
	const struct examination *x;
	char name[64]; /* beneath the data place */
};

static int open_part(const struct overlay_try *t, const char *part, struct err *e)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", t->name, part);
	if (mkdirat(t->x->data_fd, path, 0755) < 0)
		return err_sys(e, "cannot make '%s'", path);
	fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "cannot open '%s'", path) : fd;
}

static int try_overlay(void *ctx, struct err *e)
{
	static const char *const parts[] = { "lower", "upper", "work" };
	char path[ARRAY_COUNT(parts)][32];
	const struct mount_option options[] = { { "lowerdir", path[0] },
		{ "upperdir", path[1] }, { "workdir", path[2] }, { "userxattr", NULL },
		{ NULL, NULL } };
	auto_fd int overlay = -1, file = -1;
	struct overlay_try *t = ctx;

	if (fchdir(t->x->data_fd) < 0)
		return err_sys(e, "cannot enter the data place");
	if (holder_enter_single(e) < 0)
		return -1;
	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, "cannot make a mount namespace");
	for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
		int fd = open_part(t, parts[i], e);

		if (fd < 0)
			return -1;
		snprintf(path[i], sizeof(path[i]), "/proc/self/fd/%d", fd);
	}
	overlay = mount_new("overlay", options, 0, e);
	if (overlay < 0)
		return -1;
	file = openat(overlay, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return file < 0 ? err_sys(e, "cannot write in an overlay") : 0;
}

static void examine_overlay(const struct examination *x, struct finding *f)
{
	static const char mend[] = "put XDG_DATA_HOME on ext4, xfs, btrfs or tmpfs "
				   "(Linux 6.6), and as root: "
				   "modprobe overlay";
	struct overlay_try t = { .x = x };
	struct err e, removing;
	int rc;

	if (x->data_fd < 0) {
		said(f, FINDING_WARN, "", "not tried: there is no data place");
		return;
	}
	rc = fs_mkdtemp_at(x->data_fd, "doctor", t.name, sizeof(t.name), &e);
	if (rc == 0) {
		rc = probe_in_child(try_overlay, &t, &e);
		(void)!fs_remove_tree(x->data_fd, t.name, &removing);
	}
	if (rc < 0)
		said(f, FINDING_FAIL, mend, "%.500s", e.text);
	else
		said(f, FINDING_OK, "",
			"a user may lay an overlay over directories of the data place");
}

/* ---- what limits and connects */

#define MANAGER_MEND                                                                     \
	"mkdir -p /etc/systemd/system/user@.service.d && printf "                        \
	"'[Service]\\nDelegate=cpu cpuset io memory pids\\n' "                           \
	">/etc/systemd/system/user@.service.d/delegate.conf && systemctl daemon-reload"

/* Makes one where a container's would be, and looks at what it could limit. Returns with
 * ERR_LIMIT when something is missing. */
static int try_cgroup(void *ctx, struct err *e)
{
	static const char *const wanted[] = { "memory", "pids", "cpu", "io" };
	struct cgroup made = CGROUP_INIT;
	char path[CGROUP_PATH_MAX], name[24], missing[64] = "";
	struct err scope;

	(void)ctx;
	snprintf(name, sizeof(name), "doctor-%d", (int)getpid());
	if (cgroup_place(name, path, e) < 0) {
		if (scope_enter("doctor", &scope) < 0) {
			if (scope.code != ERR_NOTFOUND)
				*e = scope;
			return -1;
		}
		if (cgroup_place(name, path, e) < 0)
			return -1;
	}
	if (cgroup_make(path, &made, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(wanted); i++)
		if (!cgroup_can(made.fd, wanted[i]))
			snprintf(missing + strlen(missing),
				sizeof(missing) - strlen(missing), "%s%s",
				*missing ? ", " : "", wanted[i]);
	cgroup_remove(path);
	close(made.fd);
	return *missing ? err_set(e, ERR_LIMIT, "%s", missing) : 0;
}

static void examine_cgroup(const struct examination *x, struct finding *f)
{
	static const char none[] = "log in through systemd's user manager (loginctl "
				   "enable-linger), or have root give you a cgroup";
	struct err e;

	(void)x;
	if (probe_in_child(try_cgroup, NULL, &e) == 0)
		said(f, FINDING_OK, "",
			"a cgroup of yours can limit memory, pids, cpu and io");
	else if (e.code == ERR_LIMIT)
		said(f, FINDING_WARN, MANAGER_MEND,
			"a cgroup of yours cannot limit %.64s: such limits are refused",
			e.text);
	else
		said(f, FINDING_WARN, none,
			"%.400s: limits but --pids are refused, and systemd does not "
			"come up in a container",
			e.text);
}

static void examine_tun(const struct examination *x, struct finding *f)
{
	auto_fd int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	(void)x;
	if (fd >= 0)
		said(f, FINDING_OK, "", "'/dev/net/tun' can be opened");
	else
		said(f, FINDING_WARN, "modprobe tun && chmod 0666 /dev/net/tun",
			"'/dev/net/tun': %s: no network but none and host",
			strerror(errno));
}

static void examine_network(const struct examination *x, struct finding *f)
{
	(void)x;
	if (access("/usr/bin/pasta", X_OK) == 0)
		said(f, FINDING_OK, "", "'/usr/bin/pasta' connects '--net user'");
	else if (access("/usr/bin/slirp4netns", X_OK) == 0)
		said(f, FINDING_WARN, "apt-get install passt",
			"'--net user' works through slirp4netns, '--publish' does not");
	else
		said(f, FINDING_WARN, "apt-get install passt",
			"neither pasta nor slirp4netns is here: no '--net user'");
}

static void examine_fuse(const struct examination *x, struct finding *f)
{
	auto_fd int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	(void)x;
	if (fd >= 0)
		said(f, FINDING_OK, "",
			"'/dev/fuse' can be given to a container: --device /dev/fuse");
	else
		said(f, FINDING_WARN, "modprobe fuse && chmod 0666 /dev/fuse",
			"'/dev/fuse': %s: no FUSE file systems in containers",
			strerror(errno));
}

static int try_filter(void *ctx, struct err *e)
{
	(void)ctx;
	if (sandbox_no_new_privs(e) < 0)
		return -1;
	return confine_filter(PLAN_FULL_MAP, e);
}

static void examine_seccomp(const struct examination *x, struct finding *f)
{
	struct err e;

	(void)x;
	if (probe_in_child(try_filter, NULL, &e) == 0)
		said(f, FINDING_OK, "", "system call filters can be loaded");
	else
		said(f, FINDING_FAIL,
			"use a kernel with CONFIG_SECCOMP_FILTER, outside of any sandbox",
			"%.500s", e.text);
}

static void examine_image_half(const struct examination *x, struct finding *f)
{
	static const char path[] = LIBEXECDIR "/rootyard-image";

	(void)x;
	if (access(path, X_OK) == 0)
		said(f, FINDING_OK, "", "'%s' is here", path);
	else
		said(f, FINDING_WARN, "install rootyard again",
			"'%s': %s: nothing can be pulled", path, strerror(errno));
}

const struct doctor_check doctor_checks[] = {
	{ "kernel", examine_kernel },
	{ "namespaces", examine_namespaces },
	{ "subordinate-ids", examine_ranges },
	{ "newuidmap", examine_helpers },
	{ "places", examine_places },
	{ "overlay", examine_overlay },
	{ "seccomp", examine_seccomp },
	{ "cgroup", examine_cgroup },
	{ "tun", examine_tun },
	{ "network-helper", examine_network },
	{ "fuse", examine_fuse },
	{ "rootyard-image", examine_image_half },
};

const size_t doctor_check_count = ARRAY_COUNT(doctor_checks);
