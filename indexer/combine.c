#include "indexer/combine.h"

#include "lib/base/fs.h"
#include "lib/model/streams.h"

#include <fcntl.h>

#define META_MAX (1U << 20)
#define CHUNK    (256U << 10)

static int add_rest(struct hasher *h, int fd, const char *name, struct err *e)
{
	auto_free unsigned char *chunk = xmalloc(CHUNK);
	ssize_t n;

	for (;;) {
		n = read(fd, chunk, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read '%s'", name);
		if (n == 0)
			return 0;
		hasher_add(h, chunk, (size_t)n);
	}
}

static int combine(
	int dir_fd, struct bytes meta, struct catalog_file *root, struct err *e)
{
	auto_fd int fd = fs_open_beneath(dir_fd, root->name, O_RDONLY, 0, e);
	auto_hasher struct hasher h = { 0 };

	if (fd < 0)
		return -1;
	hasher_init(&h);
	hasher_add(&h, meta.data, meta.len);
	if (add_rest(&h, fd, root->name, e) < 0)
		return -1;
	root->combined = hasher_final(&h);
	return 0;
}

int combine_files(int dir_fd, struct catalog_file *file, size_t count, struct err *e)
{
	auto_buf struct buf meta = BUF_INIT(META_MAX);

	if (fs_read_at(dir_fd, STREAMS_META, &meta, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (streams_root_find(file[i].name) &&
			combine(dir_fd, buf_bytes(&meta), &file[i], e) < 0)
			return -1;
	return 0;
}
