#include "lib/model/pieces.h"
#include "tests/unit/memory_reader.h"
#include "tests/unit/unit.h"

#define MIB (UINT64_C(1) << 20)

static void pieces_are_few_and_large(void **state)
{
	static const struct {
		uint64_t file, size;
		size_t count;
	} cases[] = {
		{ 0, MIB, 0 },
		{ 1, MIB, 1 },
		{ MIB, MIB, 1 },
		{ MIB + 1, MIB, 2 },
		{ 16 * MIB, MIB, 16 },
		{ 16 * MIB + 1, 2 * MIB, 9 },
		{ 100 * MIB, 8 * MIB, 13 },
		{ UINT64_C(64) << 30, UINT64_C(4) << 30, 16 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(pieces_size(cases[i].file), cases[i].size);
		assert_int_equal(pieces_count(cases[i].file), cases[i].count);
	}
	assert_true(pieces_count(UINT64_MAX) <= PIECES_MAX);
}

/* Two pieces and a half, each byte telling where it stands. */
static unsigned char *some_file(size_t len)
{
	unsigned char *p = xmalloc(len);

	for (size_t i = 0; i < len; i++)
		p[i] = (unsigned char)(i ^ i >> 8 ^ i >> 16);
	return p;
}

static void told_of(const unsigned char *data, size_t len, struct pieces *out)
{
	struct memory_reader m = { bytes_of(data, len), 70000 };
	struct reader in = memory_reader_of(&m);
	struct err e;

	assert_int_equal(pieces_read(&in, len, out, &e), 0);
}

static void each_piece_is_good_when_its_last_byte_came(void **state)
{
	size_t len = (size_t)(2 * MIB + MIB / 2), steps[] = { 1, 4096, 300000, len };
	auto_free unsigned char *data = some_file(len);
	struct pieces told;

	(void)state;
	told_of(data, len, &told);
	assert_int_equal(told.count, 3);
	for (size_t s = 1; s < ARRAY_COUNT(steps); s++) {
		struct piecewise p;
		struct err e;

		piecewise_init(&p, &told, len);
		for (size_t at = 0; at < len; at += steps[s]) {
			size_t n = len - at < steps[s] ? len - at : steps[s];

			assert_int_equal(piecewise_add(&p, data + at, n, &e), 0);
			assert_int_equal(
				p.good, at + n == len ? len : (at + n) / MIB * MIB);
		}
		assert_int_equal(piecewise_add(&p, data, 1, &e), -1);
		assert_int_equal(e.code, ERR_UNTRUSTED);
		piecewise_release(&p);
	}
}

static void a_changed_byte_costs_its_piece(void **state)
{
	size_t len = (size_t)(2 * MIB + 5);
	auto_free unsigned char *data = some_file(len);
	struct pieces told;
	struct piecewise p;
	struct err e;

	(void)state;
	told_of(data, len, &told);
	piecewise_init(&p, &told, len);
	data[MIB + 7] ^= 1;
	assert_int_equal(piecewise_add(&p, data, len, &e), -1);
	assert_int_equal(e.code, ERR_UNTRUSTED);
	assert_int_equal(p.good, MIB);
	data[MIB + 7] ^= 1;
	piecewise_rewind(&p);
	assert_int_equal(p.at, MIB);
	assert_int_equal(piecewise_add(&p, data + MIB, len - MIB, &e), 0);
	assert_int_equal(p.good, len);
	piecewise_release(&p);
}

static void a_file_that_is_too_short_is_damaged(void **state)
{
	auto_free unsigned char *data = some_file(1000);
	struct memory_reader m = { bytes_of(data, 1000), 100 };
	struct reader in = memory_reader_of(&m);
	struct pieces told;
	struct err e;

	(void)state;
	assert_int_equal(pieces_read(&in, 1001, &told, &e), -1);
	assert_int_equal(e.code, ERR_DAMAGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_few_and_large),
		cmocka_unit_test(each_piece_is_good_when_its_last_byte_came),
		cmocka_unit_test(a_changed_byte_costs_its_piece),
		cmocka_unit_test(a_file_that_is_too_short_is_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
