#include "client/run/templates.h"

#include "client/run/rootfile.h"

#include "lib/base/fs.h"

#include <fcntl.h>

#define PATH_MAX_INSIDE 256

static const struct {
	const char *placeholder, *text; /* NULL: the container's name */
} names[] = {
	{ "LXC_NAME", NULL },
	{ "LXC_PATH", "/var/lib/lxc" },
	{ "LXC_ROOTFS", "/" },
	{ "LXC_TEMPLATE_CONFIG", "/usr/share/lxc/config" },
	{ "LXC_HOOK_DIR", "/usr/share/lxc/hooks" },
};

static size_t find_name(struct bytes at)
{
	size_t i = 0;

	while (i < ARRAY_COUNT(names) &&
		(at.len < strlen(names[i].placeholder) ||
			memcmp(at.data, names[i].placeholder,
				strlen(names[i].placeholder)) != 0))
		i++;
	return i;
}

size_t template_substitute(
	struct bytes text, const char *name, char *out, size_t out_size)
{
	size_t used = 0;
	bool any = false;

	for (size_t at = 0; at < text.len;) {
		size_t i = find_name(bytes_of(text.data + at, text.len - at)), len = 1;
		const char *put = (const char *)text.data + at;

		if (i < ARRAY_COUNT(names)) {
			put = names[i].text ? names[i].text : name;
			len = strlen(put);
			at += strlen(names[i].placeholder);
			any = true;
		} else {
			at++;
		}
		if (len > out_size - used)
			return 0;
		memcpy(out + used, put, len);
		used += len;
	}
	return any ? used : 0;
}

/* Cannot be opened, is no file, is too long: as if it did not stand in the list. */
static ssize_t read_template(
	int dir_fd, const char *name, char out[TEMPLATE_MAX], struct stat *st)
{
	auto_fd int fd =
		openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, st) < 0 || !S_ISREG(st->st_mode) ||
		st->st_size > (off_t)TEMPLATE_MAX)
		return -1;
	return read(fd, out, TEMPLATE_MAX);
}

static int fill_one(int root_fd, const char *path, const char *name, struct err *e)
{
	static char before[TEMPLATE_MAX], after[2 * TEMPLATE_MAX];
	char parent[PATH_MAX_INSIDE];
	const char *slash = strrchr(path, '/');
	auto_fd int dir = -1;
	struct stat st;
	ssize_t n;
	size_t len;

	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	dir = rootfile_dir(root_fd, *parent ? parent : "/");
	n = dir < 0 || !slash[1] ? -1 : read_template(dir, slash + 1, before, &st);
	if (n <= 0)
		return 0;
	len = template_substitute(
		bytes_of(before, (size_t)n), name, after, sizeof(after));
	return len == 0 ? 0 : rootfile_put(dir, slash + 1, after, len, &st, e);
}

int templates_fill(int root_fd, const char *list, const char *name, struct err *e)
{
	char path[PATH_MAX_INSIDE];

	while (*list) {
		size_t len = strcspn(list, "\n");

		if (len > 1 && len < sizeof(path) && *list == '/') {
			snprintf(path, sizeof(path), "%.*s", (int)len, list);
			if (fill_one(root_fd, path, name, e) < 0)
				return err_wrap(e, "template '%s' of the image", path);
		}
		list += len + (list[len] == '\n');
	}
	return 0;
}

/* ---- files that are made whole */

struct record {
	char path[PATH_MAX_INSIDE];
	bool at_start, is_new, is_skipped;
	struct bytes content;
};

/* Behind the record; NULL: there is none, or it is damaged. */
static const char *take_record(const char *text, struct record *out)
{
	size_t path = strcspn(text, " \n"), when;
	const char *word = text + path + 1;
	unsigned long len;
	char *end;

	if (path < 2 || path >= sizeof(out->path) || text[0] != '/' || text[path] != ' ')
		return NULL;
	snprintf(out->path, sizeof(out->path), "%.*s", (int)path, text);
	when = strcspn(word, " \n");
	if (word[when] != ' ')
		return NULL;
	out->at_start = strncmp(word, "start", 5) == 0;
	out->is_new = when > 4 && strncmp(word + when - 4, "-new", 4) == 0;
	out->is_skipped = strncmp(word, "skip", 4) == 0;
	len = strtoul(word + when + 1, &end, 10);
	if (*end != '\n' || len > TEMPLATE_MAX || strnlen(end + 1, len) != len ||
		end[1 + len] != '\n')
		return NULL;
	out->content = bytes_of(end + 1, len);
	return end + 1 + len + 1;
}

/* Is it in the container's own layer, or taken away there? */
static bool is_own(int upper_fd, const char *path)
{
	struct stat st;

	return upper_fd >= 0 &&
	       fstatat(upper_fd, path + 1, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Its directory, made where it is missing; -1 where a link is on the way. */
static int parent_of(int root_fd, const char *path)
{
	auto_fd int dir = rootfile_dir(root_fd, "/");
	char part[PATH_MAX_INSIDE];

	for (const char *slash = strchr(path + 1, '/'); dir >= 0 && slash;
		slash = strchr(slash + 1, '/')) {
		int next;

		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		next = rootfile_dir(root_fd, part);
		if (next < 0 && errno == ENOENT &&
			mkdirat(dir, strrchr(part, '/') + 1, 0755) == 0)
			next = rootfile_dir(root_fd, part);
		auto_fd_cleanup(&dir);
		dir = next;
	}
	return STEAL_FD(dir);
}

static int place_one(int root_fd, const struct record *r, const char *name, struct err *e)
{
	static char text[2 * TEMPLATE_MAX];
	const char *last = strrchr(r->path, '/') + 1;
	auto_fd int dir = parent_of(root_fd, r->path);
	size_t used = 0, add = strlen(name);
	struct stat st;
	bool is_there;

	if (dir < 0)
		return 0;
	is_there = fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (is_there && (r->is_new || !S_ISREG(st.st_mode)))
		return 0;
	for (size_t i = 0; i < r->content.len && used + add < sizeof(text); i++) {
		if (r->content.data[i] == '\1') {
			memcpy(text + used, name, add);
			used += add;
		} else {
			text[used++] = (char)r->content.data[i];
		}
	}
	return rootfile_put(dir, last, text, used, is_there ? &st : NULL, e);
}

int templates_place(
	int root_fd, int upper_fd, const char *records, const char *name, struct err *e)
{
	struct record r;

	while ((records = take_record(records, &r))) {
		if (r.is_skipped || (!r.at_start && is_own(upper_fd, r.path)))
			continue;
		if (place_one(root_fd, &r, name, e) < 0)
			return err_wrap(e, "template '%s' of the image", r.path);
	}
	return 0;
}
