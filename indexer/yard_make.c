#include "indexer/yard.h"
#include "lib/base/fs.h"

static int make_dirs(int yard_fd, struct err *e)
{
	static const char *const dirs[] = { YARD_STAGING, SITE_RELEASES, YARD_PUBLIC,
		YARD_PUBLIC "/images", YARD_PUBLIC "/" LAYOUT_OBJECTS,
		YARD_PUBLIC "/trust", YARD_PUBLIC "/keys", YARD_PUBLIC "/" LAYOUT_GEN };

	for (size_t i = 0; i < ARRAY_COUNT(dirs); i++)
		if (fs_mkdirs(yard_fd, dirs[i], i == 0 ? 0700 : 0755, e) < 0)
			return -1;
	return 0;
}

static int make_link(int public_fd, const struct layout_link *l, struct err *e)
{
	auto_free char *parent = xstrdup(l->path);
	char *slash = strrchr(parent, '/');
	char have[LAYOUT_PATH_MAX];
	ssize_t n;

	if (slash) {
		*slash = '\0';
		if (fs_mkdirs(public_fd, parent, 0755, e) < 0)
			return -1;
	}
	if (symlinkat(l->target, public_fd, l->path) == 0)
		return 0;
	n = errno == EEXIST ? readlinkat(public_fd, l->path, have, sizeof(have)) : -1;
	if (n >= 0 && bytes_equal_str(bytes_of(have, (size_t)n), l->target))
		return 0;
	errno = EEXIST;
	return err_sys(e, "cannot make the link '%s/%s'", YARD_PUBLIC, l->path);
}

static int make_links(int yard_fd, struct err *e)
{
	auto_fd int fd = fs_open_dir_at(yard_fd, YARD_PUBLIC, e);

	if (fd < 0)
		return -1;
	for (size_t i = 0; i < layout_link_count; i++)
		if (make_link(fd, &layout_links[i], e) < 0)
			return -1;
	return fs_sync(fd, YARD_PUBLIC, e);
}

int yard_make(int yard_fd, struct err *e)
{
	if (make_dirs(yard_fd, e) < 0)
		return -1;
	return make_links(yard_fd, e);
}
