#include "builder/archive.h"

#include "builder/gpgv.h"
#include "builder/inrelease.h"
#include "builder/packages.h"
#include "builder/stanza.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <time.h>

#define PACKAGES_MAX (512U << 20)
#define URL_MAX      1024
#define INRELEASE    "_InRelease"

/* One signed index and where its archive lies. */
struct index {
	const char *prefix; /* of its files in lists/: "host_debian_dists_trixie" */
	char base[URL_MAX]; /* "http://host/debian" */
	char fpr[FPR_MAX];
	struct buf text;
};

struct accounting {
	struct job *job;
	int lists_dir, archives_dir;
	struct packages packages;
	bool *seen; /* by package */
	int64_t newest_s;
};

/* ---- from the index to its Packages files */

static size_t find_package(const struct accounting *a, struct bytes stanza)
{
	struct bytes name = stanza_get(stanza, "Package");
	size_t low = 0, high = a->packages.count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int rc = strncmp(
			a->packages.item[mid].name, (const char *)name.data, name.len);

		if (rc == 0 && a->packages.item[mid].name[name.len])
			rc = 1;
		if (rc < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < a->packages.count; low++) {
		const struct package *p = &a->packages.item[low];

		if (!bytes_equal_str(name, p->name))
			break;
		if (!a->seen[low] &&
			bytes_equal_str(stanza_get(stanza, "Version"), p->version) &&
			bytes_equal_str(stanza_get(stanza, "Architecture"), p->arch))
			return low;
	}
	return PACKAGE_NONE;
}

/* As apt names it in its archives: '_' and ':' of each part in hexadecimal. */
static void quote_part(struct buf *out, const char *part)
{
	for (; *part; part++)
		if (*part == '_' || *part == ':' || *part == '%')
			buf_printf(out, "%%%02x", (unsigned int)(unsigned char)*part);
		else
			buf_add_byte(out, (unsigned char)*part);
}

static void deb_name(const struct package *p, struct buf *out)
{
	quote_part(out, p->name);
	buf_add_byte(out, '_');
	quote_part(out, p->version);
	buf_add_byte(out, '_');
	quote_part(out, p->arch);
	buf_add_str(out, ".deb");
}

static int account_deb(struct accounting *a, const struct index *x, size_t i,
	struct bytes stanza, struct err *e)
{
	auto_buf struct buf name = BUF_INIT(4096), url = BUF_INIT(4096),
			    how = BUF_INIT(256);
	struct bytes file = stanza_get(stanza, "Filename"),
		     hex = stanza_get(stanza, "SHA256");
	char want_hex[DIGEST_HEX] = "";
	struct digest want, got;
	auto_fd int fd = -1;
	int64_t newest;
	uint64_t size;

	deb_name(&a->packages.item[i], &name);
	if (hex.len == DIGEST_HEX - 1)
		memcpy(want_hex, hex.data, hex.len);
	if (digest_parse(want_hex, &want, e) < 0)
		return err_wrap(e, "the index entry of '%s'", a->packages.item[i].name);
	fd = openat(a->archives_dir, buf_str(&name), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "cannot open package file '%s'", buf_str(&name));
	if (digest_of_fd(fd, buf_str(&name), &got, &size, e) < 0 ||
		archive_deb_time(fd, buf_str(&name), &newest, e) < 0)
		return -1;
	if (!digest_equal(&want, &got)) {
		unlinkat(a->archives_dir, buf_str(&name), 0);
		return err_set(e, ERR_UNTRUSTED,
			"package file '%s' is not what the signed index names; it was "
			"removed",
			buf_str(&name));
	}
	archive_mark(fd, &got);
	if (newest > a->newest_s)
		a->newest_s = newest;
	buf_printf(&url, "%s/%.*s", x->base, (int)file.len, (const char *)file.data);
	buf_printf(&how, "openpgp:%s", x->fpr);
	job_source(a->job, "package", buf_str(&url), &got, buf_str(&how));
	a->seen[i] = true;
	return 0;
}

static int account_packages(struct accounting *a, const struct index *x, const char *file,
	const struct digest *want, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(PACKAGES_MAX);
	struct bytes rest, stanza;
	struct digest got;

	if (fs_read_at(a->lists_dir, file, &text, e) < 0)
		return -1;
	rest = buf_bytes(&text);
	got = digest_of(rest);
	if (!digest_equal(want, &got))
		return err_set(
			e, ERR_UNTRUSTED, "'%s' is not what its InRelease names", file);
	while (stanza_next(&rest, &stanza)) {
		size_t i = find_package(a, stanza);

		if (i != PACKAGE_NONE && account_deb(a, x, i, stanza, e) < 0)
			return -1;
	}
	return 0;
}

/* "_main_binary-amd64_Packages" -> "main/binary-amd64/Packages" */
static bool packages_path(const char *suffix, char out[256])
{
	size_t len = strlen(suffix);

	if (len < 10 || len > 255 || suffix[0] != '_' ||
		strcmp(suffix + len - 9, "_Packages") != 0)
		return false;
	snprintf(out, 256, "%s", suffix + 1);
	for (char *p = out; *p; p++)
		if (*p == '_')
			*p = '/';
	return true;
}

static int account_lists(struct accounting *a, const struct index *x,
	const struct fs_names *names, struct err *e)
{
	int64_t grace_s = (int64_t)a->job->release->accept_expired_release_days * 86400;
	int64_t now_s = (int64_t)time(NULL), until_s;
	size_t len = strlen(x->prefix);
	struct digest want;
	char path[256];

	if (inrelease_is_fresh(buf_bytes(&x->text), x->prefix, now_s, grace_s, e) < 0 ||
		inrelease_valid_until(buf_bytes(&x->text), x->prefix, &until_s, e) < 0)
		return -1;
	if (until_s < now_s)
		job_accepted(a->job, "expired", x->base, until_s);
	for (size_t i = 0; i < names->count; i++) {
		if (strncmp(names->name[i], x->prefix, len) != 0 ||
			!packages_path(names->name[i] + len, path))
			continue;
		if (!inrelease_lists(buf_bytes(&x->text), path, &want))
			return err_set(e, ERR_UNTRUSTED, "'%s%s' does not name '%s'",
				x->prefix, INRELEASE, path);
		if (account_packages(a, x, names->name[i], &want, e) < 0)
			return -1;
	}
	return 0;
}

/* "host_debian_dists_trixie" -> "http://host/debian" */
static int archive_base(struct index *x, struct err *e)
{
	const char *dists = strstr(x->prefix, "_dists_");
	size_t len = dists ? (size_t)(dists - x->prefix) : 0, at;

	if (len == 0 || len + 8 >= sizeof(x->base))
		return err_set(e, ERR_UPSTREAM, "'%s' lies in no archive", x->prefix);
	at = (size_t)snprintf(x->base, sizeof(x->base), "http://");
	for (size_t i = 0; i < len; i++) {
		char c = x->prefix[i];
		unsigned int code;

		if (c == '%' && i + 2 < len &&
			sscanf(x->prefix + i + 1, "%2x", &code) == 1) {
			c = (char)code;
			i += 2;
		} else if (c == '_') {
			c = '/';
		}
		x->base[at++] = c;
	}
	x->base[at] = '\0';
	return 0;
}

/* Fills x with what is signed; digest gets that of the file. */
static int read_index(const struct accounting *a, const char *file, struct index *x,
	struct digest *digest, struct err *e)
{
	auto_fd int fd = openat(a->lists_dir, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd int keys = openat(a->job->work_dir, ARCHIVE_KEYS, O_RDONLY | O_CLOEXEC);
	const struct gpgv g = { .keys_fd = keys, .log_fd = a->job->log_fd };
	uint64_t size;

	if (fd < 0 || keys < 0)
		return err_sys(e, "cannot open '%s'", fd < 0 ? file : ARCHIVE_KEYS);
	if (digest_of_fd(fd, file, digest, &size, e) < 0)
		return -1;
	return gpgv_message(&g, fd, file, &x->text, x->fpr, e);
}

static int account_index(struct accounting *a, const char *file,
	const struct fs_names *names, struct err *e)
{
	struct index x = { .text = BUF_INIT(INRELEASE_MAX) };
	auto_free char *prefix =
		xasprintf("%.*s", (int)(strlen(file) - strlen(INRELEASE)), file);
	auto_free char *url = NULL, *how = NULL;
	struct digest digest;
	int rc = -1;

	x.prefix = prefix;
	if (archive_base(&x, e) == 0 && read_index(a, file, &x, &digest, e) == 0) {
		url = xasprintf("%s/dists/%s/InRelease", x.base,
			strstr(prefix, "_dists_") + strlen("_dists_"));
		how = xasprintf("openpgp:%s", x.fpr);
		if (!job_has_source(a->job, url, &digest))
			job_source(a->job, "index", url, &digest, how);
		rc = account_lists(a, &x, names, e);
	}
	buf_release(&x.text);
	return rc;
}

/* ---- all of it */

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), tail = strlen(suffix);

	return len > tail && strcmp(name + len - tail, suffix) == 0;
}

static bool is_same(const struct package *p, const struct job_package *x)
{
	return strcmp(p->name, x->name) == 0 && strcmp(p->version, x->version) == 0 &&
	       strcmp(p->arch, x->arch) == 0;
}

static int all_seen(const struct accounting *a, struct err *e)
{
	for (size_t i = 0; i < a->packages.count; i++)
		if (!a->seen[i] && !a->job->allow_unverified)
			return err_set(e, ERR_UNTRUSTED,
				"package '%s' %s is installed and in no signed index",
				a->packages.item[i].name, a->packages.item[i].version);
	return 0;
}

/* What the first tree was made of has been verified and noted; whatever of it is still
 * installed needs no second look. True when nothing else is. */
static bool is_all_known(struct accounting *a)
{
	const struct job *j = a->job;
	size_t found = 0;

	for (size_t i = 0; i < a->packages.count; i++)
		for (size_t k = 0; k < j->known_count && !a->seen[i]; k++)
			a->seen[i] = is_same(&a->packages.item[i], &j->known[k]);
	for (size_t i = 0; i < a->packages.count; i++)
		found += a->seen[i];
	a->newest_s = j->epoch_s;
	return found == a->packages.count;
}

static int account(struct accounting *a, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (packages_read(a->job->root_dir, &a->packages, e) < 0)
		return -1;
	a->seen = xcalloc(a->packages.count + 1, sizeof(*a->seen));
	if (a->job->known_count && is_all_known(a))
		return 0;
	if (fs_list_dir(a->lists_dir, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (has_suffix(names.name[i], INRELEASE) &&
			account_index(a, names.name[i], &names, e) < 0)
			return -1;
	return all_seen(a, e);
}

int archive_account(struct job *j, struct err *e)
{
	auto_fd int lists = fs_open_dir(j->lists, e);
	auto_fd int archives = lists < 0 ? -1 : fs_open_dir(j->archives, e);
	struct accounting a = { .job = j, .lists_dir = lists, .archives_dir = archives };
	int rc;

	if (archives < 0)
		return -1;
	packages_init(&a.packages);
	rc = account(&a, e);
	packages_release(&a.packages);
	free(a.seen);
	if (rc < 0)
		return err_wrap(e, "cannot account for the packages");
	if (!j->epoch_fixed && a.newest_s > 0)
		j->epoch_s = a.newest_s;
	if (j->store_fd >= 0)
		close(STEAL_FD(j->store_fd));
	return 0;
}
