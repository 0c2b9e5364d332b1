#include "client/run/templates.h"

#include "client/run/rootfile.h"

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
