#include "client/run/cgroup.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/vfs.h>

#define TEXT_MAX      (64U << 10)
#define EMPTY_WAIT_MS 2000
#define DEPTH_MAX     16

static const char *const delegated_files[] = { "cgroup.procs", "cgroup.subtree_control",
	"cgroup.threads" };

/* ---- where */

/* The mount of all controllers, or the one beside version 1. */
static int open_root(void)
{
	static const char *const places[] = { "/sys/fs/cgroup",
		"/sys/fs/cgroup/unified" };
	struct statfs st;

	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		int fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0 && fstatfs(fd, &st) == 0 && st.f_type == CGROUP2_SUPER_MAGIC)
			return fd;
		auto_fd_cleanup(&fd);
	}
	return -1;
}

bool cgroup_own_path(struct bytes text, char *out, size_t out_size)
{
	const char *at = (const char *)text.data, *end = at + text.len;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = stop ? (size_t)(stop - at) : (size_t)(end - at);

		if (len > 3 && strncmp(at, "0::", 3) == 0 && len - 3 < out_size) {
			memcpy(out, at + 3, len - 3);
			out[len - 3] = '\0';
			return true;
		}
		at += len + 1;
	}
	return false;
}

static bool find_own(char out[CGROUP_PATH_MAX])
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);
	auto_fd int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	struct err ignored;

	return fd >= 0 && fs_read_fd(fd, "/proc/self/cgroup", &text, &ignored) == 0 &&
	       cgroup_own_path(buf_bytes(&text), out, CGROUP_PATH_MAX) &&
	       !strstr(out, "/../") && strcmp(out, "/..") != 0;
}

static const char *below(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static bool is_ours(int root_fd, const char *path)
{
	auto_fd int fd = openat(root_fd, below(path), O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool ours = fd >= 0 && faccessat(fd, ".", W_OK, AT_EACCESS) == 0;

	for (size_t i = 0; ours && i < ARRAY_COUNT(delegated_files); i++)
		ours = faccessat(fd, delegated_files[i], W_OK, AT_EACCESS) == 0;
	return ours;
}

int cgroup_step_aside(const char *leaf, struct err *e)
{
	auto_fd int root = open_root(), own_fd = -1, leaf_fd = -1;
	char own[CGROUP_PATH_MAX];

	if (root < 0 || !find_own(own) || !is_ours(root, own))
		return err_set(e, ERR_NOTFOUND, "no cgroup is delegated to you");
	own_fd = openat(root, below(own), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (own_fd < 0 || (mkdirat(own_fd, leaf, 0755) < 0 && errno != EEXIST))
		return err_sys(e, "cannot make a cgroup below '%s'", own);
	leaf_fd = openat(own_fd, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (leaf_fd < 0)
		return err_sys(e, "cannot open the cgroup '%s/%s'", own, leaf);
	return cgroup_set(leaf_fd, "cgroup.procs", "0", e);
}

/* Beside us rather than below: a cgroup that holds processes cannot share controllers. */
static bool find_place(int root_fd, char place[CGROUP_PATH_MAX])
{
	char own[CGROUP_PATH_MAX], *slash;
	struct err ignored;

	if (!find_own(own))
		return false;
	snprintf(place, CGROUP_PATH_MAX, "%s", own);
	slash = strrchr(place, '/');
	slash[slash == place ? 1 : 0] = '\0';
	if (is_ours(root_fd, place))
		return true;
	snprintf(place, CGROUP_PATH_MAX, "%s", own);
	if (!is_ours(root_fd, place))
		return false;
	/* As in a service with Delegate=yes: as far as it is up to us it holds none. */
	(void)!cgroup_step_aside("supervisor", &ignored);
	return true;
}

/* ---- taking away */

/* Processes on their way out keep a cgroup for a moment. */
static void wait_until_empty(int fd)
{
	auto_fd int events = openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	struct pollfd p = { events, POLLPRI, 0 };

	for (int left = EMPTY_WAIT_MS; left > 0; left -= 50)
		if (events < 0 || cgroup_event(fd, "cgroup.events", "populated") <= 0 ||
			poll(&p, 1, 50) < 0)
			return;
}

static void remove_below(int fd, int depth)
{
	auto_names struct fs_names names = { 0 };
	struct err ignored;

	if (depth == 0 || fs_list_dir(fd, ".", &names, &ignored) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		auto_fd int child = openat(fd, names.name[i],
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (child < 0)
			continue;
		remove_below(child, depth - 1);
		(void)unlinkat(fd, names.name[i], AT_REMOVEDIR);
	}
}

static void remove_at(int root_fd, const char *path)
{
	auto_fd int fd = openat(
		root_fd, below(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct err ignored;

	if (fd < 0)
		return;
	/* Before 5.14 there is no such file; they die with their pid namespace. */
	(void)!cgroup_set(fd, "cgroup.kill", "1", &ignored);
	wait_until_empty(fd);
	remove_below(fd, DEPTH_MAX);
	(void)unlinkat(root_fd, below(path), AT_REMOVEDIR);
}

void cgroup_remove(const char *path)
{
	auto_fd int root = *path ? open_root() : -1;

	if (root >= 0)
		remove_at(root, path);
}

/* ---- making */

int cgroup_place(const char *name, char path[CGROUP_PATH_MAX], struct err *e)
{
	auto_fd int root = open_root();
	char place[CGROUP_PATH_MAX];

	if (root < 0 || !find_place(root, place))
		return err_set(e, ERR_NOTFOUND, "no cgroup is delegated to you");
	if (snprintf(path, CGROUP_PATH_MAX, "%s/rootyard-%s", place[1] ? place : "",
		    name) >= CGROUP_PATH_MAX)
		return err_set(e, ERR_LIMIT, "the path of its cgroup is too long");
	return 0;
}

int cgroup_make(const char *path, struct cgroup *out, struct err *e)
{
	auto_fd int root = open_root();
	struct cgroup made = CGROUP_INIT;

	if (root < 0)
		return err_set(e, ERR_NOTFOUND, "no cgroup2 is mounted");
	if (mkdirat(root, below(path), 0755) < 0) {
		remove_at(root, path);
		if (mkdirat(root, below(path), 0755) < 0)
			return err_sys(e, "cannot make the cgroup '%s'", path);
	}
	snprintf(made.path, sizeof(made.path), "%s", path);
	made.fd = openat(
		root, below(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (made.fd < 0)
		return err_sys(e, "cannot open the cgroup '%s'", path);
	*out = made;
	return 0;
}

int cgroup_give(const struct cgroup *c, uid_t uid, gid_t gid, struct err *e)
{
	int rc = fchown(c->fd, uid, gid);

	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(delegated_files); i++)
		rc = fchownat(c->fd, delegated_files[i], uid, gid, AT_SYMLINK_NOFOLLOW);
	return rc < 0 ? err_sys(e, "cannot delegate the cgroup '%s'", c->path) : 0;
}

/* ---- using */

int cgroup_open(const char *path)
{
	auto_fd int root = *path ? open_root() : -1;

	return root < 0 ? -1
			: openat(root, below(path),
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int cgroup_set(int cgroup_fd, const char *file, const char *value, struct err *e)
{
	auto_fd int fd = openat(cgroup_fd, file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) != (ssize_t)strlen(value))
		return err_sys(e, "cannot write '%s' to '%s'", value, file);
	return 0;
}

static bool read_text(int cgroup_fd, const char *file, struct buf *text)
{
	struct err ignored;

	auto_fd int fd = openat(cgroup_fd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && fs_read_fd(fd, file, text, &ignored) == 0;
}

static bool names_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += len)
		if ((at == text || at[-1] == ' ') && strchr(" \n", at[len]))
			return true;
	return false;
}

bool cgroup_can(int cgroup_fd, const char *controller)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);
	auto_fd int parent = -1;
	struct err ignored;
	char down[32];

	if (read_text(cgroup_fd, "cgroup.controllers", &text) &&
		names_word(buf_str(&text), controller))
		return true;
	parent = openat(cgroup_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(down, sizeof(down), "+%s", controller);
	return parent >= 0 &&
	       cgroup_set(parent, "cgroup.subtree_control", down, &ignored) == 0;
}

int64_t cgroup_number(int cgroup_fd, const char *file)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);

	if (!read_text(cgroup_fd, file, &text) || text.len == 0 || text.data[0] < '0' ||
		text.data[0] > '9')
		return -1;
	return strtoll(buf_str(&text), NULL, 10);
}

int64_t cgroup_parse_key(struct bytes text, const char *key)
{
	size_t key_len = strlen(key);

	while (text.len > 0) {
		const unsigned char *end = memchr(text.data, '\n', text.len);
		size_t len = end ? (size_t)(end - text.data) : text.len;
		char number[24];

		if (len > key_len + 1 && len - key_len < sizeof(number) &&
			memcmp(text.data, key, key_len) == 0 &&
			text.data[key_len] == ' ') {
			memcpy(number, text.data + key_len + 1, len - key_len - 1);
			number[len - key_len - 1] = '\0';
			return strtoll(number, NULL, 10);
		}
		len += end ? 1 : 0;
		text = bytes_of(text.data + len, text.len - len);
	}
	return -1;
}

int64_t cgroup_event(int cgroup_fd, const char *file, const char *key)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);

	return read_text(cgroup_fd, file, &text) ? cgroup_parse_key(buf_bytes(&text), key)
						 : -1;
}
