#include "builder/unpack.h"

#include "lib/adapt/tar.h"
#include "lib/adapt/xz.h"
#include "lib/adapt/zst.h"
#include "lib/base/fs.h"
#include "lib/base/tree.h"
#include "lib/model/unpackpolicy.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define COPY_STEP (256U << 10)
#define CAP_LAST  63

static const int kept_caps[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID,
	CAP_SETFCAP };

/* What the child hands back through its pipe. */
struct report {
	int failed;
	int64_t newest_s;
	struct err err;
};

struct unpacking {
	struct tar *tar;
	struct tree *tree;
	struct unpack_state state;
	struct unpack_entry entry;
	int64_t newest_s;
};

/* ---- one entry */

static struct tree_meta meta_of(
	const struct unpack_entry *u, struct tree_xattr xattrs[TAR_XATTR_MAX])
{
	for (size_t i = 0; i < u->xattr_count; i++)
		xattrs[i] = (struct tree_xattr){ .name = u->xattr[i].name,
			.value = u->xattr[i].value,
			.len = u->xattr[i].len };
	return (struct tree_meta){ .mode = u->mode,
		.uid = u->uid,
		.gid = u->gid,
		.mtime_s = u->mtime_s,
		.xattrs = xattrs,
		.xattr_count = u->xattr_count };
}

static int write_content(struct unpacking *u, const struct tree_meta *meta, struct err *e)
{
	auto_free char *step = xmalloc(COPY_STEP);
	auto_fd int fd = tree_file_begin(u->tree, &u->entry.path, e);
	ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = tar_read(u->tar, step, COPY_STEP, e)) > 0)
		if (fs_write_all(fd, step, (size_t)n, e) < 0)
			return -1;
	if (n < 0)
		return -1;
	return tree_file_end(u->tree, fd, &u->entry.path, meta, e);
}

static int write_entry(struct unpacking *u, struct err *e)
{
	struct tree_xattr xattrs[TAR_XATTR_MAX];
	const struct tree_meta meta = meta_of(&u->entry, xattrs);

	switch (u->entry.type) {
	case TAR_DIR:
		return tree_dir(u->tree, &u->entry.path, &meta, e);
	case TAR_SYMLINK:
		return tree_symlink(u->tree, &u->entry.path, u->entry.target, &meta, e);
	case TAR_HARDLINK:
		return tree_hardlink(u->tree, &u->entry.path, &u->entry.link, e);
	case TAR_FIFO:
		return tree_fifo(u->tree, &u->entry.path, &meta, e);
	default:
		return write_content(u, &meta, e);
	}
}

static int take_entry(struct unpacking *u, const struct tar_entry *t, struct err *e)
{
	struct tree_xattr xattrs[TAR_XATTR_MAX];
	struct tree_meta meta;

	if (t->mtime_s > u->newest_s)
		u->newest_s = t->mtime_s;
	switch (unpack_judge(&u->state, t, &u->entry, e)) {
	case UNPACK_KEEP:
		return write_entry(u, e) < 0 ? err_wrap(e, "cannot unpack '%s'", t->path)
					     : 0;
	case UNPACK_ROOT:
		meta = meta_of(&u->entry, xattrs);
		return tree_root(u->tree, &meta, e);
	case UNPACK_SKIP:
		return 0;
	case UNPACK_REFUSE:
		break;
	}
	return -1;
}

static int unpack_stream(
	const struct reader *in, int root_dir, int64_t *newest, struct err *e)
{
	auto_tar struct tar *tar = NULL;
	auto_tree struct tree *tree = NULL;
	struct unpacking u = { .state = { .limits = UNPACK_LIMITS_HARD } };
	struct tar_entry t;
	int rc;

	if (tar_open(in, &tar, e) < 0 || tree_open(root_dir, 0, &tree, e) < 0)
		return -1;
	u.tar = tar;
	u.tree = tree;
	while ((rc = tar_next(tar, &t, e)) > 0)
		if (take_entry(&u, &t, e) < 0)
			return -1;
	if (rc < 0 || tree_finish(tree, e) < 0)
		return -1;
	*newest = u.newest_s;
	return 0;
}

/* ---- how it is compressed */

static bool ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), tail = strlen(suffix);

	return len > tail && strcmp(name + len - tail, suffix) == 0;
}

bool unpack_is_known(const char *name)
{
	return ends_in(name, ".tar") || ends_in(name, ".tar.xz") ||
	       ends_in(name, ".tar.zst");
}

static int unpack_named(
	int fd, const char *name, int root_dir, int64_t *newest, struct err *e)
{
	auto_xz struct xz_reader *xz = NULL;
	auto_zst struct zst_reader *zst = NULL;
	struct reader in = reader_of_fd(&fd);

	if (ends_in(name, ".xz")) {
		if (xz_open(&in, 1, &xz, e) < 0)
			return -1;
		in = xz_as_reader(xz);
		return unpack_stream(&in, root_dir, newest, e);
	}
	if (ends_in(name, ".zst")) {
		struct reader raw = in;

		if (zst_open(&raw, &zst, e) < 0)
			return -1;
		in = zst_as_reader(zst);
		return unpack_stream(&in, root_dir, newest, e);
	}
	return unpack_stream(&in, root_dir, newest, e);
}

/* ---- the child */

static int keep_caps(struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	for (int cap = 0; cap <= CAP_LAST; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
			return err_sys(e, "cannot drop capability %d", cap);
	for (size_t i = 0; i < ARRAY_COUNT(kept_caps); i++) {
		data[0].permitted |= 1U << kept_caps[i];
		data[0].effective |= 1U << kept_caps[i];
	}
	data[0].inheritable = 0;
	if (syscall(SYS_capset, &head, data) < 0)
		return err_sys(e, "cannot give up capabilities");
	return 0;
}

static int confine(int root_dir, struct err *e)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || unshare(CLONE_NEWNET) < 0 ||
		fchdir(root_dir) < 0 || chroot(".") < 0)
		return err_sys(e, "cannot confine the unpacker");
	umask(0);
	return keep_caps(e);
}

__attribute__((noreturn)) static void child(
	int archive_fd, const char *name, int root_dir, int report_fd)
{
	struct report r = { .failed = 1 };
	struct err ignored;

	if (confine(root_dir, &r.err) == 0 &&
		unpack_named(archive_fd, name, root_dir, &r.newest_s, &r.err) == 0)
		r.failed = 0;
	_exit(fs_write_all(report_fd, &r, sizeof(r), &ignored) < 0);
}

static int take_report(int fd, struct report *r, struct err *e)
{
	size_t got = 0;
	ssize_t n;

	while (got < sizeof(*r) && (n = read(fd, (char *)r + got, sizeof(*r) - got)) > 0)
		got += (size_t)n;
	if (got < sizeof(*r))
		return err_set(e, ERR_FAILED, "the unpacking process died");
	return 0;
}

int unpack_archive(
	int archive_fd, const char *name, int root_dir, int64_t *newest_s, struct err *e)
{
	struct report r = { .failed = 1 };
	int fds[2], rc;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	pid = fork();
	if (pid == 0)
		child(archive_fd, name, root_dir, fds[1]);
	close(fds[1]);
	rc = pid < 0 ? err_sys(e, "cannot fork") : take_report(fds[0], &r, e);
	close(fds[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (rc < 0)
		return -1;
	if (r.failed) {
		*e = r.err;
		return err_wrap(e, "cannot unpack '%s'", name);
	}
	*newest_s = r.newest_s;
	return 0;
}
