#include "client/image/audit.h"

#include "client/image/place.h"
#include "lib/base/fs.h"
#include "lib/base/tree.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/xattr.h>

#define NAMES_MAX (64U << 10)
#define VALUE_MAX 65536U

struct auditing {
	const struct audit_job *job;
	const struct audit_watch *watch;
	const struct manifest_entry **by_path;
	struct unpack_state policy;
	struct unpack_entry want;
	uint64_t bytes;
	struct err said; /* one finding as a sentence */
};

/* A finding, not a failure: 0 to go on. The sentence stands in a->said. */
static int tell(struct auditing *a, struct err *e)
{
	return a->watch->damage(a->watch->ctx, a->said.text, e);
}

#define DAMAGE(a, ...) (void)!err_set(&(a)->said, ERR_DAMAGED, __VA_ARGS__)

/* ---- facts that lstat knows */

static char type_of(const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return '0';
	case S_IFLNK:
		return '2';
	case S_IFDIR:
		return '5';
	case S_IFIFO:
		return '6';
	default:
		return '?';
	}
}

/* 1 all is as it should be, 0 a finding. */
static int check_facts(struct auditing *a, const char *path, const struct stat *st)
{
	const struct unpack_entry *w = &a->want;
	bool link = w->type == TAR_SYMLINK, ids = !a->job->single_id;
	const struct {
		const char *fact;
		int64_t is, was;
		bool counts;
	} facts[] = {
		{ "type", type_of(st), w->type, true },
		{ "mode", st->st_mode & 07777, w->mode, !link },
		{ "owner", st->st_uid, w->uid, ids },
		{ "group", st->st_gid, w->gid, ids },
	};

	for (size_t i = 0; i < ARRAY_COUNT(facts); i++)
		if (facts[i].counts && facts[i].is != facts[i].was) {
			DAMAGE(a, "'%s' has %s %" PRId64 " where %" PRId64 " was stored",
				path, facts[i].fact, facts[i].is, facts[i].was);
			return 0;
		}
	return 1;
}

/* Last: whoever changes a content changes the time too, and the content matters more. */
static int check_time(struct auditing *a, const char *path, const struct stat *st)
{
	if (st->st_mtim.tv_sec == a->want.mtime_s)
		return 1;
	DAMAGE(a, "'%s' has time %" PRId64 " where %" PRId64 " was stored", path,
		(int64_t)st->st_mtim.tv_sec, a->want.mtime_s);
	return 0;
}

static int check_target(struct auditing *a, int fd, const char *path)
{
	char target[4096];
	ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);

	if (n >= 0) {
		target[n] = '\0';
		if (strcmp(target, a->want.target) == 0)
			return 1;
	}
	DAMAGE(a, "'%s' is a link to somewhere else than was stored", path);
	return 0;
}

/* ---- what has to be opened */

static bool xattr_is_right(int fd, const struct tar_xattr *x, unsigned char *value)
{
	ssize_t n = fgetxattr(fd, x->name, value, VALUE_MAX);

	return n >= 0 && (size_t)n == x->len && memcmp(value, x->value, x->len) == 0;
}

/* Of a tree that belongs to one user, lists of what others may do were left out. */
static bool xattr_is_kept(const struct auditing *a, const char *name)
{
	return unpack_xattr_is_allowed(name) &&
	       !(a->job->single_id && tree_attribute_names_ids(name));
}

static size_t count_xattrs(const struct auditing *a, int fd)
{
	auto_free char *names = xmalloc(NAMES_MAX);
	ssize_t n = flistxattr(fd, names, NAMES_MAX);
	size_t count = 0;

	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1)
		count += xattr_is_kept(a, names + at);
	return count;
}

static int check_xattrs(struct auditing *a, int fd, const char *path)
{
	auto_free unsigned char *value = xmalloc(VALUE_MAX);
	size_t kept = 0;

	for (size_t i = 0; i < a->want.xattr_count; i++) {
		const struct tar_xattr *x = &a->want.xattr[i];

		if (!xattr_is_kept(a, x->name))
			continue;
		kept++;
		if (!xattr_is_right(fd, x, value)) {
			DAMAGE(a, "'%s' has another attribute '%s' than was stored", path,
				x->name);
			return 0;
		}
	}
	if (count_xattrs(a, fd) == kept)
		return 1;
	DAMAGE(a, "'%s' has attributes that were not stored", path);
	return 0;
}

static int check_content(struct auditing *a, int fd, const struct manifest_entry *m)
{
	struct digest is;
	uint64_t size;

	if (m->size == 0)
		return 1;
	if (digest_of_fd(fd, m->path, &is, &size, &a->said) < 0)
		return 0; /* cannot be read: that is damage too */
	a->bytes += size;
	if (size == m->size && digest_equal(&is, &m->sha256))
		return 1;
	DAMAGE(a, "'%s' has another content than was stored", m->path);
	return 0;
}

static int check_inside(struct auditing *a, const struct manifest_entry *m)
{
	bool dir = m->type == '5';
	const char *path = *m->path ? m->path : ".";
	auto_fd int fd = fs_open_beneath(a->job->root_fd, path,
		O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | (dir ? O_DIRECTORY : 0),
		0, &a->said);

	if (fd < 0)
		return 0;
	if (check_xattrs(a, fd, path) == 0)
		return 0;
	return dir ? 1 : check_content(a, fd, m);
}

/* ---- one entry */

static int check_hardlink(struct auditing *a, const struct manifest_entry *m)
{
	struct stat one, other;

	if (fstatat(a->job->root_fd, m->path, &one, AT_SYMLINK_NOFOLLOW) == 0 &&
		fstatat(a->job->root_fd, m->link, &other, AT_SYMLINK_NOFOLLOW) == 0 &&
		one.st_ino == other.st_ino && one.st_dev == other.st_dev)
		return 1;
	DAMAGE(a, "'%s' is no longer one file with '%s'", m->path, m->link);
	return 0;
}

static int check_entry(struct auditing *a, const struct manifest_entry *m)
{
	const char *path = *m->path ? m->path : ".";
	auto_fd int fd = -1;
	struct stat st;

	if (m->type == '1')
		return check_hardlink(a, m);
	fd = fs_open_beneath(a->job->root_fd, path, O_PATH | O_NOFOLLOW, 0, &a->said);
	if (fd < 0 && a->said.code == ERR_NOTFOUND)
		DAMAGE(a, "'%s' is missing", path);
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0) {
		(void)!err_sys(&a->said, "cannot look at '%s'", path);
		return 0;
	}
	if (check_facts(a, path, &st) == 0 ||
		(m->type == '2' && check_target(a, fd, path) == 0) ||
		((m->type == '0' || m->type == '5') && check_inside(a, m) == 0))
		return 0;
	return check_time(a, path, &st);
}

static int audit_entry(struct auditing *a, const struct manifest_entry *m, struct err *e)
{
	struct tar_entry t;

	place_as_tar(m, &t);
	switch (unpack_judge(&a->policy, &t, &a->want, e)) {
	case UNPACK_SKIP:
		return 0;
	case UNPACK_REFUSE:
		return -1;
	case UNPACK_ROOT:
		a->want.type = TAR_DIR;
		break;
	default:
		break;
	}
	return check_entry(a, m) ? 0 : tell(a, e);
}

/* ---- what is there and should not be */

static int by_path(const void *a, const void *b)
{
	const struct manifest_entry *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

static bool is_known(const struct auditing *a, const char *path)
{
	const struct manifest_entry key = { .path = path }, *k = &key;

	return bsearch(&k, a->by_path, a->job->manifest->count, sizeof(k), by_path);
}

static int look_around(struct auditing *a, const char *dir, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	struct err unreadable;

	if (fs_list_dir(a->job->root_fd, *dir ? dir : ".", &names, &unreadable) < 0)
		return 0; /* missing or no directory: that was told */
	for (size_t i = 0; i < names.count; i++) {
		auto_free char *path =
			xasprintf("%s%s%s", dir, *dir ? "/" : "", names.name[i]);

		if (is_known(a, path))
			continue;
		DAMAGE(a, "'%s' is there and was not stored", path);
		if (tell(a, e) < 0)
			return -1;
	}
	return 0;
}

static int audit_all(struct auditing *a, struct err *e)
{
	const struct manifest *m = a->job->manifest;

	for (size_t i = 0; i < m->count; i++)
		if (audit_entry(a, &m->entry[i], e) < 0 ||
			a->watch->moved(a->watch->ctx, a->bytes, e) < 0)
			return -1;
	for (size_t i = 0; i < m->count; i++)
		if (m->entry[i].type == '5' && look_around(a, m->entry[i].path, e) < 0)
			return -1;
	return 0;
}

int audit_run(const struct audit_job *job, const struct audit_watch *watch, struct err *e)
{
	struct auditing *a = xcalloc(1, sizeof(*a));
	const struct manifest *m = job->manifest;
	int rc;

	a->job = job;
	a->watch = watch;
	a->policy.limits = (struct unpack_limits)UNPACK_LIMITS_HARD;
	a->by_path = xcalloc(m->count + 1, sizeof(*a->by_path));
	for (size_t i = 0; i < m->count; i++)
		a->by_path[i] = &m->entry[i];
	qsort(a->by_path, m->count, sizeof(*a->by_path), by_path);
	rc = audit_all(a, e);
	free(a->by_path);
	free(a);
	return rc;
}
