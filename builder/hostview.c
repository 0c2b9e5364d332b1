#include "builder/hostview.h"

#include "lib/base/fs.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#define VIEW "view"

static const char *const seen[] = { "usr", "bin", "sbin", "lib", "lib32", "lib64",
	"libx32", "etc/alternatives", "etc/ca-certificates", "etc/crypto-policies",
	"etc/debian_version", "etc/dnf", "etc/dpkg", "etc/gai.conf", "etc/group",
	"etc/host.conf", "etc/hosts", "etc/ld.so.cache", "etc/ld.so.conf",
	"etc/ld.so.conf.d", "etc/localtime", "etc/nsswitch.conf", "etc/os-release",
	"etc/passwd", "etc/perl", "etc/pki/ca-trust", "etc/pki/tls/certs",
	"etc/protocols", "etc/resolv.conf", "etc/rpm", "etc/services", "etc/ssl/certs",
	"etc/ssl/openssl.cnf", "etc/yum" };

/* ---- one entry */

/* The place for a mount: a directory or an empty file. */
static int make_place(int view_dir, const char *path, bool is_dir, struct err *e)
{
	const char *slash = strrchr(path, '/');
	auto_free char *parent =
		slash ? xasprintf("%.*s", (int)(slash - path), path) : NULL;
	auto_fd int fd = -1;

	if (is_dir)
		return fs_mkdirs(view_dir, path, 0755, e);
	if (parent && fs_mkdirs(view_dir, parent, 0755, e) < 0)
		return -1;
	fd = openat(view_dir, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 ? err_sys(e, "cannot make '%s'", path) : 0;
}

static int add_bind(
	struct chroot *c, const char *source, const char *target, struct err *e)
{
	if (c->bind_count == CHROOT_BINDS_MAX)
		return err_set(e, ERR_LIMIT,
			"more than %d mounts for a program of this "
			"host",
			CHROOT_BINDS_MAX);
	c->bind[c->bind_count++] = (struct chroot_bind){
		.source = source, .target = target, .read_only = true
	};
	return 0;
}

static int show(
	struct job *j, int view_dir, const char *path, struct chroot *c, struct err *e)
{
	const char *source = arena_printf(&j->arena, "/%s", path);
	char target[PATH_MAX];
	ssize_t n = strchr(path, '/') ? -1 : readlink(source, target, sizeof(target) - 1);
	struct stat st;

	if (n > 0) {
		target[n] = '\0';
		return symlinkat(target, view_dir, path) < 0
			       ? err_sys(e, "cannot make '%s'", path)
			       : 0;
	}
	if (stat(source, &st) < 0)
		return 0;
	if (make_place(view_dir, path, S_ISDIR(st.st_mode), e) < 0)
		return -1;
	return add_bind(c, source, path, e);
}

/* ---- the view */

int hostview_make(struct job *j, struct chroot *c, struct err *e)
{
	static const char *const empty[] = { "dev", "proc", "sys", "run", "tmp", "root",
		"home", "mnt", "build", "var/lib/dpkg", "var/tmp", "var/cache" };
	auto_fd int view_dir = -1;

	if (mkdirat(j->work_dir, VIEW, 0755) < 0)
		return err_sys(e, "cannot make a directory for this host's programs");
	view_dir = fs_open_dir_at(j->work_dir, VIEW, e);
	if (view_dir < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(empty); i++)
		if (fs_mkdirs(view_dir, empty[i], 0755, e) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_COUNT(seen); i++)
		if (show(j, view_dir, seen[i], c, e) < 0)
			return -1;
	if (make_place(view_dir, "var/lib/dpkg/status", false, e) < 0)
		return -1;
	c->root = arena_printf(&j->arena, "%s/" VIEW, j->work);
	c->bind[c->bind_count++] =
		(struct chroot_bind){ .source = j->work, .target = HOSTVIEW_BUILD };
	return 0;
}

/* ---- repositories of this host */

static bool is_repository(const char *path)
{
	auto_free char *dists = xasprintf("%s/dists", path);
	auto_free char *repodata = xasprintf("%s/repodata", path);
	struct stat st;

	return (stat(dists, &st) == 0 || stat(repodata, &st) == 0) && S_ISDIR(st.st_mode);
}

static int add_repository(
	struct job *j, const char *path, struct chroot *c, struct err *e)
{
	auto_fd int view_dir = -1;

	if (path[0] != '/' || strstr(path, "/../") || !is_repository(path))
		return 0;
	for (size_t i = 0; i < c->bind_count; i++)
		if (strcmp(c->bind[i].source, path) == 0)
			return 0;
	view_dir = fs_open_dir_at(j->work_dir, VIEW, e);
	if (view_dir < 0 || make_place(view_dir, path + 1, true, e) < 0)
		return -1;
	return add_bind(c, path, path + 1, e);
}

int hostview_add_repositories(
	struct job *j, const char *text, struct chroot *c, struct err *e)
{
	static const char scheme[] = "file:";

	for (const char *p = text; (p = strstr(p, scheme));) {
		size_t len;

		p += strlen(scheme);
		p += strncmp(p, "///", 3) == 0 ? 2 : 0;
		len = strcspn(p, " \t\r\n\"',");
		while (len > 1 && p[len - 1] == '/')
			len--;
		if (add_repository(j, arena_strndup(&j->arena, p, len), c, e) < 0)
			return -1;
	}
	return 0;
}
