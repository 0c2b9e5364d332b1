#include "client/image/gate.h"

#include "lib/base/fs.h"

#include <fcntl.h>

int gate_open(uint64_t size, struct gate *out, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	*out = (struct gate){ .in_fd = fds[0], .out_fd = fds[1], .size = size };
	return 0;
}

void gate_release(struct gate *g)
{
	auto_fd_cleanup(&g->in_fd);
	auto_fd_cleanup(&g->out_fd);
	g->in_fd = g->out_fd = -1;
}

int gate_allow(struct gate *g, uint64_t bytes, struct err *e)
{
	if (bytes <= g->allowed)
		return 0; /* a second try counts from the beginning */
	g->allowed = bytes;
	if (fs_write_all(g->out_fd, &bytes, sizeof(bytes), e) == 0)
		return 0;
	e->code = ERR_INTERRUPTED;
	return err_wrap(e, "the unpacker has ended");
}

/* Until more may be read. */
static int wait_for_more(struct gated *g, struct err *e)
{
	uint64_t bytes;
	ssize_t n;

	do
		n = read(g->gate->in_fd, &bytes, sizeof(bytes));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "cannot wait for the download");
	if (n != (ssize_t)sizeof(bytes) || bytes <= g->allowed || bytes > g->gate->size)
		return err_set(e, ERR_INTERRUPTED, "the download broke off");
	g->allowed = bytes;
	return 0;
}

static ssize_t gated_read(void *ctx, void *buf, size_t size, struct err *e)
{
	struct gated *g = ctx;
	ssize_t n;

	if (g->at == g->gate->size)
		return 0;
	if (g->at == g->allowed && wait_for_more(g, e) < 0)
		return -1;
	if (size > g->allowed - g->at)
		size = (size_t)(g->allowed - g->at);
	do
		n = pread(g->fd, buf, size, (off_t)g->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "cannot read the download");
	if (n == 0)
		return err_set(e, ERR_DAMAGED, "the download was cut off");
	g->at += (uint64_t)n;
	return n;
}

struct reader reader_of_gated(struct gated *g)
{
	return (struct reader){ .read = gated_read, .ctx = g };
}
