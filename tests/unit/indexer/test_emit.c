#include "indexer/emit.h"

#include "tests/unit/unit.h"

static void sums_list_only_what_is_signed_for(void **state)
{
	auto_buf struct buf text = BUF_INIT(4096);
	struct catalog_file files[] = {
		{ .name = "build.log", .sha256 = { { 1 } } },
		{ .name = "rootfs.man", .sha256 = { { 2 } }, .is_signed = true },
	};

	(void)state;
	emit_sums(files, 2, &text);
	assert_string_equal(buf_str(&text), "02000000000000000000000000000000000000000000"
					    "00000000000000000000  rootfs.man\n");
}

static void lxc_index_has_both_modes_with_and_without_level(void **state)
{
	struct buf text[1] = { BUF_INIT(4096) };
	const struct emit_listed listed = { .image = { "debian", "trixie", "amd64",
						    "default" },
		.serial = "20260101_0000" };
	const struct emit_image image = { .listed = &listed };
	const struct emit_site site = { .generation = 1 };

	(void)state;
	assert_int_equal(emit_lxc.file_count, 4);
	emit_lxc.image(&site, &image, NULL, text);
	assert_string_equal(buf_str(text), "debian;trixie;amd64;default;20260101_0000;/"
					   "images/debian/trixie/amd64/default/"
					   "20260101_0000/\n");
	buf_release(text);
}

static void aliases_lead_only_to_releases_with_images(void **state)
{
	auto_buf struct buf text = BUF_INIT(4096);
	struct site_release releases[] = {
		{ .distro = "debian",
			.name = "trixie",
			.alias = { "13", "stable" },
			.alias_count = 2,
			.eol = "",
			.is_default = true },
		{ .distro = "debian",
			.name = "sid",
			.alias = { "unstable" },
			.alias_count = 1,
			.eol = "" },
	};
	const struct site site = { .release = releases, .release_count = 2 };
	const struct emit_listed listed = { .image = { "debian", "trixie", "amd64",
						    "default" } };

	(void)state;
	emit_catalog_aliases(&text, &site, &listed, 1);
	assert_string_equal(buf_str(&text), "[\"@debian/13\",\"debian/trixie\"]\n"
					    "[\"@debian/stable\",\"debian/trixie\"]\n"
					    "[\"@debian\",\"debian/trixie\"]\n");
}

static void state_is_eol_after_the_last_day(void **state)
{
	struct site_release release = {
		.distro = "debian", .name = "jessie", .eol = "2020-06-30"
	};
	const struct site site = { .release = &release, .release_count = 1 };
	struct catalog_image image = { .image = {
					       "debian", "jessie", "amd64", "default" } };

	(void)state;
	assert_string_equal(emit_image_state(&site, &image, 1500000000), "active");
	assert_string_equal(emit_image_state(&site, &image, 1700000000), "eol");
	memcpy(image.image.release, "trixie", 7);
	assert_string_equal(emit_image_state(&site, &image, 1700000000), "active");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_list_only_what_is_signed_for),
		cmocka_unit_test(lxc_index_has_both_modes_with_and_without_level),
		cmocka_unit_test(aliases_lead_only_to_releases_with_images),
		cmocka_unit_test(state_is_eol_after_the_last_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
