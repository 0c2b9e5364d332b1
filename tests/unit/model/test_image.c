#include "lib/model/image.h"

#include "tests/unit/unit.h"

#include <sys/utsname.h>

static void image_parse_and_format_are_inverse(void **state)
{
	static const char *const fine[] = { "debian/trixie/amd64/default",
		"rockylinux/9/arm64/cloud", "opensuse/15.6/s390x/a_b+c-d.e",
		"nixos/Unstable/i386/x", "0ad/2/riscv64/3" };
	char text[IMAGE_NAME_MAX];
	struct image i;
	struct err e;

	(void)state;
	for (size_t k = 0; k < ARRAY_COUNT(fine); k++) {
		assert_int_equal(image_parse(fine[k], &i, &e), 0);
		image_format(&i, text);
		assert_string_equal(text, fine[k]);
	}
}

static void image_parse_refuses_everything_else(void **state)
{
	static const char *const bad[] = { "", "debian", "debian/13/amd64",
		"a/b/amd64/d/e", "/b/amd64/d", "a//amd64/d", "a/b//d", "a/b/amd64/",
		"Debian/13/amd64/default", "debian/13/amd64/Default",
		"debian/13/x86_64/default", "debian/13/all/default",
		"../13/amd64/default", "debian/../amd64/x", ".a/13/amd64/x",
		"-a/13/amd64/x", "a/_1/amd64/x", "a b/13/amd64/x", "a/13/amd64/x;y",
		"a/1:3/amd64/x", "a/13/amd64/x@1", "a/13/amd64/\xc3\xbc", "a/13/AMD64/x",
		"a/13/amd64/x\n" };
	struct image i = { .distro = "kept" };
	struct err e;

	(void)state;
	for (size_t k = 0; k < ARRAY_COUNT(bad); k++) {
		assert_int_equal(image_parse(bad[k], &i, &e), -1);
		assert_int_equal(e.code, ERR_PARSE);
		assert_string_equal(i.distro, "kept");
	}
}

static void image_parts_have_64_bytes(void **state)
{
	char part[66], text[200];
	struct image i;
	struct err e;

	(void)state;
	memset(part, 'a', sizeof(part));
	part[64] = '\0';
	assert_true(image_part_is_valid(part));
	snprintf(text, sizeof(text), "%s/%s/amd64/x", part, part);
	assert_int_equal(image_parse(text, &i, &e), 0);
	part[64] = 'a';
	part[65] = '\0';
	assert_false(image_part_is_valid(part));
	snprintf(text, sizeof(text), "%s/13/amd64/x", part);
	assert_int_equal(image_parse(text, &i, &e), -1);
	assert_false(image_part_is_valid(""));
	assert_true(image_part_is_valid("Upper"));
}

static void image_order_is_part_by_part(void **state)
{
	static const char *const sorted[] = { "a/1/amd64/x", "a/1/arm64/a", "a/1/arm64/b",
		"a/1.1/amd64/a", "a/10/amd64/a", "a-b/1/amd64/x" };
	struct image x, y;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(sorted); i++) {
		for (size_t k = 0; k < ARRAY_COUNT(sorted); k++) {
			int order;

			assert_int_equal(image_parse(sorted[i], &x, &e), 0);
			assert_int_equal(image_parse(sorted[k], &y, &e), 0);
			order = image_compare(&x, &y);
			assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
			assert_int_equal(image_equal(&x, &y), i == k);
		}
	}
}

static void expect_ref(const char *text, const char *shape)
{
	struct image_ref r;
	char got[400];
	struct err e;

	if (image_ref_parse(text, &r, &e) < 0)
		fail_msg("%s", e.text);
	snprintf(got, sizeof(got), "%s:%s/%s/%s/%s@%s%.8s", r.remote, r.image.distro,
		r.image.release, r.image.arch, r.image.variant, r.serial, r.id);
	assert_string_equal(got, shape);
}

static void references_take_parts_in_either_order(void **state)
{
	(void)state;
	expect_ref("debian", ":debian///@");
	expect_ref("debian/13", ":debian/13//@");
	expect_ref("debian/13/amd64", ":debian/13/amd64/@");
	expect_ref("debian/13/cloud", ":debian/13//cloud@");
	expect_ref("debian/13/cloud/arm64", ":debian/13/arm64/cloud@");
	expect_ref("debian/13/arm64/cloud", ":debian/13/arm64/cloud@");
	expect_ref("debian/Sid/arm64/cloud", ":debian/Sid/arm64/cloud@");
	expect_ref("debian/arm64", ":debian//arm64/@");
	expect_ref("home:debian/13", "home:debian/13//@");
	expect_ref("home:debian@20261123_0207", "home:debian///@20261123_0207");
	expect_ref("debian@20261123_02:07", ":debian///@20261123_02:07");
	expect_ref("debian/13@sha256:"
		   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		":debian/13//@ba7816bf");
}

static void references_refuse_everything_else(void **state)
{
	static const char *const bad[] = { "", ":", "/", "@", "@20261123_0207", ":debian",
		"debian/", "debian//x", "a/b/c/d/e", "debian/13/x/y",
		"debian/13/amd64/arm64/x", "debian/13/x/amd64/y", "debian@",
		"debian@latest", "debian@20261323_0207",
		"debian@sha256:", "debian@sha256:00", "debian@sha1:00", "a:b:c", "../x",
		"x/../y", "https://host/debian", "Debian", "debian/13/Cloud",
		"debian@20261123_0207@x",
		"debian@sha256:"
		"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
		"debian@sha256:"
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0" };
	struct image_ref r = { .remote = "kept" };
	struct err e;

	(void)state;
	for (size_t k = 0; k < ARRAY_COUNT(bad); k++) {
		if (image_ref_parse(bad[k], &r, &e) == 0)
			fail_msg("'%s' was taken", bad[k]);
		assert_int_equal(e.code, ERR_PARSE);
		assert_string_equal(r.remote, "kept");
	}
}

static void references_have_a_bound(void **state)
{
	char text[2000];
	struct image_ref r;
	struct err e;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(image_ref_parse(text, &r, &e), -1);
	memset(text, ':', 64);
	assert_int_equal(image_ref_parse(text, &r, &e), -1);
}

static void serials_are_minutes_that_exist(void **state)
{
	static const char *const fine[] = { "20261123_0207", "20261123_02:07",
		"20240229_2359", "20000229_0000", "19700101_0000", "99991231_2359" };
	static const char *const bad[] = { "", "20261123", "20261123_020",
		"20261123_02070", "20261123-0207", "20261301_0000", "20260001_0000",
		"20260100_0000", "20260132_0000", "20230229_0000", "21000229_0000",
		"20260431_0000", "20261123_2400", "20261123_0060", "20261123_02:7",
		"20261123_0:207", "2026112a_0207", "20261123_02 07", " 0261123_0207",
		"+0261123_0207", "19691231_2359", "20261123_02:070", "../../../../et" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(fine); i++)
		assert_true(serial_is_valid(fine[i]));
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(serial_is_valid(bad[i]));
}

static void serials_are_times(void **state)
{
	char text[SERIAL_MAX];
	int64_t t = -1;
	struct err e;

	(void)state;
	assert_int_equal(serial_to_time("20261123_0207", &t, &e), 0);
	assert_int_equal(t, 1795399620);
	serial_from_time(t + 59, text);
	assert_string_equal(text, "20261123_0207");
	assert_int_equal(serial_to_time("19700101_0000", &t, &e), 0);
	assert_int_equal(t, 0);
	assert_int_equal(serial_to_time("20261323_0207", &t, &e), -1);
	assert_int_equal(t, 0);
	serial_from_time(-1, text);
	assert_string_equal(text, "19700101_0000");
	serial_from_time(INT64_MAX, text);
	assert_string_equal(text, "99991231_2359");
}

static void serials_are_ordered_by_time_then_bytes(void **state)
{
	(void)state;
	assert_true(serial_compare("20261123_0207", "20261123_0208") < 0);
	assert_true(serial_compare("20261123_02:08", "20261123_0207") > 0);
	assert_true(serial_compare("20261123_0207", "20261123_02:07") < 0);
	assert_int_equal(serial_compare("20261123_0207", "20261123_0207"), 0);
	assert_true(serial_compare("20251231_2359", "20260101_0000") < 0);
}

static void architectures_have_two_names(void **state)
{
	struct utsname u;

	(void)state;
	assert_string_equal(arch_to_kernel("amd64"), "x86_64");
	assert_string_equal(arch_from_kernel("x86_64"), "amd64");
	assert_string_equal(arch_from_kernel("armv8l"), "armhf");
	assert_string_equal(arch_to_kernel("armhf"), "armv7l");
	assert_string_equal(arch_to_kernel("ppc64el"), "ppc64le");
	assert_null(arch_to_kernel("x86_64"));
	assert_null(arch_from_kernel("amd64"));
	assert_true(arch_is_known("s390x"));
	assert_false(arch_is_known(""));
	assert_false(arch_is_known("all"));
	assert_int_equal(uname(&u), 0);
	assert_string_equal(arch_of_this_machine(), arch_from_kernel(u.machine));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(image_parse_and_format_are_inverse),
		cmocka_unit_test(image_parse_refuses_everything_else),
		cmocka_unit_test(image_parts_have_64_bytes),
		cmocka_unit_test(image_order_is_part_by_part),
		cmocka_unit_test(references_take_parts_in_either_order),
		cmocka_unit_test(references_refuse_everything_else),
		cmocka_unit_test(references_have_a_bound),
		cmocka_unit_test(serials_are_minutes_that_exist),
		cmocka_unit_test(serials_are_times),
		cmocka_unit_test(serials_are_ordered_by_time_then_bytes),
		cmocka_unit_test(architectures_have_two_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
