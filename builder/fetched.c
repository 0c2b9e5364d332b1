#include "builder/fetched.h"

#include "builder/download.h"
#include "builder/fetchedstore.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define FILE_SCHEME "file://"
#define HEAD_MAX    256 /* bytes that tell a page */

void fetched_release(struct fetched *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

static bool is_remote(const char *url)
{
	return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
}

static int bad_scheme(const char *url, struct err *e)
{
	return err_set(e, ERR_RECIPE,
		"'source.url' must begin with http://, https:// or file://, not '%s'",
		url);
}

/* ---- a file of this host */

static int open_local(const char *path, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_RECIPE, "'%s' is no regular file", path);
	return STEAL_FD(fd);
}

static int check(const struct wanted *w, const struct digest *got, struct err *e)
{
	char want_hex[DIGEST_HEX], got_hex[DIGEST_HEX];

	if (!w->sha256 || digest_equal(w->sha256, got))
		return 0;
	digest_hex(w->sha256, want_hex);
	digest_hex(got, got_hex);
	return err_set(e, ERR_UNTRUSTED, "'%s' has sha256 %s, %s %s", w->url, got_hex,
		w->by, want_hex);
}

static int get_local(const struct wanted *w, struct fetched *out, struct err *e)
{
	auto_fd int fd = open_local(w->url + strlen(FILE_SCHEME), e);
	struct digest got;
	uint64_t size;

	if (fd < 0 || digest_of_fd(fd, w->url, &got, &size, e) < 0 ||
		check(w, &got, e) < 0)
		return -1;
	out->sha256 = got;
	out->fd = STEAL_FD(fd);
	return 0;
}

/* ---- one of a server */

static int run(struct job *j, const struct wanted *w, const struct part *p, struct err *e)
{
	const struct download d = { .url = w->url,
		.max_bytes = w->max_bytes,
		.out_fd = p->fd,
		.state_fd = p->state_fd,
		.log_fd = j->log_fd,
		.accept = w->accept,
		.registry = w->registry };

	return download_run(&d, e);
}

/* What was fetched is what was wanted, or it is gone. */
static int take(const struct store *s, struct part *p, const struct wanted *w,
	struct fetched *out, struct err *e)
{
	struct digest got;
	uint64_t size;

	if (digest_of_fd(p->fd, w->url, &got, &size, e) < 0 || check(w, &got, e) < 0)
		return -1;
	out->fd = store_keep(s, p, &got, e);
	out->sha256 = got;
	return out->fd < 0 ? -1 : 0;
}

static int fetch_anew(struct job *j, const struct store *s, struct part *p,
	const struct wanted *w, struct fetched *out, struct err *e)
{
	if (part_clear(p, e) < 0 || run(j, w, p, e) < 0)
		return -1;
	return take(s, p, w, out, e);
}

/* Nothing tells beforehand what it should be: all of it, unless the server says that it
 * still is what it was. */
static int fetch_unknown(struct job *j, const struct store *s, struct part *p,
	const struct wanted *w, struct fetched *out, struct err *e)
{
	if (part_restart(s, p, e) < 0 || run(j, w, p, e) < 0)
		return -1;
	if (!part_is_unchanged(p))
		return take(s, p, w, out, e);
	return store_open_known(s, p, &out->sha256, &out->fd) == 0
		       ? 0
		       : fetch_anew(j, s, p, w, out, e);
}

/* Its beginning may be another's, of an earlier build: then all of it, once. */
static int fetch_known(struct job *j, const struct store *s, struct part *p,
	const struct wanted *w, struct fetched *out, struct err *e)
{
	bool goes_on = part_has_begun(p);

	if (run(j, w, p, e) < 0)
		return -1;
	if (take(s, p, w, out, e) == 0)
		return 0;
	if (!goes_on || e->code != ERR_UNTRUSTED)
		return -1;
	job_log(j, "'%s' was continued and is not what it should be: fetched anew",
		w->url);
	return fetch_anew(j, s, p, w, out, e);
}

static int get_remote(
	struct job *j, const struct wanted *w, struct fetched *out, struct err *e)
{
	auto_store struct store s = STORE_INIT;
	auto_part struct part p = PART_INIT;
	int rc;

	if (store_open(&s, j->sources, j->log_fd, e) < 0)
		return -1;
	if (w->sha256 && store_find(&s, w->sha256, &out->fd) == 0) {
		out->sha256 = *w->sha256;
		return 0;
	}
	if (part_open(&s, w->url, &p, e) < 0)
		return -1;
	/* Somebody may have fetched it while the lock was his. */
	if (w->sha256 && store_find(&s, w->sha256, &out->fd) == 0) {
		out->sha256 = *w->sha256;
		part_remove(&s, &p);
		return 0;
	}
	rc = w->sha256 ? fetch_known(j, &s, &p, w, out, e)
		       : fetch_unknown(j, &s, &p, w, out, e);
	if (rc < 0 && w->sha256 && e->code == ERR_NETWORK)
		return -1; /* the next build goes on */
	part_remove(&s, &p);
	if (rc == 0)
		store_trim(&s, j->cache_max_bytes);
	return rc;
}

int fetched_get(struct job *j, const struct wanted *w, struct fetched *out, struct err *e)
{
	if (strncmp(w->url, FILE_SCHEME, strlen(FILE_SCHEME)) == 0)
		return get_local(w, out, e);
	return is_remote(w->url) ? get_remote(j, w, out, e) : bad_scheme(w->url, e);
}

void fetched_forget(const struct job *j, const char *url, const struct digest *sha256)
{
	auto_store struct store s = STORE_INIT;
	struct err ignored;

	if (is_remote(url) && store_open(&s, j->sources, j->log_fd, &ignored) == 0)
		store_forget(&s, url, sha256);
}

bool fetched_is_page(int fd)
{
	char head[HEAD_MAX];
	ssize_t n = pread(fd, head, sizeof(head) - 1, 0);
	const char *p = head;

	if (n <= 0)
		return false;
	head[n] = '\0';
	if (strncmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	p += strspn(p, " \t\r\n");
	return strncasecmp(p, "<!doctype", 9) == 0 || strncasecmp(p, "<html", 5) == 0 ||
	       strncasecmp(p, "<head", 5) == 0 || strncasecmp(p, "<?xml", 5) == 0;
}

int fetched_document(struct job *j, const char *url, const char *const *accept,
	bool registry, int *fd, struct err *e)
{
	auto_fd int got = -1;
	struct download d = { .url = url,
		.max_bytes = DOCUMENT_MAX,
		.state_fd = -1,
		.log_fd = j->log_fd,
		.accept = accept,
		.registry = registry };

	if (strncmp(url, FILE_SCHEME, strlen(FILE_SCHEME)) == 0) {
		got = open_local(url + strlen(FILE_SCHEME), e);
		if (got < 0)
			return -1;
		*fd = STEAL_FD(got);
		return 0;
	}
	if (!is_remote(url))
		return bad_scheme(url, e);
	got = d.out_fd = memfd_create("document", MFD_CLOEXEC);
	if (got < 0)
		return err_sys(e, "cannot make a memory file");
	if (download_run(&d, e) < 0)
		return -1;
	*fd = STEAL_FD(got);
	return 0;
}
