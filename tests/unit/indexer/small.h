/* small.h -- metadata archives by hand, one member after another.
 * Owns    the tar until small_pack, which writes meta.tar.xz into a scratch directory and
 *         returns a descriptor of it */
#ifndef TESTS_UNIT_INDEXER_SMALL_H
#define TESTS_UNIT_INDEXER_SMALL_H

#include "lib/adapt/xz.h"
#include "lib/base/fs.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

static inline void small_add(
	struct buf *tar, char type, const char *name, const char *text)
{
	size_t size = type == '0' ? strlen(text) : 0;
	unsigned char h[512] = { 0 };
	unsigned int sum = 0;

	memcpy(h, name, strlen(name));
	if (type == '2')
		memcpy(h + 157, text, strlen(text));
	snprintf((char *)h + 100, 8, "%07o", 0644U);
	snprintf((char *)h + 108, 8, "%07o", 0U);
	snprintf((char *)h + 116, 8, "%07o", 0U);
	snprintf((char *)h + 124, 12, "%011o", (unsigned int)size);
	snprintf((char *)h + 136, 12, "%011o", 1700000000U);
	h[156] = (unsigned char)type;
	memcpy(h + 257, "ustar\00000", 8);
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += h[i];
	snprintf((char *)h + 148, 8, "%06o", sum);
	h[155] = ' ';
	buf_add(tar, h, sizeof(h));
	buf_add(tar, text, size);
	buf_add_fill(tar, 0, (512 - size % 512) % 512);
}

static inline int small_pack(const struct scratch *s, struct buf *tar)
{
	auto_buf struct buf xz = BUF_INIT(1U << 20);
	struct err e;
	int fd;

	buf_add_fill(tar, 0, 1024);
	if (xz_encode(buf_bytes(tar), 0, &xz, &e) < 0)
		fail_msg("%s", e.text);
	fd = openat(s->fd, "small.tar.xz", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	if (fs_write_all(fd, xz.data, xz.len, &e) < 0)
		fail_msg("%s", e.text);
	return fd;
}

#endif
