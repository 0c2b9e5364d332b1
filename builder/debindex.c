#include "builder/debindex.h"

#include "builder/archive.h"
#include "builder/inrelease.h"
#include "builder/stanza.h"

#include <fcntl.h>
#include <time.h>

#define LINE_WORDS_MAX (DEBINDEX_COMPONENTS_MAX + 3)

void debindex_init(struct debindex *x)
{
	*x = (struct debindex){ .text = BUF_INIT(INRELEASE_MAX) };
}

void debindex_release(struct debindex *x)
{
	buf_release(&x->text);
}

static int not_modelled(char reason[REASON_MAX], const char *what, const char *name)
{
	snprintf(reason, REASON_MAX, "%s '%s'", what, name);
	return 1;
}

/* "deb BASE SUITE COMPONENT..." */
static int take_line(
	struct job *j, const char *line, struct debindex *x, char reason[REASON_MAX])
{
	char *rest = arena_strdup(&j->arena, line), *word[LINE_WORDS_MAX];
	size_t count = 0, len;

	for (char *w; count < LINE_WORDS_MAX && (w = strsep(&rest, " "));)
		if (*w)
			word[count++] = w;
	if (rest || count < 4 || strcmp(word[0], "deb") != 0 || word[1][0] == '[' ||
		strchr(word[2], '/'))
		return not_modelled(reason, "an archive's line of another kind:", line);
	for (len = strlen(word[1]); len && word[1][len - 1] == '/'; len--)
		word[1][len - 1] = '\0';
	x->base = word[1];
	x->suite = word[2];
	x->component_count = count - 3;
	for (size_t i = 3; i < count; i++)
		x->component[i - 3] = word[i];
	x->url = arena_printf(&j->arena, "%s/dists/%s/InRelease", x->base, x->suite);
	return 0;
}

static int verify(struct job *j, struct debindex *x, int fd, struct err *e)
{
	auto_fd int keys = openat(j->work_dir, ARCHIVE_KEYS, O_RDONLY | O_CLOEXEC);
	const struct gpgv g = { .keys_fd = keys, .log_fd = j->log_fd };
	int64_t grace_s = (int64_t)j->release->accept_expired_release_days * 86400;

	if (keys < 0)
		return err_sys(e, "cannot open '%s'", ARCHIVE_KEYS);
	if (fetched_is_page(fd))
		return err_set(e, ERR_UPSTREAM,
			"'%s' is a web page, not an archive's index", x->url);
	if (gpgv_message(&g, fd, x->url, &x->text, x->fpr, e) < 0)
		return -1;
	return inrelease_is_fresh(
		buf_bytes(&x->text), x->url, (int64_t)time(NULL), grace_s, e);
}

/* The same keys sign other suites as well. */
static bool is_of_suite(const struct debindex *x)
{
	static const char *const fields[] = { "Codename", "Suite" };

	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		if (bytes_equal_str(stanza_get(buf_bytes(&x->text), fields[i]), x->suite))
			return true;
	return false;
}

int debindex_open(struct job *j, const char *line, const struct digest *inrelease,
	struct debindex *x, char reason[REASON_MAX], struct err *e)
{
	auto_fetched struct fetched f = FETCHED_INIT;
	struct wanted w = { .sha256 = inrelease,
		.by = "a moment ago it had",
		.max_bytes = INRELEASE_MAX };

	if (take_line(j, line, x, reason) > 0)
		return 1;
	w.url = x->url;
	if (fetched_get(j, &w, &f, e) < 0)
		return e->code == ERR_NOTFOUND
			       ? not_modelled(reason, "an archive without", x->url)
			       : -1;
	x->sha256 = f.sha256;
	if (verify(j, x, f.fd, e) < 0) {
		fetched_forget(j, x->url, &f.sha256);
		return -1;
	}
	if (!is_of_suite(x))
		return not_modelled(reason, "an index that is of another suite:", x->url);
	return 0;
}

/* ---- what it names */

static bool allows_by_hash(const struct debindex *x)
{
	return bytes_equal_str(stanza_get(buf_bytes(&x->text), "Acquire-By-Hash"), "yes");
}

static const char *url_of(struct job *j, const struct debindex *x, const char *dir,
	const char *suffix, const struct digest *sha256)
{
	char hex[DIGEST_HEX];

	digest_hex(sha256, hex);
	if (allows_by_hash(x))
		return arena_printf(&j->arena, "%s/dists/%s/%s/by-hash/SHA256/%s",
			x->base, x->suite, dir, hex);
	return arena_printf(
		&j->arena, "%s/dists/%s/%s/Packages%s", x->base, x->suite, dir, suffix);
}

int debindex_packages(struct job *j, const struct debindex *x, const char *component,
	struct fetched *out, struct digest *plain, char reason[REASON_MAX], struct err *e)
{
	static const char *const suffixes[] = { ".xz", ".gz", "" };
	const char *dir = arena_printf(&j->arena, "%s/binary-%s", component,
		text_str(&j->recipe->image.architecture_mapped));
	auto_free char *name = xasprintf("%s/Packages", dir);
	struct wanted w = { .by = x->url, .max_bytes = DEBINDEX_PACKAGES_MAX };
	struct digest sha256;

	if (!inrelease_lists(buf_bytes(&x->text), name, plain))
		return not_modelled(reason, "an index that names no", name);
	for (size_t i = 0; i < ARRAY_COUNT(suffixes); i++) {
		auto_free char *full = xasprintf("%s%s", name, suffixes[i]);

		if (!inrelease_lists(buf_bytes(&x->text), full, &sha256))
			continue;
		w.url = url_of(j, x, dir, suffixes[i], &sha256);
		w.sha256 = &sha256;
		return fetched_get(j, &w, out, e);
	}
	return not_modelled(reason, "an index that names no", name);
}
