#include "httpd/body.h"

#include <sys/mman.h>
#include <unistd.h>

static bool budget_take(atomic_size_t *budget, size_t size)
{
	size_t free_bytes = atomic_load(budget);

	while (free_bytes >= size)
		if (atomic_compare_exchange_weak(budget, &free_bytes, free_bytes - size))
			return true;
	return false;
}

ssize_t body_read(const struct body *b, uint64_t offset, void *p, size_t size)
{
	ssize_t n;

	do
		n = pread(b->fd, p, size, (off_t)offset);
	while (n < 0 && errno == EINTR);
	return n;
}

static int load(struct body *b, struct err *e)
{
	size_t done = 0;

	while (done < b->size) {
		ssize_t n = body_read(b, done, b->memory + done, b->size - done);

		if (n < 0)
			return err_sys(e, "cannot read");
		if (n == 0)
			return err_set(e, ERR_AGAIN, "became shorter while it was read");
		done += (size_t)n;
	}
	return 0;
}

/* A mapping takes no memory but the tables that name its pages. */
static size_t map_cost(uint64_t size)
{
	return (size_t)(size / 4096 + 1) * sizeof(void *);
}

static void try_map(struct body *b)
{
	void *map;

	if (b->size == 0 || b->size > BODY_MAP_MAX ||
		!budget_take(b->budget, map_cost(b->size)))
		return;
	map = mmap(NULL, b->size, PROT_READ, MAP_SHARED, b->fd, 0);
	if (map == MAP_FAILED)
		atomic_fetch_add(b->budget, map_cost(b->size));
	else
		b->map = map;
}

static void body_free(struct body *b)
{
	if (b->memory && b->budget)
		atomic_fetch_add(b->budget, b->size);
	free(b->memory);
	if (b->map) {
		munmap(b->map, b->size);
		atomic_fetch_add(b->budget, map_cost(b->size));
	}
	if (b->fd >= 0)
		close(b->fd);
	free(b);
}

int body_open(int fd, uint64_t size, bool can_map, atomic_size_t *budget,
	struct body **out, struct err *e)
{
	struct body *b = xcalloc(1, sizeof(*b));

	*b = (struct body){ .refs = 1, .size = size, .fd = fd, .budget = budget };
	if (size <= BODY_MEMORY_MAX && budget_take(budget, size)) {
		b->memory = xmalloc(size ? size : 1);
		if (load(b, e) < 0) {
			b->fd = -1;
			body_free(b);
			return -1;
		}
		close(b->fd);
		b->fd = -1;
	} else if (can_map) {
		try_map(b);
	}
	*out = b;
	return 0;
}

struct body *body_of_memory(unsigned char *memory, uint64_t size)
{
	struct body *b = xcalloc(1, sizeof(*b));

	*b = (struct body){ .refs = 1, .size = size, .memory = memory, .fd = -1 };
	return b;
}

struct body *body_ref(struct body *b)
{
	atomic_fetch_add(&b->refs, 1);
	return b;
}

void body_unref(struct body *b)
{
	if (atomic_fetch_sub(&b->refs, 1) == 1)
		body_free(b);
}
