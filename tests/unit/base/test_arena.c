#include "lib/base/arena.h"

#include "tests/unit/unit.h"

#include <stdalign.h>

static void arena_memory_is_zeroed_aligned_and_apart(void **state)
{
	auto_arena struct arena a = { 0 };
	unsigned char *piece[2000];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(piece); i++) {
		size_t size = 1 + i % 300;

		piece[i] = arena_alloc(&a, size);
		assert_int_equal((uintptr_t)piece[i] % alignof(max_align_t), 0);
		for (size_t k = 0; k < size; k++)
			assert_int_equal(piece[i][k], 0);
		memset(piece[i], (int)(i & 0xff), size);
	}
	for (size_t i = 0; i < ARRAY_COUNT(piece); i++)
		for (size_t k = 0; k < 1 + i % 300; k++)
			assert_int_equal(piece[i][k], i & 0xff);
}

static void arena_takes_pieces_larger_than_a_block(void **state)
{
	auto_arena struct arena a = { 0 };
	char *small = arena_strdup(&a, "small"), *next;
	unsigned char *big = arena_array(&a, 1000, 1000);

	(void)state;
	memset(big, 0xff, 1000000);
	next = arena_strdup(&a, "next");
	assert_string_equal(small, "small");
	assert_string_equal(next, "next");
	/* The block in use is still used after a large piece. */
	assert_true(next - small < 64 && next > small);
}

static void arena_copies_text(void **state)
{
	auto_arena struct arena a = { 0 };

	(void)state;
	assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
	assert_string_equal(arena_strndup(&a, "", 0), "");
	assert_string_equal(arena_printf(&a, "%s/%d", "x", 5), "x/5");
	arena_release(&a);
	assert_null(a.head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(arena_takes_pieces_larger_than_a_block),
		cmocka_unit_test(arena_copies_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
