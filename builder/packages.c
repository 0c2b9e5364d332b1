#include "builder/packages.h"

#include "builder/stanza.h"

#include "lib/base/fs.h"

#define STATUS_PATH  "var/lib/dpkg/status"
#define STATUS_MAX   (64U << 20)
#define LIST_MAX     (16U << 20)
#define PACKAGES_MAX PACKAGELIST_MAX

void packages_init(struct packages *p)
{
	*p = (struct packages){ .kind = "" };
}

void packages_release(struct packages *p)
{
	arena_release(&p->arena);
	free(p->item);
	free(p->path);
	*p = (struct packages){ .kind = "" };
}

/* ---- dpkg's status */

static const char *dup_bytes(struct packages *p, struct bytes value)
{
	return arena_strndup(
		&p->arena, value.data ? value.data : (const void *)"", value.len);
}

/* "Source: name (version)", else the package's own. */
static void set_source(struct packages *p, struct package *out, struct bytes source)
{
	const unsigned char *open =
		source.len ? memchr(source.data, ' ', source.len) : NULL;
	size_t name_len = open ? (size_t)(open - source.data) : source.len;

	out->source =
		source.len ? dup_bytes(p, bytes_of(source.data, name_len)) : out->name;
	out->source_version = out->version;
	if (open && source.len - name_len > 3 && open[1] == '(')
		out->source_version =
			dup_bytes(p, bytes_of(open + 2, source.len - name_len - 3));
}

static uint64_t kib_to_bytes(struct bytes text)
{
	uint64_t value = 0;

	for (size_t i = 0; i < text.len && text.data[i] >= '0' && text.data[i] <= '9';
		i++)
		if (value < (1ULL << 40))
			value = value * 10 + (uint64_t)(text.data[i] - '0');
	return value * 1024;
}

static void add_package(struct packages *p, struct bytes stanza)
{
	struct package *out;

	if (p->count == p->room) {
		p->room = p->room ? p->room * 2 : 256;
		p->item = xrealloc(p->item, p->room * sizeof(*p->item));
	}
	out = &p->item[p->count++];
	*out = (struct package){ .name = dup_bytes(p, stanza_get(stanza, "Package")),
		.version = dup_bytes(p, stanza_get(stanza, "Version")),
		.arch = dup_bytes(p, stanza_get(stanza, "Architecture")),
		.section = dup_bytes(p, stanza_get(stanza, "Section")),
		.installed_size = kib_to_bytes(stanza_get(stanza, "Installed-Size")) };
	set_source(p, out, stanza_get(stanza, "Source"));
}

static int by_name(const void *a, const void *b)
{
	const struct package *x = a, *y = b;
	int rc = strcmp(x->name, y->name);

	return rc ? rc : strcmp(x->arch, y->arch);
}

static int read_status(struct packages *p, struct bytes text, struct err *e)
{
	struct bytes stanza;

	while (stanza_next(&text, &stanza)) {
		struct bytes status = stanza_get(stanza, "Status");

		if (status.len < 9 ||
			memcmp(status.data + status.len - 9, "installed", 9) != 0 ||
			(status.len > 9 && status.data[status.len - 10] != ' '))
			continue;
		if (p->count == PACKAGES_MAX)
			return err_set(
				e, ERR_LIMIT, "more than %d packages", PACKAGES_MAX);
		add_package(p, stanza);
	}
	if (p->count)
		qsort(p->item, p->count, sizeof(*p->item), by_name);
	return 0;
}

/* ---- who owns which path */

static const char *const merged[] = { "bin", "sbin", "lib", "lib32", "lib64", "libx32" };

/* Which of the top directories are links into usr/ in this tree? A bit each. */
static unsigned int find_merged(int root_dir)
{
	unsigned int bits = 0;
	char target[64];

	for (size_t i = 0; i < ARRAY_COUNT(merged); i++) {
		ssize_t n = readlinkat(root_dir, merged[i], target, sizeof(target) - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		if (strncmp(target, "usr/", 4) == 0 && strcmp(target + 4, merged[i]) == 0)
			bits |= 1U << i;
	}
	return bits;
}

static void add_path(
	struct packages *p, const char *path, size_t len, unsigned int bits, size_t owner)
{
	bool moved = false;

	for (size_t i = 0; i < ARRAY_COUNT(merged); i++) {
		size_t top = strlen(merged[i]);

		if ((bits & 1U << i) && len > top && path[top] == '/' &&
			memcmp(path, merged[i], top) == 0)
			moved = true;
	}
	if (p->path_count == p->path_room) {
		p->path_room = p->path_room ? p->path_room * 2 : 4096;
		p->path = xrealloc(p->path, p->path_room * sizeof(*p->path));
	}
	p->path[p->path_count++] = (struct package_path){
		.path = arena_printf(
			&p->arena, "%s%.*s", moved ? "usr/" : "", (int)len, path),
		.owner = owner,
	};
}

static int read_list(
	struct packages *p, int info_dir, size_t owner, unsigned int bits, struct err *e)
{
	const struct package *pkg = &p->item[owner];
	auto_buf struct buf text = BUF_INIT(LIST_MAX);
	auto_free char *name = xasprintf("%s:%s.list", pkg->name, pkg->arch);
	auto_free char *plain = xasprintf("%s.list", pkg->name);
	const char *chosen = fs_exists_at(info_dir, name) ? name : plain;

	if (fs_read_at(info_dir, chosen, &text, e) < 0)
		return err_wrap(
			e, "cannot read which files package '%s' owns", pkg->name);
	for (const char *line = buf_str(&text); *line;) {
		size_t len = strcspn(line, "\n");

		if (len > 1 && line[0] == '/' && len < 4096)
			add_path(p, line + 1, len - 1, bits, owner);
		line += len + (line[len] == '\n');
	}
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct package_path *x = a, *y = b;
	int rc = strcmp(x->path, y->path);

	if (rc)
		return rc;
	return x->owner < y->owner ? -1 : x->owner > y->owner;
}

static int read_lists(struct packages *p, int root_dir, struct err *e)
{
	auto_fd int info_dir = fs_open_dir_at(root_dir, "var/lib/dpkg/info", e);
	unsigned int bits = find_merged(root_dir);

	if (info_dir < 0)
		return -1;
	for (size_t i = 0; i < p->count; i++)
		if (read_list(p, info_dir, i, bits, e) < 0)
			return -1;
	if (p->path_count)
		qsort(p->path, p->path_count, sizeof(*p->path), by_path);
	return 0;
}

int packages_read(int root_dir, struct packages *p, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(STATUS_MAX);

	if (!fs_exists_at(root_dir, STATUS_PATH))
		return 0;
	if (fs_read_at(root_dir, STATUS_PATH, &text, e) < 0 ||
		read_status(p, buf_bytes(&text), e) < 0)
		return err_wrap(e, "cannot read the package database");
	p->kind = "dpkg";
	return p->count ? read_lists(p, root_dir, e) : 0;
}

size_t packages_owner(const struct packages *p, const char *path)
{
	size_t low = 0, high = p->path_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(p->path[mid].path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == p->path_count || strcmp(p->path[low].path, path) != 0)
		return PACKAGE_NONE;
	return p->path[low].owner;
}

int packages_format(const struct packages *p, struct buf *out, struct err *e)
{
	return packagelist_format(p->kind, p->item, p->count, out, e);
}
