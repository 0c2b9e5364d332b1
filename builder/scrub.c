#include "builder/scrub.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <fnmatch.h>

#define TEXT_MAX (16U << 20)
#define DAY_S    86400

struct scrub {
	struct job *job;
	int root_dir;
	uint64_t removed;
	struct err *e;
};

/* ---- removing by pattern */

/* Opens a directory of the tree; -1 without an error when it is missing or no directory.
 */
static int open_dir(const struct scrub *s, const char *path)
{
	struct err ignored;

	return fs_open_dir_at(s->root_dir, path, &ignored);
}

static int remove_at(struct scrub *s, int dir, const char *name)
{
	if (fs_remove_tree(dir, name, s->e) < 0)
		return -1;
	s->removed++;
	return 0;
}

/* Removes what matches pattern in one directory; pattern "*" empties it. */
static int remove_matching(struct scrub *s, const char *path, const char *pattern)
{
	auto_names struct fs_names names = { 0 };
	auto_fd int dir = open_dir(s, path);

	if (dir < 0)
		return 0;
	if (fs_list_dir(dir, ".", &names, s->e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (fnmatch(pattern, names.name[i], 0) == 0 &&
			remove_at(s, dir, names.name[i]) < 0)
			return -1;
	return 0;
}

/* Removes every file below, keeps the directories. */
static int remove_files(struct scrub *s, int dir)
{
	auto_names struct fs_names names = { 0 };
	struct stat st;

	if (fs_list_dir(dir, ".", &names, s->e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		auto_fd int below = -1;

		if (fstatat(dir, names.name[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(s->e, "cannot look at '%s'", names.name[i]);
		if (!S_ISDIR(st.st_mode)) {
			if (remove_at(s, dir, names.name[i]) < 0)
				return -1;
			continue;
		}
		below = fs_open_dir_at(dir, names.name[i], s->e);
		if (below < 0 || remove_files(s, below) < 0)
			return -1;
	}
	return 0;
}

/* ---- rewriting */

/* The content of a regular file; false when there is none. */
static bool read_file(
	const struct scrub *s, const char *path, struct buf *out, struct stat *st)
{
	struct err ignored;

	return fstatat(s->root_dir, path, st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st->st_mode) && fs_read_at(s->root_dir, path, out, &ignored) == 0;
}

/* Writes in place: owner, mode and links stay. */
static int write_file(struct scrub *s, const char *path, const struct buf *text)
{
	auto_fd int fd = fs_open_beneath(s->root_dir, path, O_WRONLY | O_TRUNC, 0, s->e);

	if (fd < 0)
		return -1;
	s->removed++;
	return fs_write_all(fd, buf_str(text), text->len, s->e);
}

uint64_t scrub_shadow(struct bytes text, int64_t day, struct buf *out)
{
	const char *p = (const char *)text.data, *end = p + text.len;
	uint64_t mended = 0;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *stop = nl ? nl + 1 : end, *first, *second, *third;

		first = memchr(p, ':', (size_t)(stop - p));
		second =
			first ? memchr(first + 1, ':', (size_t)(stop - first - 1)) : NULL;
		third = second ? memchr(second + 1, ':', (size_t)(stop - second - 1))
			       : NULL;
		if (third && third > second + 1 && strtoll(second + 1, NULL, 10) > day) {
			buf_add(out, p, (size_t)(second + 1 - p));
			buf_printf(out, "%lld", (long long)day);
			p = third;
			mended++;
		}
		buf_add(out, p, (size_t)(stop - p));
		p = stop;
	}
	return mended;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_parts(struct bytes text, const char *end, struct buf *out)
{
	auto_free char *copy = xasprintf("%.*s", (int)text.len, (const char *)text.data);
	auto_free char **part = xcalloc(text.len + 1, sizeof(*part));
	size_t count = 0;

	for (char *p = copy, *stop; *p; p = stop) {
		stop = strstr(p, end);
		if (stop) {
			*stop = '\0';
			stop += strlen(end);
		} else {
			stop = p + strlen(p);
		}
		if (*p)
			part[count++] = p;
	}
	if (count)
		qsort(part, count, sizeof(*part), by_text);
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s", part[i], end);
}

void scrub_sort_lines(struct bytes text, struct buf *out)
{
	sort_parts(text, "\n", out);
}

void scrub_sort_stanzas(struct bytes text, struct buf *out)
{
	sort_parts(text, "\n\n", out);
}

/* ---- checks with a shape of their own */

static int check_logs(struct scrub *s)
{
	auto_fd int dir = open_dir(s, "var/log");

	return dir < 0 ? 0 : remove_files(s, dir);
}

static int check_shadow(struct scrub *s)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX), mended = BUF_INIT(TEXT_MAX);
	struct stat st;

	if (!read_file(s, "etc/shadow", &text, &st) ||
		scrub_shadow(buf_bytes(&text), s->job->epoch_s / DAY_S, &mended) == 0)
		return 0;
	return write_file(s, "etc/shadow", &mended);
}

/* An empty machine-id is filled at the first start; so is systemd's own word for none. */
static int check_machine_id(struct scrub *s)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);
	const struct buf empty = BUF_INIT(1);
	struct stat st;

	if (read_file(s, "etc/machine-id", &text, &st) && text.len > 0 &&
		strcmp(buf_str(&text), "uninitialized\n") != 0 &&
		write_file(s, "etc/machine-id", &empty) < 0)
		return -1;
	buf_clear(&text);
	if (read_file(s, "var/lib/dbus/machine-id", &text, &st))
		return remove_matching(s, "var/lib/dbus", "machine-id");
	return 0;
}

/* A file was copied from this host; a link is the image's own. */
static int check_resolver(struct scrub *s)
{
	struct stat st;

	/* systemd-resolved's package keeps what it found. */
	if (remove_matching(s, "etc", ".resolv.conf*.bak") < 0)
		return -1;
	if (fstatat(s->root_dir, "etc/resolv.conf", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISREG(st.st_mode))
		return 0;
	return remove_matching(s, "etc", "resolv.conf");
}

static int check_host_name(struct scrub *s)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX), host = BUF_INIT(4096);
	auto_buf struct buf plain = BUF_INIT(64);
	auto_fd int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
	struct err ignored;
	struct stat st;

	buf_add_str(&plain, "localhost\n");
	if (fd < 0 || !read_file(s, "etc/hostname", &text, &st) ||
		fs_read_fd(fd, "/etc/hostname", &host, &ignored) < 0)
		return 0;
	if (host.len == 0 || !bytes_equal(buf_bytes(&text), buf_bytes(&host)))
		return 0;
	return write_file(s, "etc/hostname", &plain);
}

uint64_t scrub_urls(
	struct bytes text, const char *own, const char *official, struct buf *out)
{
	const char *p = (const char *)text.data, *end = p + text.len, *hit;
	size_t len = strlen(own);
	uint64_t count = 0;

	while (len && (hit = memmem(p, (size_t)(end - p), own, len))) {
		bool whole = hit + len == end || strchr(" \t\n/", hit[len]);

		buf_add(out, p, (size_t)(hit - p));
		buf_add_str(out, whole ? official : own);
		count += whole;
		p = hit + len;
	}
	buf_add(out, p, (size_t)(end - p));
	return count;
}

static int rename_mirrors(struct scrub *s, const char *path)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);
	uint64_t count = 0;
	struct stat st;

	if (!read_file(s, path, &text, &st))
		return 0;
	for (size_t i = 0; i < s->job->mirror_count; i++) {
		auto_buf struct buf next = BUF_INIT(TEXT_MAX);
		const struct mirror_name *m = &s->job->mirror[i];

		count += scrub_urls(buf_bytes(&text), m->own, m->official, &next);
		buf_clear(&text);
		buf_add(&text, next.data, next.len);
	}
	return count ? write_file(s, path, &text) : 0;
}

/* The archive that was used may exist for this host alone. */
static int check_mirrors(struct scrub *s)
{
	auto_names struct fs_names names = { 0 };
	auto_fd int dir = open_dir(s, "etc/apt/sources.list.d");

	if (rename_mirrors(s, "etc/apt/sources.list") < 0)
		return -1;
	if (dir < 0)
		return 0;
	if (fs_list_dir(dir, ".", &names, s->e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		auto_free char *path =
			xasprintf("etc/apt/sources.list.d/%s", names.name[i]);

		if (rename_mirrors(s, path) < 0)
			return -1;
	}
	return 0;
}

static int sort_file(struct scrub *s, const char *path,
	void (*sort)(struct bytes text, struct buf *out))
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX), sorted = BUF_INIT(TEXT_MAX);
	struct stat st;

	if (!read_file(s, path, &text, &st))
		return 0;
	sort(buf_bytes(&text), &sorted);
	if (bytes_equal(buf_bytes(&text), buf_bytes(&sorted)))
		return 0;
	return write_file(s, path, &sorted);
}

static int check_triggers(struct scrub *s)
{
	return sort_file(s, "var/lib/dpkg/triggers/File", scrub_sort_lines);
}

/* apt writes them in the order of a hash table. */
static int check_marks(struct scrub *s)
{
	return sort_file(s, "var/lib/apt/extended_states", scrub_sort_stanzas);
}

/* ---- all of them, in the order in which build.json names them */

struct removal {
	const char *dir, *pattern;
};

struct check {
	const char *name;
	struct removal remove[8];
	int (*run)(struct scrub *s);
};

static const struct check checks[] = {
	{ "builder-files",
		{ { "etc/apt/apt.conf.d", "99mmdebstrap" },
			{ "etc/dpkg/dpkg.cfg.d", "99mmdebstrap" } },
		NULL },
	{ "package-lists",
		{ { "var/lib/apt/lists", "*" }, { "var/cache/apk", "*" },
			{ "var/lib/apt/periodic", "*" } },
		NULL },
	{ "package-cache",
		{ { "var/cache/apt", "*.bin" }, { "var/cache/apt/archives", "*" },
			{ "var/cache/dnf", "*" }, { "var/cache/pacman/pkg", "*" } },
		NULL },
	{ "caches",
		{ { "var/cache/ldconfig", "*" }, { "var/cache/debconf", "*-old" },
			{ "root/.cache", "*" } },
		NULL },
	{ "logs", { { NULL, NULL } }, check_logs },
	{ "backups",
		{ { "etc", "passwd-" }, { "etc", "group-" }, { "etc", "shadow-" },
			{ "etc", "gshadow-" }, { "etc", "sub[ug]id-" },
			{ "var/lib/dpkg", "*-old" } },
		NULL },
	{ "locks",
		{ { "var/lib/dpkg", "lock*" }, { "var/lib/dpkg/triggers", "Lock" },
			{ "var/cache/apt", "lock" }, { "etc", ".pwd.lock" } },
		NULL },
	{ "machine-id", { { NULL, NULL } }, check_machine_id },
	{ "random-seed",
		{ { "var/lib/systemd", "random-seed" },
			{ "var/lib/urandom", "random-seed" } },
		NULL },
	{ "ssh-host-keys", { { "etc/ssh", "ssh_host_*_key*" } }, NULL },
	{ "private-keys",
		{ { "root", ".gnupg" }, { "root", ".ssh" },
			{ "etc/pacman.d/gnupg/private-keys-v1.d", "*" } },
		NULL },
	{ "history",
		{ { "root", ".*_history" }, { "root", ".lesshst" },
			{ "root", ".viminfo" }, { "root", ".wget-hsts" } },
		NULL },
	{ "resolver", { { NULL, NULL } }, check_resolver },
	{ "host-name", { { NULL, NULL } }, check_host_name },
	{ "mirrors", { { NULL, NULL } }, check_mirrors },
	{ "shadow-dates", { { NULL, NULL } }, check_shadow },
	{ "trigger-order", { { NULL, NULL } }, check_triggers },
	{ "mark-order", { { NULL, NULL } }, check_marks },
	{ "temporary-files",
		{ { "tmp", "*" }, { "var/tmp", "*" }, { "run", "*" }, { "dev", "*" },
			{ "proc", "*" }, { "sys", "*" } },
		NULL },
};

static int run_check(struct scrub *s, const struct check *c)
{
	s->removed = 0;
	for (size_t i = 0; i < ARRAY_COUNT(c->remove) && c->remove[i].dir; i++)
		if (remove_matching(s, c->remove[i].dir, c->remove[i].pattern) < 0)
			return -1;
	if (c->run && c->run(s) < 0)
		return -1;
	job_scrubbed(s->job, c->name, s->removed);
	return 0;
}

int scrub_tree(struct job *j, struct err *e)
{
	struct scrub s = { .job = j, .root_dir = j->root_dir, .e = e };

	for (size_t i = 0; i < ARRAY_COUNT(checks); i++)
		if (run_check(&s, &checks[i]) < 0)
			return err_wrap(e, "cannot scrub the tree (%s)", checks[i].name);
	return 0;
}
