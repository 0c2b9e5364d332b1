/* probe-escape.c -- tries to reach, from inside a container, what is outside.
 *   probe-escape try app|system PID PORT DISK CANARY
 * Out     a line per attempt: "held NAME" or "ESCAPED NAME"; of what a profile may do
 *         nothing is said
 * Rules   each attempt is harmless where it succeeds: what it writes is what was there
 *         before, and what it makes it removes
 * Source  the system calls' manuals; CVE-2016-9962, CVE-2019-5736, CVE-2019-10063,
 *         CVE-2022-0492, CVE-2024-21626 */
#define _GNU_SOURCE
#include "probe-canary.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/fsuid.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t outside_pid;
static int outside_port;
static dev_t outside_disk;
static const char *canary; /* a file of the host */

/* ---- helpers */

static bool can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool can_read(const char *path)
{
	char text[64];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	return n > 0;
}

/* Was it the permission that was missing, or did it get further? */
static bool got_further(long rc)
{
	return rc >= 0 || (errno != EPERM && errno != EACCES && errno != ENOSYS);
}

static bool file_has(const char *path, const char *word)
{
	static char text[1 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	return n > 0 && memmem(text, (size_t)n, word, strlen(word));
}

static bool any_process(bool (*fn)(const char *dir))
{
	DIR *proc = opendir("/proc");
	struct dirent *d;
	bool found = false;

	while (proc && !found && (d = readdir(proc)))
		if (d->d_name[0] >= '0' && d->d_name[0] <= '9' &&
			atoi(d->d_name) != getpid()) {
			char dir[300];

			snprintf(dir, sizeof(dir), "/proc/%s", d->d_name);
			found = fn(dir);
		}
	if (proc)
		closedir(proc);
	return found;
}

/* In a child, because it cannot be undone. */
static bool in_child(bool (*fn)(void))
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn() ? 0 : 1);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool status_says(const char *key, const char *value)
{
	char line[200];
	FILE *f = fopen("/proc/self/status", "r");
	bool same = false;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			same = strstr(line, value) != NULL;
	if (f)
		fclose(f);
	return same;
}

/* ---- files of the kernel */

static const char *const not_written[] = { "/proc/sys/kernel/core_pattern",
	"/proc/sys/kernel/modprobe", "/proc/sys/kernel/randomize_va_space",
	"/proc/sys/vm/overcommit_memory", "/proc/sys/vm/drop_caches",
	"/proc/sys/fs/file-max", "/proc/sys/fs/binfmt_misc/register",
	"/proc/sysrq-trigger", "/proc/irq/default_smp_affinity", "/sys/kernel/profiling",
	"/sys/kernel/uevent_helper", "/dev/kmsg", "/dev/mem" };
static const char *const not_read[] = { "/proc/kcore", "/proc/keys", "/proc/interrupts",
	"/proc/timer_list", "/dev/kmsg" };

static bool lower_oom(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, "-1000", 5) == 5;

	if (done)
		(void)!write(fd, "0", 1);
	if (fd >= 0)
		close(fd);
	return done;
}

/* ---- processes */

static bool ptrace_outside(void)
{
	bool done = ptrace(PTRACE_SEIZE, outside_pid, 0, 0) == 0;

	if (done)
		ptrace(PTRACE_DETACH, outside_pid, 0, 0);
	return done;
}

static bool signal_outside(void)
{
	return kill(outside_pid, 0) == 0;
}

static bool pidfd_outside(void)
{
	return syscall(SYS_pidfd_open, outside_pid, 0) >= 0;
}

static bool read_memory_outside(void)
{
	char byte;
	struct iovec mine = { &byte, 1 }, theirs = { &canary, 1 };

	return process_vm_readv(outside_pid, &mine, 1, &theirs, 1, 0) == 1;
}

static bool has_canary(const char *dir)
{
	char path[4400];

	snprintf(path, sizeof(path), "%s/root%s", dir, canary);
	if (can_open(path, O_RDONLY))
		return true;
	snprintf(path, sizeof(path), "%s/cwd%s", dir, canary);
	return can_open(path, O_RDONLY);
}

static bool proc_root(void)
{
	return any_process(has_canary);
}

static bool has_environ(const char *dir)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/environ", dir);
	return file_has(path, "CANARY=");
}

static bool environ_of_others(void)
{
	return any_process(has_environ);
}

static bool environ_own(void)
{
	return getenv("CANARY") != NULL;
}

static bool init_executable(void)
{
	return can_open("/proc/1/exe", O_RDONLY);
}

static bool init_descriptors(void)
{
	return can_open("/proc/1/fd", O_RDONLY | O_DIRECTORY);
}

static bool init_memory(void)
{
	return can_open("/proc/1/mem", O_RDONLY);
}

static bool inherited(void)
{
	for (int fd = 3; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return true;
	return false;
}

static bool raise_priority(void)
{
	bool done = setpriority(PRIO_PROCESS, 0, -5) == 0;

	if (done)
		setpriority(PRIO_PROCESS, 0, 0);
	return done;
}

static bool realtime(void)
{
	struct sched_param p = { .sched_priority = 1 };

	return sched_setscheduler(0, SCHED_FIFO, &p) == 0;
}

/* ---- the root, mounts, devices */

static bool open_canary(void)
{
	return can_open(canary, O_RDONLY);
}

static bool climb_out(void)
{
	char dir[] = "/tmp/probe.XXXXXX";

	if (!mkdtemp(dir) || chroot(dir) < 0)
		return false;
	for (int i = 0; i < 64; i++)
		if (chdir("..") < 0)
			return false;
	return chroot(".") == 0 && open_canary();
}

static bool chroot_escape(void)
{
	return in_child(climb_out);
}

static bool old_root_mounted(void)
{
	char part[200];

	snprintf(part, sizeof(part), "%.60s", canary);
	if (strrchr(part + 1, '/'))
		*strrchr(part + 1, '/') = '\0';
	return file_has("/proc/self/mountinfo", part) || open_canary();
}

static bool by_handle(void)
{
	struct {
		struct file_handle head;
		unsigned char bytes[8];
	} guess = { .head = { .handle_bytes = 8, .handle_type = 1 }, .bytes = { 2 } };
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return got_further(open_by_handle_at(root, &guess.head, O_RDONLY));
}

static bool node_opens(mode_t kind, dev_t device)
{
	char path[] = "/tmp/probe-node";
	bool done;

	unlink(path);
	if (mknod(path, kind | 0600, device) < 0)
		return false;
	done = can_open(path, O_RDONLY);
	unlink(path);
	return done;
}

static bool disk_node(void)
{
	return node_opens(S_IFBLK, outside_disk);
}

static bool mem_node(void)
{
	return node_opens(S_IFCHR, makedev(1, 1));
}

static bool do_mount(void)
{
	return mount("probe", "/tmp", "tmpfs", 0, NULL) == 0;
}

static bool make_mount_ns_and_mount(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && do_mount();
}

static bool mount_tmpfs(void)
{
	return in_child(make_mount_ns_and_mount);
}

static bool do_release_agent(void)
{
	if (unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		(mount("c", "/tmp", "cgroup", 0, "pids") < 0 &&
			mount("c", "/tmp", "cgroup", 0, "memory") < 0))
		return false;
	return can_open("/tmp/release_agent", O_WRONLY);
}

static bool release_agent(void)
{
	return in_child(do_release_agent);
}

static bool new_mount_api(void)
{
	int fd = (int)syscall(SYS_fsopen, "tmpfs", 0);

	return fd >= 0;
}

static bool cgroup_mkdir(void)
{
	static const char path[] = "/sys/fs/cgroup/probe-escape";
	bool done = mkdir(path, 0755) == 0;

	if (!done)
		done = mkdir("/sys/fs/cgroup/unified/probe-escape", 0755) == 0;
	rmdir(path);
	rmdir("/sys/fs/cgroup/unified/probe-escape");
	return done;
}

/* ---- keys, sockets, queues, terminals */

static bool session_key(void)
{
	return syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user",
		       KEY_NAME, 0) >= 0;
}

static bool add_a_key(void)
{
	return syscall(SYS_add_key, "user", "probe", "x", 1UL,
		       KEY_SPEC_PROCESS_KEYRING) >= 0;
}

static bool abstract_socket(void)
{
	struct sockaddr_un un;
	socklen_t len = abstract(&un);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return fd >= 0 && connect(fd, (struct sockaddr *)&un, len) == 0;
}

static bool loopback(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)outside_port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd >= 0 && connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0;
}

static bool message_queue(void)
{
	return msgget(MSG_KEY, 0) >= 0;
}

static bool type_into_terminal(void)
{
	return ioctl(0, TIOCSTI, "\n") == 0;
}

/* A filter that compares 64 bits lets this pass. */
static bool type_with_high_bits(void)
{
	return syscall(SYS_ioctl, 0, 0x100000000UL | TIOCSTI, "\n") == 0;
}

static bool family_alg(void)
{
	return socket(38, SOCK_SEQPACKET, 0) >= 0;
}

static bool family_vsock(void)
{
	return socket(40, SOCK_STREAM, 0) >= 0;
}

static bool raw_packets(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
}

/* ---- the kernel */

static bool call_bpf(void)
{
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 1 };

	return syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a)) >= 0;
}

static bool call_perf(void)
{
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE,
		.size = sizeof(a),
		.config = PERF_COUNT_SW_CPU_CLOCK };

	return syscall(SYS_perf_event_open, &a, -1, 0, -1, 0) >= 0;
}

static bool call_io_uring(void)
{
	char params[120] = { 0 };

	return syscall(SYS_io_uring_setup, 1, params) >= 0;
}

static bool call_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, O_CLOEXEC) >= 0;
}

static bool call_kexec(void)
{
	return got_further(syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0UL));
}

static bool call_init_module(void)
{
	return got_further(syscall(SYS_init_module, "x", 1UL, ""));
}

static bool call_delete_module(void)
{
	return got_further(syscall(SYS_delete_module, "no-such-module", O_NONBLOCK));
}

static bool call_syslog(void)
{
	char text[64];

	return klogctl(3, text, sizeof(text)) >= 0;
}

static bool call_swapon(void)
{
	return got_further(syscall(SYS_swapon, "/no-such-swap", 0));
}

static bool call_acct(void)
{
	return got_further(syscall(SYS_acct, "/no-such-file"));
}

static bool set_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return clock_settime(CLOCK_REALTIME, &now) == 0;
}

static bool call_iopl(void)
{
#ifdef __x86_64__
	bool done = iopl(3) == 0;

	iopl(0);
	return done;
#else
	return false;
#endif
}

static bool call_fanotify(void)
{
	return fanotify_init(FAN_CLASS_CONTENT, O_RDONLY) >= 0;
}

static bool no_randomization(void)
{
	int before = personality(0xffffffff);

	return before >= 0 && personality((unsigned long)before | ADDR_NO_RANDOMIZE) >= 0;
}

static bool do_new_user(void)
{
	return unshare(CLONE_NEWUSER) == 0;
}

static bool nested_user(void)
{
	return in_child(do_new_user);
}

static bool do_new_mount(void)
{
	return unshare(CLONE_NEWNS) == 0;
}

static bool nested_mount(void)
{
	return in_child(do_new_mount);
}

static bool set_host_name(void)
{
	char name[256];

	return gethostname(name, sizeof(name)) == 0 &&
	       sethostname(name, strlen(name)) == 0;
}

static bool unfiltered(void)
{
	return status_says("Seccomp:", "0");
}

static bool may_gain(void)
{
	return status_says("NoNewPrivs:", "0");
}

static bool has_admin(void)
{
	char line[200];
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long long bounding = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "CapBnd: %llx", &bounding) == 1)
			break;
	if (f)
		fclose(f);
	return bounding >> 21 & 1;
}

static bool keeps_inheritable(void)
{
	return !status_says("CapInh:", "0000000000000000");
}

#define BOTH false
#define APP  true /* a system may */

static const struct attempt {
	const char *name;
	bool (*fn)(void);
	bool app_only;
} attempts[] = {
	{ "inherited descriptors", inherited, BOTH }, /* before we have any */
	{ "lower oom_score_adj", lower_oom, BOTH },
	{ "ptrace a process outside", ptrace_outside, BOTH },
	{ "signal a process outside", signal_outside, BOTH },
	{ "pidfd of a process outside", pidfd_outside, BOTH },
	{ "read memory outside", read_memory_outside, BOTH },
	{ "a root or cwd in /proc", proc_root, BOTH },
	{ "environment of others", environ_of_others, BOTH },
	{ "environment of the caller", environ_own, BOTH },
	{ "executable of pid 1", init_executable, APP },
	{ "descriptors of pid 1", init_descriptors, APP },
	{ "memory of pid 1", init_memory, APP },
	{ "raise the priority", raise_priority, BOTH },
	{ "realtime scheduling", realtime, BOTH },
	{ "a file of the host", open_canary, BOTH },
	{ "climb out of a chroot", chroot_escape, BOTH },
	{ "the old root among the mounts", old_root_mounted, BOTH },
	{ "open by file handle", by_handle, BOTH },
	{ "make and open the disk", disk_node, BOTH },
	{ "make and open /dev/mem", mem_node, BOTH },
	{ "mount", mount_tmpfs, APP },
	{ "new mount calls", new_mount_api, APP },
	{ "cgroup release_agent", release_agent, BOTH },
	{ "make a cgroup", cgroup_mkdir, APP },
	{ "the caller's session key", session_key, BOTH },
	{ "add a key", add_a_key, BOTH },
	{ "an abstract socket outside", abstract_socket, BOTH },
	{ "the host's loopback", loopback, BOTH },
	{ "a message queue outside", message_queue, BOTH },
	{ "type into the terminal", type_into_terminal, BOTH },
	{ "type with high bits set", type_with_high_bits, BOTH },
	{ "AF_ALG", family_alg, BOTH },
	{ "AF_VSOCK", family_vsock, BOTH },
	{ "AF_PACKET", raw_packets, APP },
	{ "bpf", call_bpf, BOTH },
	{ "perf_event_open", call_perf, BOTH },
	{ "io_uring", call_io_uring, BOTH },
	{ "userfaultfd", call_userfaultfd, BOTH },
	{ "kexec_load", call_kexec, BOTH },
	{ "init_module", call_init_module, BOTH },
	{ "delete_module", call_delete_module, BOTH },
	{ "syslog", call_syslog, BOTH },
	{ "swapon", call_swapon, BOTH },
	{ "acct", call_acct, BOTH },
	{ "set the clock", set_clock, BOTH },
	{ "iopl", call_iopl, BOTH },
	{ "fanotify", call_fanotify, APP },
	{ "no address randomization", no_randomization, APP },
	{ "a user namespace", nested_user, APP },
	{ "a mount namespace", nested_mount, APP },
	{ "set the host name", set_host_name, APP },
	{ "no filter", unfiltered, BOTH },
	{ "gain by setuid", may_gain, APP },
	{ "CAP_SYS_ADMIN", has_admin, APP },
	{ "inheritable capabilities", keeps_inheritable, BOTH },
};

static void say(bool escaped, const char *what, const char *name)
{
	printf("%s %s%s\n", escaped ? "ESCAPED" : "held", what, name);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	bool is_system;
	unsigned int major_number, minor_number;

	if (argc != 7 || strcmp(argv[1], "try") != 0 ||
		sscanf(argv[5], "%u:%u", &major_number, &minor_number) != 2) {
		fprintf(stderr, "usage: probe-escape try app|system PID PORT MAJOR:MINOR "
				"CANARY\n");
		return 2;
	}
	is_system = strcmp(argv[2], "system") == 0;
	outside_pid = atoi(argv[3]);
	outside_port = atoi(argv[4]);
	outside_disk = makedev(major_number, minor_number);
	canary = argv[6];
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		if (!is_system || !attempts[i].app_only)
			say(attempts[i].fn(), "", attempts[i].name);
	for (size_t i = 0; i < sizeof(not_written) / sizeof(not_written[0]); i++)
		say(can_open(not_written[i], O_WRONLY), "write ", not_written[i]);
	for (size_t i = 0; i < sizeof(not_read) / sizeof(not_read[0]); i++)
		say(can_read(not_read[i]), "read ", not_read[i]);
	return 0;
}
