#include "builder/treediff.h"

static int by_path(const void *a, const void *b)
{
	const struct manifest_entry *x = *(const struct manifest_entry *const *)a,
				    *y = *(const struct manifest_entry *const *)b;

	return strcmp(x->path, y->path);
}

static const struct manifest_entry **sorted(const struct manifest *m)
{
	const struct manifest_entry **list = xcalloc(m->count + 1, sizeof(void *));

	for (size_t i = 0; i < m->count; i++)
		list[i] = &m->entry[i];
	if (m->count)
		qsort(list, m->count, sizeof(void *), by_path);
	return list;
}

static bool same_xattrs(const struct manifest_entry *a, const struct manifest_entry *b)
{
	if (a->xattr_count != b->xattr_count)
		return false;
	for (unsigned int i = 0; i < a->xattr_count; i++)
		if (strcmp(a->xattr[i].name, b->xattr[i].name) != 0 ||
			!bytes_equal(bytes_of(a->xattr[i].value, a->xattr[i].len),
				bytes_of(b->xattr[i].value, b->xattr[i].len)))
			return false;
	return true;
}

static void add_words(
	const struct manifest_entry *a, const struct manifest_entry *b, struct buf *out)
{
	if (a->type != b->type)
		buf_printf(out, ", type %c -> %c", a->type, b->type);
	else if (a->size != b->size || !digest_equal(&a->sha256, &b->sha256))
		buf_add_str(out, ", content");
	if (strcmp(a->link, b->link) != 0)
		buf_add_str(out, ", link target");
	if (a->mode != b->mode)
		buf_printf(out, ", mode %04o -> %04o", a->mode, b->mode);
	if (a->uid != b->uid || a->gid != b->gid)
		buf_printf(out, ", owner %u:%u -> %u:%u", a->uid, a->gid, b->uid, b->gid);
	if (a->mtime_s != b->mtime_s)
		buf_printf(out, ", time %lld -> %lld", (long long)a->mtime_s,
			(long long)b->mtime_s);
	if (!same_xattrs(a, b))
		buf_add_str(out, ", extended attributes");
}

static size_t compare(
	const struct manifest_entry *a, const struct manifest_entry *b, struct buf *out)
{
	auto_buf struct buf words = BUF_INIT(4096);

	add_words(a, b, &words);
	if (words.len == 0)
		return 0;
	buf_printf(out, "! %s: %s\n", *a->path ? a->path : ".", buf_str(&words) + 2);
	return 1;
}

size_t treediff(const struct manifest *a, const struct manifest *b, struct buf *out)
{
	auto_free const struct manifest_entry **x = sorted(a), **y = sorted(b);
	size_t i = 0, k = 0, lines = 0;

	while (i < a->count || k < b->count) {
		int rc = i == a->count   ? 1
			 : k == b->count ? -1
					 : strcmp(x[i]->path, y[k]->path);

		if (rc == 0) {
			lines += compare(x[i++], y[k++], out);
			continue;
		}
		buf_printf(out, "%c %s\n", rc < 0 ? '-' : '+',
			rc < 0 ? x[i]->path : y[k]->path);
		i += rc < 0;
		k += rc > 0;
		lines++;
	}
	return lines;
}
