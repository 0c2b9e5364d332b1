#include "lib/model/manifest_check.h"

#include "lib/adapt/tar.h"
#include "lib/base/relpath.h"

#include <limits.h>
#include <sys/random.h>

#define LINK_MAX_BYTES 4095U
#define FILE_MAX_BYTES (64ULL << 30)
#define MTIME_MAX      077777777777LL /* what ustar can say */
#define MAJOR_MAX      4095U
#define MINOR_MAX      1048575U
#define EXTENDED_MAX   (1U << 20) /* text of one entry: fits into one pax header */

/* ---- one entry on its own */

static int bad_entry(const struct manifest_entry *m, const char *what, struct err *e)
{
	return err_set(
		e, ERR_PARSE, "manifest: '%s': %s", *m->path ? m->path : ".", what);
}

static int check_link(const struct manifest_entry *m, struct err *e)
{
	struct relpath checked;
	size_t len = strlen(m->link);

	switch (m->type) {
	case '1':
		if (relpath_parse(m->link, &checked, e) < 0)
			return err_wrap(e, "manifest: '%s': hard link", m->path);
		return 0;
	case '2':
		if (len == 0 || len > LINK_MAX_BYTES)
			return bad_entry(
				m, "a symbolic link's target has 1 to 4095 bytes", e);
		return 0;
	default:
		if (len != 0)
			return bad_entry(m, "it is no link and has a target", e);
		return 0;
	}
}

static int check_size(const struct manifest_entry *m, struct err *e)
{
	static const struct digest none;
	bool device = m->type == '3' || m->type == '4';
	bool content = m->type == '0' && m->size > 0;

	if (m->type == '0' && m->size > FILE_MAX_BYTES)
		return bad_entry(m, "a file is larger than 64 GiB", e);
	if (device && (m->size >> 32 > MAJOR_MAX || (m->size & 0xffffffff) > MINOR_MAX))
		return bad_entry(m, "there is no such device number", e);
	if (!device && m->type != '0' && m->size != 0)
		return bad_entry(m, "it has a size and is no file", e);
	if (!content && memcmp(&m->sha256, &none, sizeof(none)) != 0)
		return bad_entry(m, "it has a digest and no content", e);
	return 0;
}

static int check_xattrs(const struct manifest_entry *m, struct err *e)
{
	size_t total = strlen(m->path) + strlen(m->link) + 128;

	if (m->xattr_count > TAR_XATTR_MAX)
		return err_set(e, ERR_LIMIT,
			"manifest: '%s': more than %d extended attributes", m->path,
			TAR_XATTR_MAX);
	for (size_t i = 0; i < m->xattr_count; i++) {
		const struct manifest_xattr *x = &m->xattr[i];
		size_t len = strlen(x->name);

		/* A pax record ends its key at the first '='. */
		if (len == 0 || len > XATTR_NAME_MAX || strchr(x->name, '='))
			return bad_entry(m, "an extended attribute's name is none", e);
		if (i > 0 && strcmp(m->xattr[i - 1].name, x->name) >= 0)
			return bad_entry(m,
				"its extended attributes are not sorted or not unique",
				e);
		total += len + x->len + 32;
	}
	if (total > EXTENDED_MAX)
		return err_set(e, ERR_LIMIT,
			"manifest: '%s': more than 1 MiB of attributes", m->path);
	return 0;
}

int manifest_check_entry(const struct manifest_entry *m, struct err *e)
{
	struct relpath checked;

	if (m->type < '0' || m->type > '6')
		return bad_entry(m, "its type is unknown", e);
	if (*m->path ? relpath_parse(m->path, &checked, e) < 0 : m->type != '5')
		return *m->path ? err_wrap(e, "manifest")
				: bad_entry(m, "the root is not a directory", e);
	if (m->mode > 07777)
		return bad_entry(m, "its mode is above 07777", e);
	if (m->uid == UINT32_MAX || m->gid == UINT32_MAX)
		return bad_entry(m, "its owner or group is no id", e);
	if (m->mtime_s < 0 || m->mtime_s > MTIME_MAX)
		return bad_entry(m, "its time is before 1970 or after 2242", e);
	if (check_link(m, e) < 0 || check_size(m, e) < 0)
		return -1;
	return check_xattrs(m, e);
}

/* ---- entries among each other: paths are unique, parents come before children and hard
 * links behind their file. An index from path to entry, open addressing; the seed is
 * secret so that nobody can choose names that collide. */

struct path_index {
	uint32_t *slot; /* entry number + 1; 0 is empty */
	size_t room;
	uint64_t seed;
};

static void index_release(struct path_index *x)
{
	free(x->slot);
}

static int index_init(struct path_index *x, size_t count, struct err *e)
{
	if (getrandom(&x->seed, sizeof(x->seed), 0) != sizeof(x->seed))
		return err_sys(e, "cannot get random bytes");
	x->room = 64;
	while (x->room < count * 2)
		x->room *= 2;
	x->slot = xcalloc(x->room, sizeof(*x->slot));
	return 0;
}

static uint64_t hash_path(uint64_t seed, const char *path, size_t len)
{
	uint64_t h = seed ^ 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)path[i]) * 0x100000001b3ULL;
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
	return h ^ h >> 29;
}

/* The slot of this path: an entry's number + 1, or 0 where it belongs. */
static uint32_t *index_slot(
	struct path_index *x, const struct manifest *m, const char *path, size_t len)
{
	size_t i = hash_path(x->seed, path, len) & (x->room - 1);

	for (;; i = (i + 1) & (x->room - 1)) {
		const char *there;

		if (x->slot[i] == 0)
			return &x->slot[i];
		there = m->entry[x->slot[i] - 1].path;
		if (strncmp(there, path, len) == 0 && there[len] == '\0')
			return &x->slot[i];
	}
}

static char type_at(
	struct path_index *x, const struct manifest *m, const char *path, size_t len)
{
	uint32_t number = *index_slot(x, m, path, len);

	return number ? m->entry[number - 1].type : '\0';
}

static int place_entry(
	struct path_index *x, const struct manifest *m, size_t i, struct err *e)
{
	const struct manifest_entry *entry = &m->entry[i];
	const char *slash = strrchr(entry->path, '/');
	uint32_t *slot;

	if ((i == 0) != (*entry->path == '\0'))
		return bad_entry(entry, "the root comes first, and once", e);
	if (i > 0 && type_at(x, m, entry->path,
			     slash ? (size_t)(slash - entry->path) : 0) != '5')
		return bad_entry(entry, "its directory does not come before it", e);
	if (entry->type == '1' && type_at(x, m, entry->link, strlen(entry->link)) != '0')
		return bad_entry(entry, "it is a hard link to no earlier file", e);
	slot = index_slot(x, m, entry->path, strlen(entry->path));
	if (*slot)
		return bad_entry(entry, "it is there twice", e);
	*slot = (uint32_t)i + 1;
	return 0;
}

int manifest_check(const struct manifest *m, struct err *e)
{
	with_cleanup(index_release) struct path_index x = { 0 };

	if (m->count == 0 || m->count > MANIFEST_ENTRIES_MAX)
		return err_set(e, ERR_LIMIT, "manifest: %zu entries, 1 to %u are allowed",
			m->count, MANIFEST_ENTRIES_MAX);
	if (index_init(&x, m->count, e) < 0)
		return -1;
	for (size_t i = 0; i < m->count; i++)
		if (manifest_check_entry(&m->entry[i], e) < 0 ||
			place_entry(&x, m, i, e) < 0)
			return -1;
	return 0;
}
