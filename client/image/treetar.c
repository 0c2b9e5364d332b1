#include "client/image/treetar.h"

#include "lib/base/fs.h"
#include "lib/model/tarwrite.h"

#include <fcntl.h>

#define CHUNK      (256U << 10)
#define HEADER_MAX (4U << 20)
#define ZEROS_MAX  10752U /* the most that tarwrite_trailer tells */

struct taring {
	int root_fd;
	const struct writer *out;
	const struct treetar_watch *watch;
	struct hasher hash;
	struct buf header;
	unsigned char chunk[CHUNK];
};

static int put(struct taring *t, const void *p, size_t len, struct err *e)
{
	hasher_add(&t->hash, p, len);
	return t->out ? writer_write(t->out, p, len, e) : 0;
}

static int put_zeros(struct taring *t, uint64_t count, struct err *e)
{
	static const unsigned char zeros[ZEROS_MAX];

	return put(t, zeros, (size_t)count, e);
}

static int put_content(struct taring *t, const struct manifest_entry *m, struct err *e)
{
	auto_hasher struct hasher hash = { 0 };
	auto_fd int fd = fs_open_beneath(
		t->root_fd, m->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, 0, e);
	uint64_t at = 0;
	struct digest is;
	ssize_t n;

	if (fd < 0) {
		if (e->code == ERR_NOTFOUND)
			e->code = ERR_DAMAGED;
		return -1;
	}
	hasher_init(&hash);
	while ((n = read(fd, t->chunk, sizeof(t->chunk))) > 0) {
		at += (uint64_t)n;
		if (at > m->size)
			break;
		hasher_add(&hash, t->chunk, (size_t)n);
		if (put(t, t->chunk, (size_t)n, e) < 0)
			return -1;
	}
	if (n < 0)
		return err_sys(e, "cannot read '%s'", m->path);
	is = hasher_final(&hash);
	if (at != m->size || !digest_equal(&is, &m->sha256))
		return err_set(e, ERR_DAMAGED,
			"'%s' of the stored image is not what its manifest says",
			m->path);
	return put_zeros(t, tarwrite_padding(m->size), e);
}

static int put_entry(
	struct taring *t, const struct manifest_entry *m, size_t number, struct err *e)
{
	buf_clear(&t->header);
	tarwrite_header(m, number, &t->header);
	if (buf_check(&t->header, "a header", e) < 0 ||
		put(t, t->header.data, t->header.len, e) < 0)
		return -1;
	return m->type == '0' && m->size > 0 ? put_content(t, m, e) : 0;
}

int treetar_write(int root_fd, const struct manifest *m, const struct writer *out,
	const struct treetar_watch *watch, struct digest *diff_id, uint64_t *tar_size,
	struct err *e)
{
	struct taring *t = xcalloc(1, sizeof(*t));
	int rc = 0;

	t->root_fd = root_fd;
	t->out = out;
	t->header.ceiling = HEADER_MAX;
	hasher_init(&t->hash);
	for (size_t i = 0; rc == 0 && i < m->count; i++)
		rc = put_entry(t, &m->entry[i], i, e) < 0 ||
				     watch->moved(watch->ctx, t->hash.len, e) < 0
			     ? -1
			     : 0;
	if (rc == 0)
		rc = put_zeros(t, tarwrite_trailer(t->hash.len), e);
	if (rc == 0) {
		*tar_size = t->hash.len;
		*diff_id = hasher_final(&t->hash);
	}
	hasher_release(&t->hash);
	buf_release(&t->header);
	free(t);
	return rc;
}
