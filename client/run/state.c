#include "client/run/state.h"

#include "lib/base/fs.h"
#include "lib/model/start.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>

#define STATE_MAX    (16U << 10)
#define LOCK_WAIT_MS 2000

int state_lock(int run_dir, struct err *e)
{
	return fs_lock(run_dir, "lock", LOCK_WAIT_MS, e);
}

bool state_is_live(int run_fd, const char *name)
{
	char path[NAME_MAX_LEN + 8];
	auto_fd int fd = -1;

	snprintf(path, sizeof(path), "%s/lock", name);
	fd = openat(run_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* One read of a small file into a caller's buffer; its length, 0 when there is none. */
static size_t read_small(const char *path, char *out, size_t out_size)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, out_size - 1);

	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* The second field is a name in brackets and may hold blanks and brackets. */
bool process_stat_parse(char *text, struct process_stat *out)
{
	enum { PARENT = 4, UTIME = 14, STIME = 15, STARTTIME = 22, RSS = 24 };
	char *field = strrchr(text, ')');
	uint64_t value[RSS + 1] = { 0 };

	if (!field || field[1] != ' ' || !field[2])
		return false;
	out->state = field[2];
	field++;
	for (int i = 3; field && i <= RSS; i++) {
		value[i] = strtoull(field, NULL, 10);
		field = strchr(field + 1, ' ');
	}
	out->parent = (pid_t)value[PARENT];
	out->cpu_ticks = value[UTIME] + value[STIME];
	out->starttime = value[STARTTIME];
	out->rss_pages = value[RSS];
	return out->starttime != 0;
}

bool process_stat_read(pid_t pid, struct process_stat *out)
{
	char path[32], text[1024];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return read_small(path, text, sizeof(text)) > 0 && process_stat_parse(text, out);
}

uint64_t process_starttime(pid_t pid)
{
	struct process_stat s;

	return process_stat_read(pid, &s) ? s.starttime : 0;
}

static void add_number(struct buf *out, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	start_line(out, key, text);
}

static void add_place_in_time(struct buf *out, const struct run_state *s)
{
	char boot_id[40];

	read_small("/proc/sys/kernel/random/boot_id", boot_id, sizeof(boot_id));
	boot_id[strcspn(boot_id, "\n")] = '\0';
	start_line(out, "boot_id", boot_id);
	add_number(out, "init", (uint64_t)s->init.pid);
	add_number(out, "starttime", process_starttime(s->init.pid));
	add_number(out, "userns", s->userns);
	add_number(out, "pidns", s->pidns);
	add_number(out, "supervisor", (uint64_t)getpid());
	add_number(out, "supervisor_starttime", process_starttime(getpid()));
}

int state_write(int run_dir, const struct run_state *s, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(STATE_MAX);
	auto_fd int fd = -1;

	start_line(&text, "version", "1");
	add_place_in_time(&text, s);
	start_line(&text, "id", s->id);
	start_line(&text, "ref", s->ref);
	add_number(&text, "created", (uint64_t)s->created);
	if (buf_check(&text, "the state", e) < 0)
		return -1;

	/* Not fsync'ed: it describes this boot only. */
	fd = openat(run_dir, "state.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "cannot write 'state'");
	if (fs_write_all(fd, text.data, text.len, e) < 0)
		return err_wrap(e, "cannot write 'state'");
	if (renameat(run_dir, "state.new", run_dir, "state") < 0)
		return err_sys(e, "cannot write 'state'");
	return 0;
}

static uint64_t number(struct bytes text, const char *key)
{
	char value[24];

	return strtoull(start_get_or(text, key, value, sizeof(value), "0"), NULL, 10);
}

int state_read(int run_fd, const char *name, struct run_state *out, struct err *e)
{
	auto_buf struct buf buf = BUF_INIT(STATE_MAX);
	char path[NAME_MAX_LEN + 8];
	struct run_state s = { 0 };
	struct bytes text;

	snprintf(path, sizeof(path), "%s/state", name);
	if (fs_read_at(run_fd, path, &buf, e) < 0)
		return -1;
	text = buf_bytes(&buf);
	if (start_get(text, "id", s.id, sizeof(s.id), e) < 0 ||
		start_get(text, "ref", s.ref, sizeof(s.ref), e) < 0)
		return err_wrap(e, "cannot read '%s'", path);
	state_read_cgroup(run_fd, name, s.cgroup);
	s.init.pid = (pid_t)number(text, "init");
	s.init.starttime = number(text, "starttime");
	s.supervisor.pid = (pid_t)number(text, "supervisor");
	s.supervisor.starttime = number(text, "supervisor_starttime");
	s.userns = number(text, "userns");
	s.pidns = number(text, "pidns");
	s.created = (int64_t)number(text, "created");
	*out = s;
	return 0;
}

int state_write_cgroup(int run_dir, const char *path, struct err *e)
{
	auto_fd int fd =
		openat(run_dir, "cgroup", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "cannot write 'cgroup'");
	return fs_write_all(fd, path, strlen(path), e);
}

void state_read_cgroup(int run_fd, const char *name, char path[CGROUP_PATH_MAX])
{
	auto_buf struct buf text = BUF_INIT(CGROUP_PATH_MAX - 1);
	char file[NAME_MAX_LEN + 8];
	struct err ignored;

	snprintf(file, sizeof(file), "%s/cgroup", name);
	*path = '\0';
	if (fs_read_at(run_fd, file, &text, &ignored) == 0 && text.len > 0)
		snprintf(path, CGROUP_PATH_MAX, "%s", buf_str(&text));
}

int identity_open(const struct identity *who, struct err *e)
{
	auto_fd int fd = who->pid > 0 ? (int)syscall(SYS_pidfd_open, who->pid, 0) : -1;

	if (fd < 0 && who->pid > 0 && errno != ESRCH)
		return err_sys(e, "cannot open process %d", (int)who->pid);
	/* Looked at behind the descriptor: it keeps the pid from coming back. */
	if (fd < 0 || who->starttime == 0 ||
		process_starttime(who->pid) != who->starttime)
		return err_set(e, ERR_NOTFOUND, "process %d has ended", (int)who->pid);
	return STEAL_FD(fd);
}

static void remove_files(
	int run_fd, const char *name, const char *const *files, size_t count)
{
	char path[NAME_MAX_LEN + 16];

	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", name, files[i]);
		unlinkat(run_fd, path, 0);
	}
}

void state_remove(int run_fd, const char *name)
{
	static const char *const always[] = { "config.new", "config", "state.new",
		"state", "lock" };
	static const char *const sometimes[] = { "ctl", "cgroup" };

	remove_files(run_fd, name, always, ARRAY_COUNT(always));
	if (unlinkat(run_fd, name, AT_REMOVEDIR) == 0 || errno != ENOTEMPTY)
		return;
	remove_files(run_fd, name, sometimes, ARRAY_COUNT(sometimes));
	unlinkat(run_fd, name, AT_REMOVEDIR);
}
