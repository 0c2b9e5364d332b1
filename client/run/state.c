#include "client/run/state.h"

#include "lib/base/fs.h"
#include "lib/model/start.h"

#include <fcntl.h>
#include <sys/file.h>

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

uint64_t process_starttime(pid_t pid)
{
	char path[32], text[1024], *field;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (read_small(path, text, sizeof(text)) == 0)
		return 0;
	/* The second field is a name in brackets and may hold blanks and brackets. */
	field = strrchr(text, ')');
	for (int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	return field ? strtoull(field + 1, NULL, 10) : 0;
}

static void add_number(struct buf *out, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	start_line(out, key, text);
}

static void add_place_in_time(struct buf *out, const struct run_state *s)
{
	char path[48], boot_id[40];
	struct stat st;

	read_small("/proc/sys/kernel/random/boot_id", boot_id, sizeof(boot_id));
	boot_id[strcspn(boot_id, "\n")] = '\0';
	start_line(out, "boot_id", boot_id);
	add_number(out, "init", (uint64_t)s->init);
	add_number(out, "starttime", process_starttime((pid_t)s->init));
	snprintf(path, sizeof(path), "/proc/%lld/ns/user", (long long)s->init);
	add_number(out, "userns", stat(path, &st) == 0 ? st.st_ino : 0);
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

int state_read(int run_fd, const char *name, struct run_state *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(STATE_MAX);
	char path[NAME_MAX_LEN + 8], value[32];
	struct run_state s = { 0 };

	snprintf(path, sizeof(path), "%s/state", name);
	if (fs_read_at(run_fd, path, &text, e) < 0)
		return -1;
	if (start_get(buf_bytes(&text), "id", s.id, sizeof(s.id), e) < 0 ||
		start_get(buf_bytes(&text), "ref", s.ref, sizeof(s.ref), e) < 0)
		return err_wrap(e, "cannot read '%s'", path);
	s.init =
		strtoll(start_get_or(buf_bytes(&text), "init", value, sizeof(value), "0"),
			NULL, 10);
	s.created = strtoll(
		start_get_or(buf_bytes(&text), "created", value, sizeof(value), "0"),
		NULL, 10);
	*out = s;
	return 0;
}

void state_remove(int run_fd, const char *name)
{
	static const char *const files[] = { "state.new", "state", "lock" };
	char path[NAME_MAX_LEN + 16];

	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", name, files[i]);
		unlinkat(run_fd, path, 0);
	}
	unlinkat(run_fd, name, AT_REMOVEDIR);
}
