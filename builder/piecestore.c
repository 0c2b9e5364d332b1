#include "builder/piecestore.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/stat.h>

#define PIECE_MAX (PACK_CUT_MAX + (2U << 20)) /* what does not compress grows a little */

int piecestore_open(struct piecestore *s, const char *path, int log_fd, struct err *e)
{
	return store_open(&s->store, path, log_fd, e);
}

void piecestore_close(struct piecestore *s)
{
	store_close(&s->store);
}

static bool is_whole(struct bytes file, struct bytes *content)
{
	struct digest sha256;

	if (file.len < DIGEST_SIZE)
		return false;
	*content = bytes_of(file.data + DIGEST_SIZE, file.len - DIGEST_SIZE);
	sha256 = digest_of(*content);
	return memcmp(sha256.byte, file.data, DIGEST_SIZE) == 0;
}

static bool find(void *ctx, const struct digest *key, struct buf *out)
{
	const struct store *s = ctx;
	auto_buf struct buf file = BUF_INIT(PIECE_MAX);
	auto_fd int fd = -1;
	char name[DIGEST_HEX];
	struct bytes content;
	struct err ignored;

	digest_hex(key, name);
	fd = openat(s->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fs_read_fd(fd, name, &file, &ignored) < 0 ||
		!is_whole(buf_bytes(&file), &content)) {
		dprintf(s->log_fd,
			"the kept piece '%s' is not what was written: removed\n", name);
		unlinkat(s->dir, name, 0);
		return false;
	}
	futimens(fd, NULL); /* it was used */
	buf_add(out, content.data, content.len);
	return true;
}

static int write_piece(
	const struct store *s, const char *name, struct bytes made, struct err *e)
{
	auto_atomic struct atomic a = ATOMIC_INIT;
	const struct digest sha256 = digest_of(made);

	if (atomic_begin(&a, s->dir, name, 0600, e) < 0)
		return -1;
	atomic_write(&a, sha256.byte, DIGEST_SIZE);
	atomic_write(&a, made.data, made.len);
	return atomic_commit(&a, e);
}

static void keep(void *ctx, const struct digest *key, struct bytes made)
{
	const struct store *s = ctx;
	char name[DIGEST_HEX];
	struct err e;

	digest_hex(key, name);
	if (write_piece(s, name, made, &e) < 0)
		dprintf(s->log_fd, "a compressed piece is not kept: %s\n", e.text);
}

struct pack_cache piecestore_cache(struct piecestore *s)
{
	return (struct pack_cache){ .find = find, .keep = keep, .ctx = &s->store };
}
