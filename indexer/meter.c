#include "indexer/meter.h"

void meter_begin(struct meter *m, struct reader in, const char *name, uint64_t max)
{
	*m = (struct meter){ .in = in, .name = name, .max = max };
	hasher_init(&m->hash);
}

static ssize_t meter_read(void *ctx, void *buf, size_t size, struct err *e)
{
	struct meter *m = ctx;
	ssize_t n = reader_read(&m->in, buf, size, e);

	if (n <= 0)
		return n;
	m->seen += (uint64_t)n;
	if (m->seen > m->max)
		return err_set(e, ERR_LIMIT, "'%s' unpacks to more than %llu bytes",
			m->name, (unsigned long long)m->max);
	hasher_add(&m->hash, buf, (size_t)n);
	return n;
}

struct reader meter_as_reader(struct meter *m)
{
	return (struct reader){ .read = meter_read, .ctx = m };
}

int meter_end(struct meter *m, struct digest *sha256, struct err *e)
{
	unsigned char chunk[65536];
	ssize_t n;

	do
		n = meter_read(m, chunk, sizeof(chunk), e);
	while (n > 0);
	if (n < 0)
		return -1;
	*sha256 = hasher_final(&m->hash);
	return 0;
}

void meter_release(struct meter *m)
{
	hasher_release(&m->hash);
}
