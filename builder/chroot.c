#include "builder/chroot.h"

#include "builder/nosync.h"

#include "lib/base/fs.h"
#include "lib/base/spawn.h"
#include "lib/base/userns.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define HOSTNAME "rootyard"
#define CAP_LAST 63

/* What package scripts need. Left out above all: SYS_ADMIN and MKNOD (mounts, devices),
 * DAC_READ_SEARCH (opens the host's files by handle), SYS_MODULE, SYS_PTRACE, NET_ADMIN.
 */
static const int kept_caps[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID,
	CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP, CAP_SETFCAP, CAP_NET_BIND_SERVICE,
	CAP_SYS_CHROOT, CAP_AUDIT_WRITE };

struct entering {
	const struct chroot *c;
	unsigned int flags;
};

/* ---- in the child: between fork and exec */

static bool is_kept(int cap)
{
	for (size_t i = 0; i < ARRAY_COUNT(kept_caps); i++)
		if (kept_caps[i] == cap)
			return true;
	return false;
}

static int drop_caps(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	for (int cap = 0; cap <= CAP_LAST; cap++) {
		if (!is_kept(cap)) {
			if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
				return errno;
			continue;
		}
		data[cap / 32].permitted |= 1U << (cap % 32);
		data[cap / 32].effective |= 1U << (cap % 32);
	}
	return syscall(SYS_capset, &head, data) < 0 ? errno : 0;
}

/* Keeps only keep_fd open and passes the command's status on; the kernel ends what is left. */
__attribute__((noreturn)) static void wait_as_init(pid_t child, int keep_fd)
{
	int status, code = 127;
	pid_t got;

	if (keep_fd > 0)
		syscall(SYS_close_range, 0U, (unsigned int)keep_fd - 1, 0U);
	syscall(SYS_close_range, (unsigned int)(keep_fd + 1), ~0U, 0U);
	while ((got = wait(&status)) >= 0 || errno == EINTR) {
		if (got != child)
			continue;
		code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		break;
	}
	_exit(code);
}

/* Forks; the parent only waits. In the child 0 comes back. */
static int fork_and_wait(int keep_fd)
{
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (pid > 0)
		wait_as_init(pid, keep_fd);
	return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? errno : 0;
}

static int raise_loopback(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0 ? errno : 0;
}

/* ---- a user namespace in which every id is itself */

static int write_map(pid_t pid, const char *file)
{
	static const char all[] = "0 0 4294967295\n";
	char path[64];
	auto_fd int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, all, strlen(all)) < 0 ? errno : 0;
}

/* Its maps are written by one who stays outside. */
static int own_ids(void)
{
	pid_t self = getpid(), helper;
	int ready[2], status = 0, error;
	char word;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return errno;
	helper = fork();
	if (helper == 0) {
		close(ready[1]);
		error = read(ready[0], &word, 1) < 0 ? errno : write_map(self, "uid_map");
		_exit(error ? error : write_map(self, "gid_map"));
	}
	close(ready[0]);
	error = helper < 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ? errno : 0;
	close(ready[1]);
	if (helper > 0 && waitpid(helper, &status, 0) < 0)
		return errno;
	if (error == 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
		error = WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
	return error;
}

static int limit_rights(unsigned int flags)
{
	if (!(flags & CHROOT_MOUNTS))
		return drop_caps();
	/* Elsewhere the build has a user namespace already. */
	return userns_is_initial() ? own_ids() : 0;
}

static int enter(void *ctx)
{
	const struct entering *in = ctx;
	bool network = in->flags & CHROOT_NETWORK;
	int spaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
	int error, net_fd = -1;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
		unshare(network ? spaces : spaces | CLONE_NEWNET) < 0)
		return errno;
	error = fork_and_wait(-1); /* the first process of the pid namespace */
	if (error == 0 && !network)
		error = raise_loopback();
	if (error == 0)
		error = chrootfs_enter(in->c, network, &net_fd);
	if (error == 0)
		error = fork_and_wait(net_fd);
	if (error)
		return error;
	umask(022);
	if (in->flags & CHROOT_NO_SYNC && (error = nosync_enter()) != 0)
		return error;
	if (setsid() < 0 || sethostname(HOSTNAME, sizeof(HOSTNAME) - 1) < 0)
		return errno;
	error = limit_rights(in->flags);
	return error || prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 ? error : errno;
}

/* ---- in the builder */

static int open_null(struct err *e)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "cannot open '/dev/null'") : fd;
}

int chroot_run(const struct chroot *c, const char *const *argv, int keep_fd,
	unsigned int flags, struct err *e)
{
	struct entering in = { .c = c, .flags = flags };
	auto_fd int null_fd = open_null(e);
	struct spawn s = SPAWN_INIT;

	if (null_fd < 0)
		return -1;
	s.argv = argv;
	s.env = c->env;
	s.stdin_fd = null_fd;
	s.stdout_fd = s.stderr_fd = c->log_fd;
	s.keep_fds = &keep_fd;
	s.keep_count = keep_fd >= 0 ? 1 : 0;
	s.in_child = enter;
	s.ctx = &in;
	return spawn_run(&s, e);
}

int chroot_script(
	const struct chroot *c, const char *text, unsigned int flags, struct err *e)
{
	auto_fd int fd = memfd_create("action", 0);
	char path[64];
	const char *const argv[] = { path, NULL };

	if (fd < 0)
		return err_sys(e, "cannot make a memory file");
	if (fs_write_all(fd, text, strlen(text), e) < 0)
		return -1;
	if (fchmod(fd, 0700) < 0)
		return err_sys(e, "cannot make the action executable");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chroot_run(c, argv, fd, flags, e);
}
