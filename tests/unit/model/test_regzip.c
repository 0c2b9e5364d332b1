#include "lib/model/regzip.h"

#include "lib/base/spawn.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#define TEXT_MAX (3U << 20)

/* Text with the repetitions of a changelog and, in between, noise that no search finds
 * anything in. */
static void changelog(struct buf *out, unsigned int lines)
{
	uint32_t noise = 12345;

	for (unsigned int i = 0; i < lines; i++) {
		noise = noise * 1664525 + 1013904223;
		buf_printf(out,
			"pkg (%u.%u-%u) unstable; urgency=medium\n\n  * Fix bug #%u",
			i / 100, i / 10 % 10, i % 10, noise % 1000000);
		if (noise % 7 == 0)
			buf_printf(out, " (Closes: #%u)", noise >> 8);
		if (noise % 101 == 0)
			for (unsigned int k = 0; k < 3000; k++) {
				noise = noise * 1664525 + 1013904223;
				buf_add_byte(out, (unsigned char)(noise >> 24));
			}
	}
}

/* What the real program makes of it. */
static void gzip(
	const struct scratch *s, const char *level, struct bytes in, struct buf *out)
{
	const char *argv[] = { "gzip", level, "-c", NULL };
	struct spawn run = SPAWN_INIT;
	struct err e;
	int status;
	auto_fd int fd =
		openat(s->fd, "in", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, in.data, in.len), in.len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	run.argv = argv;
	run.stdin_fd = fd;
	if (spawn_capture(&run, out, &status, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(status, 0);
}

static void expect_remade(struct bytes gz, struct bytes content)
{
	auto_buf struct buf found = BUF_INIT(TEXT_MAX),
			    recipe = BUF_INIT(REGZIP_RECIPE_MAX),
			    again = BUF_INIT(TEXT_MAX), plain = BUF_INIT(TEXT_MAX);
	struct err e;

	assert_int_equal(regzip_analyse(gz, &found, &recipe, &e), 1);
	assert_true(bytes_equal(buf_bytes(&found), content));
	if (regzip_make(content, buf_bytes(&recipe), &again, &e) < 0)
		fail_msg("%s", e.text);
	assert_true(bytes_equal(buf_bytes(&again), gz));
	assert_true(recipe.len < 200 + gz.len / 500);
	assert_int_equal(regzip_contents(gz, &plain, &e), 0);
	assert_true(bytes_equal(buf_bytes(&plain), content));
}

static void what_gzip_made_is_made_again_byte_for_byte(void **state)
{
	static const char *const levels[] = { "-1n", "-2n", "-3n", "-4n", "-5n", "-6n",
		"-7n", "-8n", "-9n", "-9" };
	static const unsigned int sizes[] = { 0, 1, 40, 1500, 20000 };

	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		auto_buf struct buf text = BUF_INIT(TEXT_MAX);

		changelog(&text, sizes[i]);
		for (size_t k = 0; k < ARRAY_COUNT(levels); k++) {
			auto_buf struct buf gz = BUF_INIT(TEXT_MAX);

			gzip(*state, levels[k], buf_bytes(&text), &gz);
			expect_remade(buf_bytes(&gz), buf_bytes(&text));
		}
	}
}

/* Bytes that do not compress become stored blocks. */
static void stored_blocks_are_made_again(void **state)
{
	auto_buf struct buf noise = BUF_INIT(TEXT_MAX), gz = BUF_INIT(TEXT_MAX);
	uint32_t x = 1;

	for (unsigned int i = 0; i < 300000; i++) {
		x = x * 1664525 + 1013904223;
		buf_add_byte(&noise, (unsigned char)(x >> 24));
	}
	gzip(*state, "-9n", buf_bytes(&noise), &gz);
	expect_remade(buf_bytes(&gz), buf_bytes(&noise));
}

static void a_file_of_two_members_has_no_recipe(void **state)
{
	auto_buf struct buf gz = BUF_INIT(TEXT_MAX), content = BUF_INIT(TEXT_MAX),
			    recipe = BUF_INIT(REGZIP_RECIPE_MAX);
	struct err e;

	gzip(*state, "-9n", bytes_of_str("one"), &gz);
	gzip(*state, "-9n", bytes_of_str("two"), &gz);
	assert_int_equal(regzip_analyse(buf_bytes(&gz), &content, &recipe, &e), 0);
}

/* Cut or changed anywhere, reading ends with a sentence; what is read stays within bounds.
 */
static void broken_files_are_refused(void **state)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX), gz = BUF_INIT(TEXT_MAX);
	struct err e;

	changelog(&text, 60);
	gzip(*state, "-9n", buf_bytes(&text), &gz);
	for (size_t i = 0; i < gz.len; i++) {
		auto_buf struct buf out = BUF_INIT(TEXT_MAX);

		assert_int_equal(regzip_contents(bytes_of(gz.data, i), &out, &e), -1);
		assert_int_equal(e.code, ERR_PARSE);
	}
	for (size_t i = 0; i < gz.len * 8; i++) {
		auto_buf struct buf out = BUF_INIT(8192);

		gz.data[i / 8] ^= (unsigned char)(1U << i % 8);
		if (regzip_contents(buf_bytes(&gz), &out, &e) < 0)
			assert_true(e.code == ERR_PARSE || e.code == ERR_LIMIT);
		gz.data[i / 8] ^= (unsigned char)(1U << i % 8);
	}
}

static void recipes_that_do_not_cover_the_contents_are_refused(void **state)
{
	static const struct {
		const char *recipe;
		size_t len;
	} bad[] = {
		{ "", 0 }, { "\x05xx", 3 },            /* a header that is cut off */
		{ "\x00\x89\x01\x09\x00", 5 },         /* a block of two symbols */
		{ "\x00\x89\x01\x0d\x00\x00", 6 },     /* bytes behind the end */
		{ "\x00\x80\x01\x0d\x00", 5 },         /* level 0 */
		{ "\x00\x89\x00\x00", 4 },             /* no block */
		{ "\x00\x89\x01\x0f\x00", 5 },         /* a kind that is none */
		{ "\x00\x89\x02\x0d\x05\x80\x00", 7 }, /* a number longer than need be */
		{ "\x00\x89\x01\x04\x00", 5 },         /* one stored byte of three */
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		auto_buf struct buf out = BUF_INIT(4096);

		assert_int_equal(regzip_make(bytes_of_str("abc"),
					 bytes_of(bad[i].recipe, bad[i].len), &out, &e),
			-1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_gzip_made_is_made_again_byte_for_byte),
		cmocka_unit_test(stored_blocks_are_made_again),
		cmocka_unit_test(a_file_of_two_members_has_no_recipe),
		cmocka_unit_test(broken_files_are_refused),
		cmocka_unit_test(recipes_that_do_not_cover_the_contents_are_refused),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
