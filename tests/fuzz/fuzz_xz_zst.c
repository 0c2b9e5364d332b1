/* Any bytes as .xz on one thread, on two, and as .zst: the first byte chooses. */
#include "lib/adapt/xz.h"
#include "lib/adapt/zst.h"

#define OUT_MAX ((size_t)8 << 20)

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

static void drain(struct reader r)
{
	static char chunk[65536];
	struct err e;

	for (size_t total = 0; total < OUT_MAX;) {
		ssize_t n = reader_read(&r, chunk, sizeof(chunk), &e);

		if (n <= 0)
			return;
		total += (size_t)n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = bytes_of(data, size);
	struct reader in = { .read = slice_read, .ctx = &rest };
	auto_zst struct zst_reader *z = NULL;
	auto_xz struct xz_reader *x = NULL;
	struct err e;

	if (size == 0)
		return 0;
	rest = bytes_of(data + 1, size - 1);
	if (data[0] % 3 == 2) {
		if (zst_open(&in, &z, &e) == 0)
			drain(zst_as_reader(z));
	} else if (xz_open(&in, 1 + data[0] % 3, &x, &e) == 0) {
		drain(xz_as_reader(x));
	}
	return 0;
}
