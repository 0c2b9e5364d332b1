#include "client/run/keeper.h"

#include "client/run/env.h"
#include "client/run/state.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define PLACE        ".holder"
#define RECORD_MAX   160
#define LOCK_WAIT_MS 10000
#define IDLE_S       (15 * 60)
#define TOUCH_S      60 /* how exact "used" is */

/* ---- the record */

static uint64_t mix(uint64_t digest, uint64_t value)
{
	for (int i = 0; i < 8; i++, value >>= 8)
		digest = (digest ^ (value & 0xff)) * 0x100000001b3ULL;
	return digest;
}

/* Changes with any edit of the files that say which ids are whose. */
static uint64_t digest_of_files(void)
{
	static const char *const files[] = { "/etc/subuid", "/etc/subgid", "/etc/passwd",
		"/etc/nsswitch.conf" };
	uint64_t digest = 0xcbf29ce484222325ULL;
	struct stat st;

	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		if (stat(files[i], &st) < 0)
			memset(&st, 0, sizeof(st));
		digest = mix(digest, st.st_dev);
		digest = mix(digest, st.st_ino);
		digest = mix(digest, (uint64_t)st.st_size);
		digest = mix(digest, (uint64_t)st.st_mtim.tv_sec);
		digest = mix(digest, (uint64_t)st.st_mtim.tv_nsec);
		digest = mix(digest, (uint64_t)st.st_ctim.tv_sec);
		digest = mix(digest, (uint64_t)st.st_ctim.tv_nsec);
	}
	return digest;
}

bool keeper_parse(struct bytes text, struct keeper *out)
{
	struct keeper k = { .ids.full = true };
	char line[RECORD_MAX];
	uint64_t value[6];
	char *at = line;

	if (text.len == 0 || text.len >= sizeof(line) || text.data[text.len - 1] != '\n')
		return false;
	memcpy(line, text.data, text.len);
	line[text.len] = '\0';
	for (size_t i = 0; i < ARRAY_COUNT(value); i++) {
		char *end;

		if (*at < '0' || *at > '9')
			return false;
		errno = 0;
		value[i] = strtoull(at, &end, 10);
		if (errno || *end != (i + 1 < ARRAY_COUNT(value) ? ' ' : '\n'))
			return false;
		at = end + 1;
	}
	if (*at || value[0] == 0 || value[0] > INT32_MAX || value[3] == 0 ||
		value[3] > UINT32_MAX - USERNS_IDS || value[4] == 0 ||
		value[4] > UINT32_MAX - USERNS_IDS)
		return false;
	k.pid = (pid_t)value[0];
	k.starttime = value[1];
	k.ns_inode = value[2];
	k.ids.uid_start = (uid_t)value[3];
	k.ids.gid_start = (gid_t)value[4];
	k.files = value[5];
	*out = k;
	return true;
}

static int write_record(int place, const struct keeper *k, struct err *e)
{
	char text[RECORD_MAX];
	int len = snprintf(text, sizeof(text), "%d %llu %llu %u %u %llu\n", (int)k->pid,
		(unsigned long long)k->starttime, (unsigned long long)k->ns_inode,
		k->ids.uid_start, k->ids.gid_start, (unsigned long long)k->files);
	auto_fd int fd = openat(place, "new",
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "cannot write '" PLACE "/new'");
	if (fs_write_all(fd, text, (size_t)len, e) < 0)
		return err_wrap(e, "cannot write '" PLACE "/new'");
	if (renameat(place, "new", place, "record") < 0)
		return err_sys(e, "cannot write '" PLACE "/record'");
	return 0;
}

/* Says that it is used, at most once a minute. */
static void touch(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && time(NULL) - st.st_mtim.tv_sec > TOUCH_S)
		(void)!futimens(fd, NULL);
}

static bool read_record(int run_fd, struct keeper *out)
{
	auto_fd int fd = openat(
		run_fd, PLACE "/record", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	unsigned char text[RECORD_MAX];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (n <= 0 || !keeper_parse((struct bytes){ text, (size_t)n }, out))
		return false;
	touch(fd);
	return true;
}

bool keeper_recall(int run_fd, struct keeper *out)
{
	struct keeper k;

	if (!read_record(run_fd, &k) || k.files != digest_of_files())
		return false;
	*out = k;
	return true;
}

/* ---- its namespace */

static uint64_t ns_inode_of(pid_t pid)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

/* The pidfd comes first: if the process is another one by the time we look, joining
 * through the descriptor fails. */
bool keeper_join(const struct keeper *k)
{
	auto_fd int pid_fd = (int)syscall(SYS_pidfd_open, k->pid, 0);

	return pid_fd >= 0 && process_starttime(k->pid) == k->starttime &&
	       ns_inode_of(k->pid) == k->ns_inode && setns(pid_fd, CLONE_NEWUSER) == 0;
}

/* ---- the process */

enum { TALK_FD, PLACE_FD, WATCH_FD, FIRST_FREE_FD };

static void plain_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int i = 1; i < NSIG; i++)
		signal(i, i == SIGPIPE ? SIG_IGN : SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool is_still_named(int64_t *idle_s)
{
	auto_fd int fd = openat(PLACE_FD, "record", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	unsigned char text[RECORD_MAX];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	struct keeper k;
	struct stat st;

	if (n <= 0 || fstat(fd, &st) < 0 ||
		!keeper_parse((struct bytes){ text, (size_t)n }, &k))
		return false;
	*idle_s = time(NULL) - st.st_mtim.tv_sec;
	return k.pid == getpid();
}

/* Without a watch it looks once a minute. */
static void keep(bool watched)
{
	struct pollfd change = { .fd = watched ? WATCH_FD : -1, .events = POLLIN };
	char events[1024];
	int64_t idle_s;

	while (is_still_named(&idle_s) && idle_s < IDLE_S) {
		int64_t wait_s = watched ? IDLE_S - (idle_s > 0 ? idle_s : 0) : TOUCH_S;

		if (poll(&change, 1, (int)(wait_s + 1) * 1000) > 0)
			(void)!read(WATCH_FD, events, sizeof(events));
	}
}

/* Nothing of the command that started us stays: its arguments, its descriptors (a lock on
 * an image among them), its terminal. */
static void forget_everything(int sock_fd, int place)
{
	char *block;
	size_t len = env_own_block(&block);

	memset(block, 0, len);
	prctl(PR_SET_NAME, "rootyard-holder", 0, 0, 0);
	plain_signals();
	dup2(sock_fd, TALK_FD);
	dup2(place, PLACE_FD);
	syscall(SYS_close_range, (unsigned int)WATCH_FD, ~0U, 0U);
	(void)!chdir("/");
}

__attribute__((noreturn)) static void keeper_main(int sock_fd, int place)
{
	const uint32_t news = IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR;
	int error = 0, watch;
	pid_t self = getpid();
	char byte;

	forget_everything(sock_fd, place);
	watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (unshare(CLONE_NEWUSER) < 0)
		error = errno;
	if (send(TALK_FD, &error, sizeof(error), MSG_NOSIGNAL) < 0 || error ||
		send(TALK_FD, &self, sizeof(self), MSG_NOSIGNAL) < 0)
		_exit(1);
	/* Our maps are written; the record comes right behind, or the other side is gone. */
	if (recv(TALK_FD, &byte, 1, 0) != 1)
		_exit(1);
	close(TALK_FD);
	if (watch >= 0 && inotify_add_watch(watch, "/proc/self/fd/1", news) < 0)
		watch = -1;
	keep(watch == WATCH_FD);
	_exit(0);
}

/* Its parent is whoever reaps orphans, not we. */
static int spawn_keeper(int place, struct err *e)
{
	int pair[2], status;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "cannot make a socket pair");
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		if (setsid() < 0 || fork() != 0)
			_exit(0);
		keeper_main(pair[1], place);
	}
	close(pair[1]);
	if (pid < 0) {
		err_sys(e, "cannot start a process");
		close(pair[0]);
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pair[0];
}

static bool hear(int fd, void *out, size_t len)
{
	ssize_t n;

	do
		n = recv(fd, out, len, 0);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

static int make(int place, const struct subids *ids, struct keeper *out, struct err *e)
{
	auto_fd int sock = spawn_keeper(place, e);
	struct keeper k = { .ids = *ids };
	int error;

	if (sock < 0)
		return -1;
	if (!hear(sock, &error, sizeof(error)))
		return err_set(e, ERR_SYS, "cannot make a user namespace: child ended");
	if (error != 0) {
		errno = error;
		return err_sys(e, "cannot make a user namespace");
	}
	if (!hear(sock, &k.pid, sizeof(k.pid)))
		return err_set(e, ERR_SYS, "cannot make a user namespace: child ended");
	if (userns_write_maps(k.pid, USERNS_HOLDER, ids, e) < 0)
		return -1;
	k.starttime = process_starttime(k.pid);
	k.ns_inode = ns_inode_of(k.pid);
	k.files = digest_of_files();
	if (write_record(place, &k, e) < 0)
		return -1;
	if (send(sock, "", 1, MSG_NOSIGNAL) != 1)
		return err_sys(e, "cannot let the holder go");
	*out = k;
	return 0;
}

static bool maps_the_same(const struct keeper *k, const struct subids *ids)
{
	return k->ids.uid_start == ids->uid_start && k->ids.gid_start == ids->gid_start;
}

int keeper_enter(int run_fd, const struct subids *ids, struct err *e)
{
	auto_fd int place = -1, lock = -1;
	struct keeper k;

	if (mkdirat(run_fd, PLACE, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "cannot make '" PLACE "'");
	place = fs_open_dir_at(run_fd, PLACE, e);
	if (place < 0)
		return -1;
	lock = fs_lock(place, "lock", LOCK_WAIT_MS, e);
	if (lock < 0)
		return err_wrap(e, "cannot make a namespace to be kept");
	if (read_record(run_fd, &k) && maps_the_same(&k, ids) && keeper_join(&k)) {
		/* The files were edited, and still say the same of us. */
		k.files = digest_of_files();
		return write_record(place, &k, e);
	}
	if (make(place, ids, &k, e) < 0)
		return -1;
	if (!keeper_join(&k))
		return err_set(e, ERR_AGAIN, "the keeper of our namespace was ended");
	return 0;
}
