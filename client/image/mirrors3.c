#include "client/image/home.h"
#include "client/image/mirrordest.h"
#include "client/image/s3.h"
#include "lib/base/fs.h"
#include "lib/model/layout.h"

#include <fcntl.h>

struct mirrors3 {
	struct mirrordest dest;
	struct s3 *s3;
	int lock_fd;
	struct mirrorlist there; /* what the store lists: paths and sizes */
};

static struct mirrors3 *self(struct mirrordest *d)
{
	return (struct mirrors3 *)(void *)d;
}

static void close_bucket(struct mirrordest *d)
{
	struct mirrors3 *m = self(d);

	mirrorlist_release(&m->there);
	s3_close(&m->s3);
	if (d->scratch_fd >= 0)
		close(d->scratch_fd);
	if (m->lock_fd >= 0)
		close(m->lock_fd);
	free(m);
}

static int read_object(
	struct mirrordest *d, const char *path, struct buf *out, struct err *e)
{
	return s3_get(self(d)->s3, path, out, e);
}

static int open_object(struct mirrordest *d, const char *path, struct err *e)
{
	(void)d;
	return err_set(e, ERR_NOTFOUND, "'%s' lies in a bucket", path);
}

/* The store checked the digest when the object came; the list names what it was. */
static bool has_object(struct mirrordest *d, const struct trust_object *c)
{
	const struct mirrorline *was =
		d->known ? mirrorlist_find(d->known, c->path) : NULL;
	const struct mirrorline *is = mirrorlist_find(&self(d)->there, c->path);

	return !d->full && was && is && is->content.size == c->size &&
	       was->content.size == c->size &&
	       digest_equal(&was->content.sha256, &c->sha256);
}

static struct s3_object object_of(const struct trust_object *c)
{
	const char *type = layout_media_type(c->path);
	bool immutable = layout_caching_of(c->path) == LAYOUT_IMMUTABLE;

	return (struct s3_object){
		.key = c->path,
		.size = c->size,
		.sha256 = c->sha256,
		.media_type = type ? type : "application/octet-stream",
		.caching = immutable ? "public, max-age=31536000, immutable" : "no-cache",
	};
}

static int write_object(
	struct mirrordest *d, const char *path, struct bytes text, struct err *e)
{
	struct trust_object c = {
		.path = path, .size = text.len, .sha256 = digest_of(text)
	};
	struct s3_object o = object_of(&c);

	return s3_put_text(self(d)->s3, &o, text, e);
}

static int put_object(struct mirrordest *d, const struct trust_object *c,
	const char *scratch, struct err *e)
{
	struct s3_object o = object_of(c);
	auto_fd int fd = fs_open_beneath(d->scratch_fd, scratch, O_RDONLY, 0, e);

	return fd < 0 ? -1 : s3_put_fd(self(d)->s3, &o, fd, e);
}

static int same_object(struct mirrordest *d, const struct trust_object *c,
	const char *from, struct err *e)
{
	struct s3_object o = object_of(c);

	o.size = 0;
	return s3_copy(self(d)->s3, &o, from, e);
}

static int remove_object(struct mirrordest *d, const char *path, struct err *e)
{
	return s3_remove(self(d)->s3, path, e);
}

static int walk_bucket(struct mirrordest *d, const char *top, mirrordest_each *each,
	void *ctx, struct err *e)
{
	const struct mirrorlist *l = &self(d)->there;
	size_t len = strlen(top);

	for (size_t i = 0; i < l->count; i++) {
		const char *path = l->line[i].content.path;

		if (strncmp(path, top, len) == 0 && path[len] == '/' &&
			each(path, ctx, e) < 0)
			return -1;
	}
	return 0;
}

static int sync_bucket(struct mirrordest *d, struct err *e)
{
	(void)d;
	(void)e;
	return 0;
}

static uint64_t room_of(struct mirrordest *d)
{
	(void)d;
	return UINT64_MAX;
}

static const struct mirrordest_ops ops = {
	.read = read_object,
	.open = open_object,
	.has = has_object,
	.write = write_object,
	.put = put_object,
	.same = same_object,
	.remove = remove_object,
	.walk = walk_bucket,
	.sync = sync_bucket,
	.room = room_of,
	.close = close_bucket,
};

static int take_key(const char *key, uint64_t size, void *ctx, struct err *e)
{
	struct trust_object c = { .path = key, .size = size };
	struct relpath checked;
	struct err ignored;

	(void)e;
	if (relpath_parse(key, &checked, &ignored) == 0)
		mirrorlist_add(ctx, &c, 0);
	return 0;
}

/* A place for downloads that a later run to the same bucket finds, and the lock of it. */
static int open_scratch(struct mirrors3 *m, const char *place, struct err *e)
{
	auto_fd int cache_fd = home_open(PLACE_CACHE, e);
	struct digest d = digest_of(bytes_of_str(place));
	char hex[DIGEST_HEX], name[32];

	digest_hex(&d, hex);
	snprintf(name, sizeof(name), "mirror-%.16s", hex);
	m->dest.scratch_fd = cache_fd < 0 ? -1 : home_subdir(cache_fd, name, e);
	if (m->dest.scratch_fd < 0)
		return -1;
	m->lock_fd = fs_lock(m->dest.scratch_fd, "lock", 0, e);
	return m->lock_fd < 0 ? -1 : 0;
}

int mirrors3_open(const struct s3_settings *s, struct mirrordest **out, struct err *e)
{
	auto_mirrordest struct mirrordest *d = NULL;
	struct mirrors3 *m = xcalloc(1, sizeof(*m));

	m->lock_fd = m->dest.scratch_fd = -1;
	m->dest.ops = &ops;
	d = &m->dest;
	if (s3_open(s, &m->s3, e) < 0 || open_scratch(m, s->place, e) < 0 ||
		s3_list(m->s3, take_key, &m->there, e) < 0)
		return -1;
	mirrorlist_sort(&m->there);
	*out = STEAL(d);
	return 0;
}
