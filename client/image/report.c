#include "client/image/report.h"

#include "lib/base/fs.h"

struct head {
	uint32_t kind, len;
};

int report_send(int fd, enum report_kind kind, const void *p, size_t len, struct err *e)
{
	struct head h = { .kind = (uint32_t)kind, .len = (uint32_t)len };

	if (fs_write_all(fd, &h, sizeof(h), e) < 0)
		return -1;
	return fs_write_all(fd, p, len, e);
}

/* 1 all of it, 0 the end before the first byte, -1. */
static int take(int fd, void *p, size_t len, struct err *e)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, (char *)p + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot hear the unpacker");
		if (n == 0 && got == 0)
			return 0;
		if (n == 0)
			return err_set(e, ERR_DAMAGED, "the unpacker broke off a report");
		got += (size_t)n;
	}
	return 1;
}

int report_next(int fd, enum report_kind *kind, struct buf *payload, struct err *e)
{
	struct head h;
	unsigned char *to;
	int rc = take(fd, &h, sizeof(h), e);

	if (rc <= 0)
		return rc;
	if (h.kind < REPORT_PROGRESS || h.kind > REPORT_FAIL || h.len == 0 ||
		h.len > REPORT_MAX)
		return err_set(e, ERR_DAMAGED, "the unpacker sent a report that is none");
	buf_clear(payload);
	to = buf_reserve(payload, h.len);
	if (!to)
		return buf_check(payload, "the unpacker's report", e);
	if (take(fd, to, h.len, e) != 1)
		return err_set(e, ERR_DAMAGED, "the unpacker broke off a report");
	buf_grew(payload, h.len);
	*kind = (enum report_kind)h.kind;
	return 1;
}

int report_error(struct bytes payload, struct err *e)
{
	struct err said;

	if (payload.len != sizeof(said))
		return err_set(e, ERR_DAMAGED, "the unpacker sent an error that is none");
	memcpy(&said, payload.data, sizeof(said));
	said.text[sizeof(said.text) - 1] = '\0';
	if (said.code < ERR_FAILED || said.code > ERR_INTERRUPTED)
		said.code = ERR_FAILED;
	return err_set(e, said.code, "%s", said.text);
}
