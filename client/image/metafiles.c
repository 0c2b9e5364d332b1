#include "client/image/metafiles.h"

#include "client/image/incusfiles.h"
#include "lib/adapt/tar.h"
#include "lib/adapt/xz.h"
#include "lib/base/arena.h"

#include <ctype.h>

/* `levels`: may carry .1 to .9 behind it. */
static const struct {
	const char *name;
	bool levels, kept, config, made; /* made: in no archive */
} known[] = {
	{ "config", true, true, true, false },
	{ "config-user", true, true, true, false },
	{ "create-message", true, true, false, false },
	{ "excludes", true, true, false, false },
	{ "excludes-user", true, true, false, false },
	{ "templates", true, true, false, false },
	{ "templates-user", true, true, false, false },
	{ "expiry", false, true, false, false },
	{ "build_id", false, true, false, false },
	{ "fstab", true, false, false, false },
	{ METAFILE_FILES, false, true, false, true },
};

static int index_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
		size_t n = strlen(known[i].name);

		if (strncmp(name, known[i].name, n) != 0)
			continue;
		if (name[n] == '\0')
			return (int)i;
		if (known[i].levels && name[n] == '.' && name[n + 1] >= '1' &&
			name[n + 1] <= '9' && name[n + 2] == '\0')
			return (int)i;
	}
	return -1;
}

bool metafile_is_known(const char *name)
{
	return index_of(name) >= 0;
}

bool metafile_is_kept(const char *name)
{
	int i = index_of(name);

	return i >= 0 && known[i].kept;
}

/* ---- reading */

static int read_content(struct tar *t, struct buf *out, struct err *e)
{
	for (;;) {
		unsigned char chunk[16384];
		ssize_t n = tar_read(t, chunk, sizeof(chunk), e);

		if (n < 0)
			return -1;
		if (n == 0)
			return buf_check(out, "the metadata archive", e);
		buf_add(out, chunk, (size_t)n);
	}
}

/* The members so far: a name may stand once. Those of Incus are held until all are there. */
struct reading {
	struct arena memory;
	struct incus_source member[METAFILES_COUNT_MAX];
	size_t count;
	bool is_incus;
	const char *dir; /* the first directory, or NULL: only Incus has any */
};

static void end_reading(struct reading *r)
{
	arena_release(&r->memory);
}

static bool is_incus_name(const char *name)
{
	return strcmp(name, INCUS_METADATA) == 0 || incusfiles_is_template(name);
}

static bool is_incus_dir(const struct tar_entry *entry, const char *name)
{
	return entry->type == TAR_DIR &&
	       (!*name || strcmp(name, ".") == 0 || strcmp(name, "templates") == 0 ||
		       strcmp(name, INCUS_TEMPLATES) == 0);
}

static int check_member(const struct reading *r, const struct tar_entry *entry,
	const char *name, struct err *e)
{
	int known_as = index_of(name);

	if (r->count >= METAFILES_COUNT_MAX)
		return err_set(
			e, ERR_UNTRUSTED, "more than %d files", METAFILES_COUNT_MAX);
	if (entry->type != TAR_FILE)
		return err_set(e, ERR_UNTRUSTED, "'%s' is not a regular file", name);
	if (!is_incus_name(name) && (known_as < 0 || known[known_as].made))
		return err_set(e, ERR_UNTRUSTED, "unknown file '%s'", name);
	if (entry->size > (int64_t)METAFILES_BYTES_MAX)
		return err_set(e, ERR_UNTRUSTED, "'%s' is larger than 1 MiB", name);
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->member[i].name, name) == 0)
			return err_set(e, ERR_UNTRUSTED, "'%s' stands in it twice", name);
	return 0;
}

typedef int found_fn(void *ctx, const char *name, struct bytes content, struct err *e);

static int take_member(struct reading *r, struct tar *tar, const struct tar_entry *entry,
	size_t *left, found_fn *found, void *ctx, struct err *e)
{
	auto_buf struct buf content = BUF_INIT(*left);
	struct incus_source *member = &r->member[r->count];
	const char *name = entry->path;

	if (strncmp(name, "./", 2) == 0)
		name += 2;
	if (is_incus_dir(entry, name)) {
		r->dir = r->dir ? r->dir : arena_strdup(&r->memory, entry->path);
		return 0;
	}
	if (check_member(r, entry, name, e) < 0)
		return -1;
	member->name = arena_strdup(&r->memory, name);
	r->count++;
	if (read_content(tar, &content, e) < 0)
		return -1;
	*left -= content.len;
	if (!is_incus_name(member->name))
		return found(ctx, member->name, buf_bytes(&content), e);
	r->is_incus = true;
	member->content = bytes_of(
		arena_strndup(&r->memory, content.data, content.len), content.len);
	return 0;
}

static int give_incus(const struct reading *r, found_fn *found, void *ctx, struct err *e)
{
	auto_buf struct buf files = BUF_INIT(METAFILES_BYTES_MAX);

	if (incusfiles_render(r->member, r->count, &files, e) < 0)
		return -1;
	return files.len == 0 ? 0 : found(ctx, METAFILE_FILES, buf_bytes(&files), e);
}

int metafiles_read(int fd,
	int (*found)(void *ctx, const char *name, struct bytes content, struct err *e),
	void *ctx, struct err *e)
{
	struct reader file = reader_of_fd(&fd), raw;
	auto_xz struct xz_reader *xz = NULL;
	auto_tar struct tar *tar = NULL;
	with_cleanup(end_reading) struct reading r = { .count = 0 };
	size_t left = METAFILES_BYTES_MAX;
	struct tar_entry entry;
	int rc;

	if (xz_open(&file, 1, &xz, e) < 0)
		return -1;
	raw = xz_as_reader(xz);
	if (tar_open(&raw, &tar, e) < 0)
		return -1;
	while ((rc = tar_next(tar, &entry, e)) == 1)
		if (take_member(&r, tar, &entry, &left, found, ctx, e) < 0)
			return -1;
	if (rc == 0 && r.is_incus)
		return give_incus(&r, found, ctx, e);
	if (rc == 0 && r.dir)
		return err_set(e, ERR_UNTRUSTED, "'%s' is not a regular file", r.dir);
	return rc;
}

/* ---- what may be believed */

static const char *const allowed_keys[] = {
	"lxc.arch",
	"lxc.environment",
	"lxc.haltsignal",
	"lxc.include",
	"lxc.pty.max",
	"lxc.rebootsignal",
	"lxc.signal.halt",
	"lxc.signal.reboot",
	"lxc.signal.stop",
	"lxc.stopsignal",
	"lxc.tty",
	"lxc.tty.max",
};

/* A file of the template directory, directly in it or one below: the only include. */
static bool include_is_allowed(struct bytes value)
{
	static const char below[] = "LXC_TEMPLATE_CONFIG/";
	size_t n = sizeof(below) - 1;

	if (value.len <= n || memcmp(value.data, below, n) != 0)
		return false;
	for (size_t i = n; i < value.len; i++) {
		unsigned char c = value.data[i];

		if (!isalnum(c) && !strchr("._-", c))
			return false;
		if (c == '.' && (i == n || value.data[i - 1] == '.'))
			return false;
	}
	return true;
}

static struct bytes trim(struct bytes b)
{
	while (b.len > 0 && (b.data[0] == ' ' || b.data[0] == '\t'))
		b = bytes_of(b.data + 1, b.len - 1);
	while (b.len > 0 && strchr(" \t\r", b.data[b.len - 1]) && b.data[b.len - 1])
		b.len--;
	return b;
}

static bool line_is_allowed(struct bytes key, struct bytes value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] < ' ' || value.data[i] == 0x7f)
			return false;
	for (size_t i = 0; i < ARRAY_COUNT(allowed_keys); i++)
		if (bytes_equal_str(key, allowed_keys[i]))
			return !bytes_equal_str(key, "lxc.include") ||
			       include_is_allowed(value);
	return false;
}

static void filter_line(struct bytes line, struct buf *out, struct buf *dropped)
{
	const unsigned char *equals;
	struct bytes key, value;

	line = trim(line);
	if (line.len == 0 || line.data[0] == '#')
		return;
	equals = memchr(line.data, '=', line.len);
	key = equals ? trim(bytes_of(line.data, (size_t)(equals - line.data))) : line;
	value = equals ? trim(bytes_of(
				 equals + 1, line.len - (size_t)(equals - line.data) - 1))
		       : bytes_of(NULL, 0);
	if (equals && line_is_allowed(key, value)) {
		buf_add(out, key.data, key.len);
		buf_add_str(out, " = ");
		buf_add(out, value.data, value.len);
		buf_add_byte(out, '\n');
		return;
	}
	if (dropped->len > 0)
		buf_add_byte(dropped, ' ');
	buf_add(dropped, key.data, key.len < 64 ? key.len : 64);
}

void metafile_filter(
	const char *name, struct bytes content, struct buf *out, struct buf *dropped)
{
	int i = index_of(name);

	if (i < 0 || !known[i].config) {
		buf_add(out, content.data, content.len);
		return;
	}
	while (content.len > 0) {
		const unsigned char *end = memchr(content.data, '\n', content.len);
		size_t n = end ? (size_t)(end - content.data) : content.len;

		filter_line(bytes_of(content.data, n), out, dropped);
		n += end ? 1 : 0;
		content = bytes_of(content.data + n, content.len - n);
	}
}
