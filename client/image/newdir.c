#include "client/image/newdir.h"

#include "client/image/confine.h"
#include "lib/base/fs.h"

#include <fcntl.h>

void newdir_release(struct newdir *d)
{
	struct err ignored;

	if (d->temp[0])
		(void)!confined_remove(d->parent_fd, d->temp, &d->ids, &ignored);
	auto_fd_cleanup(&d->parent_fd);
	free(d->base);
	d->base = NULL;
	d->temp[0] = '\0';
}

static int check_target(const struct newdir *d, const char *path, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	struct stat st;

	if (fstatat(d->parent_fd, d->base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "cannot examine '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_CONFLICT, "'%s' exists and is no directory", path);
	if (fs_list_dir(d->parent_fd, d->base, &names, e) < 0)
		return -1;
	if (names.count > 0)
		return err_set(e, ERR_CONFLICT,
			"'%s' is not empty: name a directory that is, or does not exist",
			path);
	return 0;
}

int newdir_open(const char *path, struct newdir *out, struct err *e)
{
	auto_newdir struct newdir d = NEWDIR_INIT;
	auto_free char *copy = xstrdup(path);
	char *slash;

	while (strlen(copy) > 1 && copy[strlen(copy) - 1] == '/')
		copy[strlen(copy) - 1] = '\0';
	slash = strrchr(copy, '/');
	d.base = xstrdup(slash ? slash + 1 : copy);
	if (!*d.base || strcmp(d.base, ".") == 0 || strcmp(d.base, "..") == 0)
		return err_set(e, ERR_USAGE,
			"cannot write to '%s': name the directory itself", path);
	if (slash)
		slash[slash == copy ? 1 : 0] = '\0';
	d.parent_fd = fs_open_dir(slash ? copy : ".", e);
	if (d.parent_fd < 0 || check_target(&d, path, e) < 0)
		return -1;
	subids_find(getuid(), &d.ids);
	if (fs_mkdtemp_at(d.parent_fd, ".rootyard-new", d.temp, sizeof(d.temp), e) < 0) {
		d.temp[0] = '\0';
		return err_wrap(e, "cannot write to '%s'", path);
	}
	*out = d;
	d = (struct newdir)NEWDIR_INIT;
	return 0;
}

int newdir_commit(struct newdir *d, struct err *e)
{
	if (syncfs(d->parent_fd) < 0)
		return err_sys(e, "cannot write '%s' to disk", d->base);
	if (confined_rename(d->parent_fd, d->temp, d->base, &d->ids, e) < 0)
		return -1;
	d->temp[0] = '\0';
	return 0;
}
