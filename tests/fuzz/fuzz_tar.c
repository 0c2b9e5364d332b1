/* Any bytes as a tar archive, read to its end. What looks like a header gets a right
 * checksum, or nothing behind it would ever be reached. */
#include "lib/adapt/tar.h"
#include "tests/fuzz/mend_tar.h"

#define CONTENT_MAX ((size_t)16 << 20) /* holes are cheap to write and slow to read */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ssize_t slice_read(void *ctx, void *buf, size_t size, struct err *e)
{
	struct bytes *rest = ctx;
	size_t n = rest->len < size ? rest->len : size;

	(void)e;
	if (n)
		memcpy(buf, rest->data, n);
	*rest = bytes_of(rest->data + n, rest->len - n);
	return (ssize_t)n;
}

static void read_content(struct tar *t)
{
	static char chunk[65536];
	struct err e;

	for (size_t total = 0; total < CONTENT_MAX;) {
		ssize_t n = tar_read(t, chunk, sizeof(chunk), &e);

		if (n <= 0)
			return;
		total += (size_t)n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free unsigned char *archive = xmalloc(size + 1);
	struct bytes rest = bytes_of(archive, size);
	struct reader in = { .read = slice_read, .ctx = &rest };
	auto_tar struct tar *t = NULL;
	struct tar_entry entry;
	struct err e;

	memcpy(archive, data, size);
	mend_tar(archive, size);
	if (tar_open(&in, &t, &e) < 0)
		return 0;
	while (tar_next(t, &entry, &e) == 1) {
		if (!entry.path || !entry.link || entry.xattr_count > TAR_XATTR_MAX)
			abort();
		if (entry.mtime_s % 2 == 0)
			read_content(t);
	}
	return 0;
}
