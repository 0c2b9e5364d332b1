#include "lib/base/arena.h"

#include <stdalign.h>

#define ARENA_BLOCK (64U << 10)

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char data[];
};

void arena_release(struct arena *a)
{
	int saved = errno;

	while (a->head) {
		struct arena_block *next = a->head->next;

		free(a->head);
		a->head = next;
	}
	errno = saved;
}

static struct arena_block *block_new(size_t size)
{
	struct arena_block *b;

	if (size > SIZE_MAX - sizeof(*b))
		err_abort("an allocation is too large");
	b = xmalloc(sizeof(*b) + size);
	b->next = NULL;
	b->used = 0;
	b->size = size;
	return b;
}

static struct arena_block *block_with_room(struct arena *a, size_t size)
{
	struct arena_block *b;

	if (a->head && a->head->size - a->head->used >= size)
		return a->head;
	b = block_new(size > ARENA_BLOCK / 4 ? size : ARENA_BLOCK);
	/* A large piece goes behind the block in use, whose rest stays useful. */
	if (a->head && b->size == size) {
		b->next = a->head->next;
		a->head->next = b;
	} else {
		b->next = a->head;
		a->head = b;
	}
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct arena_block *b;
	void *p;

	if (size > SIZE_MAX - align)
		err_abort("an allocation is too large");
	size = (size + align - 1) / align * align;
	b = block_with_room(a, size);
	p = b->data + b->used;
	b->used += size;
	return memset(p, 0, size);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		err_abort("an allocation is too large");
	return arena_alloc(a, total);
}

char *arena_strndup(struct arena *a, const void *s, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	memcpy(p, s, len);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		err_abort("out of memory");
	return arena_strndup(a, text, (size_t)n);
}
