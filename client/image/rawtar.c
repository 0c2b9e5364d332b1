#include "client/image/rawtar.h"

#include "lib/adapt/xz.h"
#include "lib/adapt/zst.h"
#include "lib/base/ahead.h"

/* Only an .xz of several blocks keeps more than one busy. */
#define XZ_THREADS 2

/* What the thread reads from; it goes when neither it nor we need it. */
struct source {
	int fd;
	struct gated gated;
	struct reader decoded;
	struct xz_reader *xz;
	struct zst_reader *zst;
	struct hasher hash;
	bool hashed;
};

struct rawtar {
	struct source *source;
	struct ahead *ahead;
};

static void source_free(void *ctx)
{
	struct source *s = ctx;

	xz_close(&s->xz);
	zst_close(&s->zst);
	hasher_release(&s->hash);
	free(s);
}

static ssize_t source_read(void *ctx, void *buf, size_t size, struct err *e)
{
	struct source *s = ctx;
	ssize_t n = reader_read(&s->decoded, buf, size, e);

	if (n > 0 && s->hashed)
		hasher_add(&s->hash, buf, (size_t)n);
	return n;
}

static int decode(struct source *s, enum unpack_coding coding, struct err *e)
{
	struct reader file =
		s->gated.gate ? reader_of_gated(&s->gated) : reader_of_fd(&s->fd);

	switch (coding) {
	case UNPACK_XZ:
		if (xz_open(&file, XZ_THREADS, &s->xz, e) < 0)
			return -1;
		s->decoded = xz_as_reader(s->xz);
		return 0;
	case UNPACK_ZST:
		if (zst_open(&file, &s->zst, e) < 0)
			return -1;
		s->decoded = zst_as_reader(s->zst);
		return 0;
	default:
		s->decoded = file;
		return 0;
	}
}

int rawtar_open(const struct rawtar_from *from, struct rawtar **out, struct err *e)
{
	struct source *s = xcalloc(1, sizeof(*s));
	struct reader tar = { .read = source_read, .ctx = s };
	struct rawtar *r;

	s->fd = from->fd;
	s->gated = (struct gated){ .gate = from->gate, .fd = from->fd };
	s->hashed = from->hashed;
	if (s->hashed)
		hasher_init(&s->hash);
	if (decode(s, from->coding, e) < 0) {
		source_free(s);
		return -1;
	}
	r = xcalloc(1, sizeof(*r));
	r->source = s;
	if (ahead_open(&tar, source_free, &r->ahead, e) < 0) {
		free(r);
		return -1;
	}
	*out = r;
	return 0;
}

struct reader rawtar_as_reader(struct rawtar *r)
{
	return ahead_as_reader(r->ahead);
}

struct digest rawtar_digest(struct rawtar *r)
{
	return hasher_final(&r->source->hash);
}

void rawtar_close(struct rawtar **slot)
{
	if (!*slot)
		return;
	ahead_close(&(*slot)->ahead);
	free(STEAL(*slot));
}
