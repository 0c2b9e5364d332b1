#include "client/image/floors.h"
#include "lib/base/fs.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <fcntl.h>

static const struct floors sample = {
	.repo = "0123456789abcdef0123456789abcdef",
	.root_version = 2,
	.seen_root = 2,
	.version = 7,
	.generation = 5,
	.created_s = 1700000000,
};

static struct current current_of(const struct floors *f)
{
	return (struct current){
		.repo = f->repo,
		.root_version = f->seen_root,
		.version = f->version,
		.generation = f->generation,
		.created_s = f->created_s,
	};
}

static void write_floors(int dir_fd, const char *text)
{
	auto_fd int fd = openat(dir_fd, "floors", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct err e;

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, text, strlen(text), &e), 0);
}

static void floors_come_back_as_written(void **state)
{
	int dir_fd = ((struct scratch *)*state)->fd;
	struct floors got;
	struct err e;

	assert_int_equal(floors_raise(dir_fd, "r", &sample, &e), 0);
	assert_int_equal(floors_load(dir_fd, "r", &got, &e), 0);
	assert_memory_equal(&got, &sample, sizeof(got));
}

static void floors_are_never_lowered(void **state)
{
	int dir_fd = ((struct scratch *)*state)->fd;
	struct floors low = sample, got;
	struct err e;

	low.version = 3;
	low.generation = 9;
	assert_int_equal(floors_raise(dir_fd, "r", &sample, &e), 0);
	assert_int_equal(floors_raise(dir_fd, "r", &low, &e), 0);
	assert_int_equal(floors_load(dir_fd, "r", &got, &e), 0);
	assert_int_equal(got.version, 7);
	assert_int_equal(got.generation, 9);
}

static void floors_are_forgotten_by_a_newer_root_only(void **state)
{
	int dir_fd = ((struct scratch *)*state)->fd;
	struct floors reset = sample, got;
	struct err e;

	assert_int_equal(floors_raise(dir_fd, "r", &sample, &e), 0);
	reset.version = 0;
	reset.root_version = 1;
	assert_int_equal(floors_raise(dir_fd, "r", &reset, &e), 0);
	assert_int_equal(floors_load(dir_fd, "r", &got, &e), 0);
	assert_int_equal(got.version, 7);
	reset.root_version = 3;
	assert_int_equal(floors_raise(dir_fd, "r", &reset, &e), 0);
	assert_int_equal(floors_load(dir_fd, "r", &got, &e), 0);
	assert_int_equal(got.version, 0);
}

static void floors_that_are_missing_are_not_found(void **state)
{
	struct floors got;
	struct err e;

	assert_int_equal(floors_load(((struct scratch *)*state)->fd, "r", &got, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
}

static void floors_that_are_damaged_name_the_repair(void **state)
{
#define NUMBERS "seen_root 1\nversion 1\ngeneration 1\ncreated 1\n"
#define REPO    "repo 0123456789abcdef0123456789abcdef\n"
	static const char *const texts[] = { "", "garbage", REPO NUMBERS,
		REPO "root_version 0\n" NUMBERS, REPO "root_version -1\n" NUMBERS,
		REPO "root_version 1x\n" NUMBERS,
		REPO "root_version 99999999999999999999\n" NUMBERS,
		"repo xyz\nroot_version 1\n" NUMBERS, "root_version 1\n" NUMBERS };
	int dir_fd = ((struct scratch *)*state)->fd;

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		struct floors got;
		struct err e;

		write_floors(dir_fd, texts[i]);
		assert_int_equal(floors_load(dir_fd, "r", &got, &e), -1);
		assert_int_equal(e.code, ERR_DAMAGED);
		assert_non_null(strstr(e.text, "rootyard remote rm r"));
	}
}

static void floors_take_what_is_equal_or_higher(void **state)
{
	struct current c = current_of(&sample);
	struct err e;

	(void)state;
	assert_int_equal(floors_check(&sample, &c, &e), 0);
	c.version++;
	c.generation++;
	c.created_s++;
	c.root_version++;
	assert_int_equal(floors_check(&sample, &c, &e), 0);
}

static void floors_refuse_each_number_that_is_lower(void **state)
{
	const size_t offsets[] = { offsetof(struct current, version),
		offsetof(struct current, generation), offsetof(struct current, created_s),
		offsetof(struct current, root_version) };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(offsets); i++) {
		struct current c = current_of(&sample);
		int64_t *number = (int64_t *)(void *)((char *)&c + offsets[i]);
		char was[32], is[32];
		struct err e;

		snprintf(was, sizeof(was), "from %lld ", (long long)*number);
		(*number)--;
		snprintf(is, sizeof(is), "to %lld", (long long)*number);
		assert_int_equal(floors_check(&sample, &c, &e), -1);
		assert_int_equal(e.code, ERR_UNTRUSTED);
		assert_non_null(strstr(e.text, was));
		assert_non_null(strstr(e.text, is));
	}
}

static void floors_refuse_another_repository(void **state)
{
	struct current c = current_of(&sample);
	struct err e;

	(void)state;
	c.repo = "ffffffffffffffffffffffffffffffff";
	assert_int_equal(floors_check(&sample, &c, &e), -1);
	assert_int_equal(e.code, ERR_UNTRUSTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(floors_come_back_as_written),
		scratch_test(floors_are_never_lowered),
		scratch_test(floors_are_forgotten_by_a_newer_root_only),
		scratch_test(floors_that_are_missing_are_not_found),
		scratch_test(floors_that_are_damaged_name_the_repair),
		cmocka_unit_test(floors_take_what_is_equal_or_higher),
		cmocka_unit_test(floors_refuse_each_number_that_is_lower),
		cmocka_unit_test(floors_refuse_another_repository),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
