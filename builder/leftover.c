#include "builder/leftover.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/mman.h>

#define NEEDLES_MAX 32
#define KEY_MAX     (1 << 20)
#define PROXY_LEAST 8

struct needle {
	const char *check; /* its name in build.json */
	struct bytes bytes;
	bool everywhere; /* else only in what configures the system */
	bool is_secret;  /* fails the build; else the log has it */
};

struct search {
	struct job *job;
	struct needle needle[NEEDLES_MAX];
	size_t count;
	struct err *e;
};

static const char *const configured[] = { "etc", "root", "home", "var/lib", "usr/local" };

static const char *const keys[] = { "-----BEGIN PRIVATE KEY-----",
	"-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----",
	"-----BEGIN DSA PRIVATE KEY-----", "-----BEGIN OPENSSH PRIVATE KEY-----",
	"-----BEGIN PGP PRIVATE KEY BLOCK-----" };

static const char *const proxies[] = { "http_proxy", "https_proxy", "all_proxy",
	"HTTP_PROXY", "HTTPS_PROXY" };

static void add(struct search *s, const char *check, struct bytes bytes, bool everywhere)
{
	if (s->count < NEEDLES_MAX && bytes.len)
		s->needle[s->count++] = (struct needle){ check, bytes, everywhere, true };
}

/* Package managers write down where they were told to install; the name of a directory
 * that is gone harms nobody. */
static void add_paths(struct search *s)
{
	if (s->count < NEEDLES_MAX)
		s->needle[s->count++] = (struct needle){ "build-paths",
			bytes_of_str(s->job->work), false, false };
}

static void add_all(struct search *s)
{
	const struct secrets *secrets = &s->job->secrets;

	for (size_t i = 0; i < secrets->count; i++)
		add(s, "secrets", bytes_of(secrets->item[i].data, secrets->item[i].len),
			true);
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		add(s, "private-key-files", bytes_of_str(keys[i]), false);
	for (size_t i = 0; i < ARRAY_COUNT(proxies); i++) {
		const char *value = getenv(proxies[i]);

		/* What is shorter names no proxy, and would be found everywhere. */
		if (value && strlen(value) >= PROXY_LEAST)
			add(s, "proxies", bytes_of_str(value), false);
	}
	add_paths(s);
}

static bool is_configuration(const char *path)
{
	for (size_t i = 0; i < ARRAY_COUNT(configured); i++) {
		size_t len = strlen(configured[i]);

		if (strncmp(path, configured[i], len) == 0 &&
			(path[len] == '/' || !path[len]))
			return true;
	}
	return false;
}

static int judge(struct search *s, const char *path, struct bytes content)
{
	bool configuration = is_configuration(path);

	for (size_t i = 0; i < s->count; i++) {
		const struct needle *n = &s->needle[i];

		if ((!n->everywhere && !configuration) || content.len < n->bytes.len ||
			!memmem(content.data, content.len, n->bytes.data, n->bytes.len))
			continue;
		if (n->is_secret)
			return err_set(s->e, ERR_RECIPE,
				"'%s' is left in '/%s': the recipe must remove it",
				n->check, path);
		job_log(s->job, "%s: found in '/%s'", n->check, path);
	}
	return 0;
}

static int judge_file(struct search *s, int dir, const char *name, const char *path,
	const struct stat *st)
{
	auto_fd int fd = -1;
	void *map;
	int rc;

	if (st->st_size == 0 ||
		(s->job->secrets.count == 0 &&
			(!is_configuration(path) || st->st_size > KEY_MAX)))
		return 0;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	map = fd < 0 ? MAP_FAILED
		     : mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_sys(s->e, "cannot read '%s'", path);
	rc = judge(s, path, bytes_of(map, (size_t)st->st_size));
	munmap(map, (size_t)st->st_size);
	return rc;
}

static int judge_link(struct search *s, int dir, const char *name, const char *path)
{
	char target[4096];
	ssize_t n = readlinkat(dir, name, target, sizeof(target));

	return n < 0 ? err_sys(s->e, "cannot read link '%s'", path)
		     : judge(s, path, bytes_of(target, (size_t)n));
}

static int walk(struct search *s, int dir, const char *path)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(dir, ".", &names, s->e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.name[i];
		auto_free char *below =
			*path ? xasprintf("%s/%s", path, name) : xstrdup(name);
		auto_fd int child = -1;
		struct stat st;
		int rc;

		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(s->e, "cannot look at '%s'", below);
		rc = judge(s, below, bytes_of_str(name));
		if (rc == 0 && S_ISREG(st.st_mode))
			rc = judge_file(s, dir, name, below, &st);
		else if (rc == 0 && S_ISLNK(st.st_mode))
			rc = judge_link(s, dir, name, below);
		else if (rc == 0 && S_ISDIR(st.st_mode)) {
			child = fs_open_dir_at(dir, name, s->e);
			rc = child < 0 ? -1 : walk(s, child, below);
		}
		if (rc < 0)
			return -1;
	}
	return 0;
}

int leftover_check(struct job *j, struct err *e)
{
	static const char *const names[] = { "secrets", "private-key-files", "proxies",
		"build-paths" };
	struct search s = { .job = j, .e = e };

	add_all(&s);
	if (walk(&s, j->root_dir, "") < 0)
		return err_wrap(e, "cannot hand over the tree");
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		job_scrubbed(j, names[i], 0);
	return 0;
}
