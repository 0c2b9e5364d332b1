/* arena.h -- memory that a parsed document allocates piece by piece and frees as a whole.
 * Owns    every block; pointers stay valid until arena_release */
#ifndef LIB_BASE_ARENA_H
#define LIB_BASE_ARENA_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct arena_block;

struct arena {
	struct arena_block *head;
};

void arena_release(struct arena *a) nonnull;
#define auto_arena with_cleanup(arena_release)

/* Zeroed memory, aligned for anything. */
void *arena_alloc(struct arena *a, size_t size) must_check nonnull;
void *arena_array(struct arena *a, size_t count, size_t size) must_check nonnull;
char *arena_strdup(struct arena *a, const char *s) must_check nonnull;
char *arena_strndup(struct arena *a, const void *s, size_t len) must_check nonnull;
char *arena_printf(struct arena *a, const char *fmt, ...) must_check printf_like(2, 3);

#endif
