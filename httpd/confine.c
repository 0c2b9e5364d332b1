#include "httpd/confine.h"

#include "lib/base/sandbox.h"
#include "seccomp.h"

#include <fcntl.h>
#include <pwd.h>

#define DEFAULT_USER "www-data"

static int parse_uid(const char *name, uid_t *out)
{
	char *end = NULL;
	unsigned long value = strtoul(name, &end, 10);

	if (name[0] < '0' || name[0] > '9' || *end || value >= (uid_t)-1)
		return -1;
	*out = (uid_t)value;
	return 0;
}

static int find_user(const char *name, struct confine_user *out, struct err *e)
{
	const struct passwd *pw;
	uid_t uid;

	errno = 0;
	if (parse_uid(name, &uid) == 0) {
		pw = getpwuid(uid);
		/* An id without an entry is a user too; its group has the same number. */
		out->uid = uid;
		out->gid = pw ? pw->pw_gid : uid;
		return 0;
	}
	pw = getpwnam(name);
	if (!pw)
		return err_set(e, ERR_NOTFOUND, "there is no user '%s'", name);
	out->uid = pw->pw_uid;
	out->gid = pw->pw_gid;
	return 0;
}

int confine_user_find(const char *name, struct confine_user *out, struct err *e)
{
	struct confine_user found = { geteuid(), getegid(), false };
	bool is_root = found.uid == 0;

	if (!name && !is_root) {
		*out = found;
		return 0;
	}
	if (find_user(name ? name : DEFAULT_USER, &found, e) < 0)
		return name ? -1
			    : err_set(e, ERR_USAGE,
				      "refuse to serve as root and there is no user "
				      "'%s': "
				      "name one with --user",
				      DEFAULT_USER);
	if (found.uid == 0)
		return err_set(
			e, ERR_USAGE, "refuse to serve as root, name another --user");
	if (!is_root && found.uid != geteuid())
		return err_set(
			e, ERR_USAGE, "cannot become user '%s' without being root", name);
	found.change = is_root;
	*out = found;
	return 0;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define WITH_ADDRESS_SANITIZER 1
#endif

/* AddressSanitizer's runtime reads /proc and forks its own tracer at exit. */
static int filter_calls(struct err *e)
{
#ifdef WITH_ADDRESS_SANITIZER
	(void)e;
	return 0;
#else
	return sandbox_seccomp(seccomp_httpd, ARRAY_COUNT(seccomp_httpd), e);
#endif
}

static bool is_readable(int dir)
{
	auto_fd int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && faccessat(dir, ".", X_OK, 0) == 0;
}

static int check_all_readable(const int *dirs, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++)
		if (!is_readable(dirs[i]))
			return err_sys(e, "cannot read the %s directory as user %u",
				i == 0 ? "root" : "ACME", (unsigned int)geteuid());
	return 0;
}

int confine(const int *dirs, size_t count, const struct confine_user *user, struct err *e)
{
	struct sandbox_rule rules[CONFINE_DIRS_MAX];
	int files;

	if (user->change && sandbox_set_ids(user->uid, user->gid, e) < 0)
		return -1;
	if (sandbox_no_new_privs(e) < 0 || sandbox_drop_caps(e) < 0 ||
		check_all_readable(dirs, count, e) < 0 || sandbox_no_core(e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		rules[i] = (struct sandbox_rule){ dirs[i], SANDBOX_READ };
	files = sandbox_files(rules, count, e);
	if (files < 0 || filter_calls(e) < 0)
		return -1;
	return files;
}
