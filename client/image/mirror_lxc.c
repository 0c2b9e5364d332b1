/* The lxc half of mirror_foreign.c: lines of meta/1.0/index-* and the two files behind each. */
#include "client/image/mirror.h"

#include "lib/base/relpath.h"
#include "lib/model/lxcindex.h"

#define LEVELS 8 /* "", ".1" to ".7" */

static const char *const modes[] = { "system", "user" };
static const char *const files[] = { "rootfs.tar.xz", "meta.tar.xz" };

/* "/images/.../", as servers write it. */
static bool take_dir(struct bytes path, char *out, size_t size)
{
	struct relpath checked;
	struct err ignored;

	while (path.len > 0 && path.data[0] == '/')
		path = bytes_of(path.data + 1, path.len - 1);
	while (path.len > 0 && path.data[path.len - 1] == '/')
		path.len--;
	if (path.len >= size)
		return false;
	memcpy(out, path.data, path.len);
	out[path.len] = '\0';
	return relpath_parse(out, &checked, &ignored) == 0 &&
	       relpath_is_portable(&checked) && strncmp(out, "images/", 7) == 0;
}

static void want_files(struct mirror *m, const char *dir)
{
	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		auto_free char *path = xasprintf("%s/%s", dir, files[i]);
		struct mirrorwant w = {
			.content = { .path = path }, .source = path, .untold = true
		};

		mirror_want(m, &w);
	}
}

/* An image stands in the indexes of several kinds of clients. */
static bool is_wanted(const struct mirror *m, const char *dir)
{
	size_t len = strlen(dir);

	for (size_t i = 0; i < m->want_count; i++)
		if (strncmp(m->want[i].content.path, dir, len) == 0 &&
			m->want[i].content.path[len] == '/')
			return true;
	return false;
}

/* A line that names no place we may write to is left out. */
static int shorten(struct mirror *m, struct bytes text, struct buf *out, struct err *e)
{
	struct lxcindex_entry entry;
	int rc;

	while ((rc = lxcindex_next(&text, &entry, e)) == 1) {
		const struct image *i = &entry.image;
		char dir[RELPATH_MAX + 1];

		if (!mirror_is_selected(m, i) || !take_dir(entry.path, dir, sizeof(dir)))
			continue;
		buf_printf(out, "%s;%s;%s;%s;%s;/%s/\n", i->distro, i->release, i->arch,
			i->variant, entry.serial, dir);
		if (is_wanted(m, dir))
			continue;
		want_files(m, dir);
		m->done->images++;
		m->done->builds++;
	}
	return rc;
}

static int take_index(struct mirror *m, const char *path, bool must,
	struct mirrorindexes *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(FOREIGN_INDEX_MAX);
	struct err why;

	if (repo_beside(&m->repo, path, &text, &why) < 0) {
		if (!must && why.code == ERR_NOTFOUND)
			return 0;
		*e = why;
		return -1;
	}
	out->item[out->count].path = xstrdup(path);
	out->item[out->count].text.ceiling = FOREIGN_INDEX_MAX;
	out->count++;
	return shorten(m, buf_bytes(&text), &out->item[out->count - 1].text, e);
}

int mirror_lxc(struct mirror *m, struct mirrorindexes *out, struct err *e)
{
	for (size_t i = 0; i < ARRAY_COUNT(modes); i++)
		for (int level = 0; level < LEVELS; level++) {
			auto_free char *path =
				level ? xasprintf("meta/1.0/index-%s.%d", modes[i], level)
				      : xasprintf("meta/1.0/index-%s", modes[i]);

			if (take_index(m, path, level == 0, out, e) < 0)
				return err_wrap(e, "'%s'", path);
		}
	return 0;
}
