#include "lib/adapt/hashfile.h"

int hashfile_begin(
	struct hashfile *h, int dir_fd, const char *name, mode_t mode, struct err *e)
{
	h->name = name;
	hasher_init(&h->hash);
	return atomic_begin(&h->file, dir_fd, name, mode, e);
}

static int add(void *ctx, const void *data, size_t len, struct err *e)
{
	struct hashfile *h = ctx;

	atomic_write(&h->file, data, len);
	hasher_add(&h->hash, data, len);
	if (!h->file.first.code)
		return 0;
	*e = h->file.first;
	return -1;
}

struct writer hashfile_writer(struct hashfile *h)
{
	return (struct writer){ .write = add, .ctx = h };
}

int hashfile_commit(
	struct hashfile *h, uint64_t *size, struct digest *sha256, struct err *e)
{
	if (atomic_commit(&h->file, e) < 0)
		return -1;
	*size = h->hash.len;
	*sha256 = hasher_final(&h->hash);
	return 0;
}

void hashfile_cancel(struct hashfile *h)
{
	atomic_cancel(&h->file);
	hasher_release(&h->hash);
}
