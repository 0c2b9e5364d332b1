#include "indexer/incoming.h"

#include "lib/base/fs.h"

#include <fcntl.h>

#define DEPTH 5 /* distro release arch variant serial */

void incoming_release(struct incoming *i)
{
	for (size_t k = 0; k < i->count; k++)
		free(i->path[k]);
	free(i->path);
}

static void take(struct incoming *i, char *path)
{
	if (i->count == i->room) {
		i->room = i->room ? i->room * 2 : 16;
		i->path = xrealloc(i->path, i->room * sizeof(*i->path));
	}
	i->path[i->count++] = path;
}

static int find(const char *path, int depth, const char *last, struct incoming *out,
	struct err *e)
{
	auto_names struct fs_names names = { 0 };
	auto_fd int fd = fs_open_dir(path, e);

	if (fd < 0)
		return -1;
	if (depth == DEPTH) {
		if (fs_exists_at(fd, last))
			take(out, xstrdup(path));
		return 0;
	}
	if (fs_list_dir(fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		auto_free char *below = xasprintf("%s/%s", path, names.name[i]);
		struct stat st;

		if (fstatat(fd, names.name[i], &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISDIR(st.st_mode))
			continue;
		if (find(below, depth + 1, last, out, e) < 0)
			return -1;
	}
	return 0;
}

int incoming_find(const char *top, const char *last, struct incoming *out, struct err *e)
{
	return find(top, 0, last, out, e);
}

int incoming_name(
	const char *path, struct image *image, char serial[SERIAL_MAX], struct err *e)
{
	auto_free char *text = xstrdup(path);
	char *at = text + strlen(text), *slash = NULL;

	for (int i = 0; i < DEPTH; i++) {
		while (at > text && at[-1] != '/')
			at--;
		if (i == 0)
			slash = at;
		if (i + 1 < DEPTH && at > text)
			at--;
	}
	if (!serial_is_valid(slash) || slash == text)
		return err_set(e, ERR_PARSE, "'%s' is no serial", slash);
	snprintf(serial, SERIAL_MAX, "%s", slash);
	slash[-1] = '\0';
	return image_parse(at, image, e);
}
