#include "lib/adapt/digest.h"

#include "tests/unit/adapt/support.h"

/* FIPS 180-4 examples */
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void assert_hex(const struct digest *d, const char *want)
{
	char hex[DIGEST_HEX];

	digest_hex(d, hex);
	assert_string_equal(hex, want);
}

static void digest_is_sha256(void **state)
{
	struct digest empty = digest_of((struct bytes){ 0 });
	struct digest abc = digest_of(bytes_of_str("abc"));

	(void)state;
	assert_hex(&empty, EMPTY);
	assert_hex(&abc, ABC);
}

static void hasher_in_pieces_equals_digest_of_whole(void **state)
{
	auto_free unsigned char *data = sample(300001, 1);
	struct digest whole = digest_of(bytes_of(data, 300001)), pieces;
	struct hasher h;

	(void)state;
	hasher_init(&h);
	for (size_t at = 0, n = 1; at < 300001; at += n, n = n * 3 % 70001)
		hasher_add(&h, data + at, at + n > 300001 ? 300001 - at : n);
	assert_int_equal(h.len, 300001);
	pieces = hasher_final(&h);
	assert_true(digest_equal(&whole, &pieces));
	assert_null(h.state);
}

static void descriptor_is_hashed_from_zero_and_its_offset_stays(void **state)
{
	auto_free unsigned char *data = sample(1000003, 2);
	auto_fd int fd = memfd_create("data", MFD_CLOEXEC);
	struct digest want = digest_of(bytes_of(data, 1000003)), got;
	struct err e = { 0 };
	uint64_t size = 0;

	(void)state;
	assert_int_equal(fs_write_all(fd, data, 1000003, &e), 0);
	assert_int_equal(lseek(fd, 17, SEEK_SET), 17);
	assert_int_equal(digest_of_fd(fd, "data", &got, &size, &e), 0);
	assert_int_equal(size, 1000003);
	assert_true(digest_equal(&want, &got));
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 17);
}

static void unreadable_descriptor_is_an_error(void **state)
{
	auto_fd int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct digest got;
	struct err e = { 0 };
	uint64_t size = 0;

	(void)state;
	assert_int_equal(digest_of_fd(dir, "the root", &got, &size, &e), -1);
	assert_non_null(strstr(e.text, "'the root'"));
}

static void parse_takes_64_lower_case_hex_digits_only(void **state)
{
	static const char *const bad[] = { "", "abc", ABC "0",
		"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ag",
		" a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" };
	struct digest d;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(digest_parse(ABC, &d, &e), 0);
	assert_hex(&d, ABC);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_int_equal(digest_parse(bad[i], &d, &e), -1);
		assert_int_equal(e.code, ERR_PARSE);
	}
	assert_hex(&d, ABC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digest_is_sha256),
		cmocka_unit_test(hasher_in_pieces_equals_digest_of_whole),
		cmocka_unit_test(descriptor_is_hashed_from_zero_and_its_offset_stays),
		cmocka_unit_test(unreadable_descriptor_is_an_error),
		cmocka_unit_test(parse_takes_64_lower_case_hex_digits_only),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
