#include "lib/base/reader.h"

#include "lib/base/fs.h"

static ssize_t fd_read(void *ctx, void *buf, size_t size, struct err *e)
{
	const int *slot = ctx;
	ssize_t n;

	do
		n = read(*slot, buf, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "cannot read");
	return n;
}

static int fd_write(void *ctx, const void *buf, size_t size, struct err *e)
{
	const int *slot = ctx;

	return fs_write_all(*slot, buf, size, e);
}

struct reader reader_of_fd(const int *slot)
{
	return (struct reader){ .read = fd_read, .ctx = (void *)(uintptr_t)slot };
}

struct writer writer_of_fd(const int *slot)
{
	return (struct writer){ .write = fd_write, .ctx = (void *)(uintptr_t)slot };
}
