#include "lib/model/streams.h"

#include "tests/unit/unit.h"

#define HEX_1 "0100000000000000000000000000000000000000000000000000000000000000"
#define HEX_2 "0200000000000000000000000000000000000000000000000000000000000000"
#define HEX_3 "0300000000000000000000000000000000000000000000000000000000000000"
#define HEX_4 "0400000000000000000000000000000000000000000000000000000000000000"
#define HEX_5 "0500000000000000000000000000000000000000000000000000000000000000"

static const struct streams_product product = {
	.image = { "debian", "trixie", "amd64", "default" },
	.aliases = "debian/trixie/default,debian/trixie",
	.eol = "",
	.requirements = "",
};

static const struct streams_version version = {
	.serial = "20261123_1630",
	.meta = { "m", 472, { { 1 } }, { { 0 } } },
	.root = { { "x", 900, { { 2 } }, { { 3 } } },
		{ "s", 800, { { 4 } }, { { 5 } } } },
};

static void images_are_what_both_clients_read(void **state)
{
	auto_buf struct buf out = BUF_INIT(1 << 16);

	(void)state;
	streams_images_begin(&out);
	streams_product_begin(&out, &product);
	streams_version(&out, &version);
	streams_product_end(&out);
	streams_images_end(&out, 1795451400);
	assert_string_equal(buf_str(&out),
		"{\"content_id\":\"images\",\"datatype\":\"image-downloads\","
		"\"format\":\"products:1.0\",\"products\":{\n"
		"\"debian:trixie:amd64:default\":{\"aliases\":\"debian/trixie/default,"
		"debian/trixie\",\"arch\":\"amd64\",\"os\":\"Debian\","
		"\"release\":\"trixie\",\"release_title\":\"trixie\","
		"\"variant\":\"default\",\"requirements\":{},\"lxd_requirements\":{},"
		"\"versions\":{\n"
		"\"20261123_1630\":{\"items\":{"
		"\"incus.tar.xz\":{\"ftype\":\"incus.tar.xz\",\"path\":\"m\","
		"\"sha256\":\"" HEX_1 "\",\"size\":472,\"combined_sha256\":\"" HEX_3
		"\",\"combined_rootxz_sha256\":\"" HEX_3
		"\",\"combined_squashfs_sha256\":\"" HEX_5 "\"},"
		"\"lxd.tar.xz\":{\"ftype\":\"lxd.tar.xz\",\"path\":\"m\","
		"\"sha256\":\"" HEX_1 "\",\"size\":472,\"combined_sha256\":\"" HEX_3
		"\",\"combined_rootxz_sha256\":\"" HEX_3
		"\",\"combined_squashfs_sha256\":\"" HEX_5 "\"},"
		"\"root.tar.xz\":{\"ftype\":\"root.tar.xz\",\"path\":\"x\","
		"\"sha256\":\"" HEX_2 "\",\"size\":900},"
		"\"root.squashfs\":{\"ftype\":\"squashfs\",\"path\":\"s\","
		"\"sha256\":\"" HEX_4 "\",\"size\":800}}}\n"
		"}}\n"
		"},\"updated\":\"Mon, 23 Nov 2026 16:30:00 +0000\"}\n");
}

static void absent_root_is_no_item_and_no_key(void **state)
{
	auto_buf struct buf out = BUF_INIT(1 << 16);
	struct streams_version v = version;

	(void)state;
	v.root[0].path = NULL;
	streams_images_begin(&out);
	streams_product_begin(&out, &product);
	streams_version(&out, &v);
	assert_null(strstr(buf_str(&out), "root.tar.xz"));
	assert_null(strstr(buf_str(&out), "combined_sha256"));
	assert_null(strstr(buf_str(&out), "rootxz"));
	assert_non_null(strstr(buf_str(&out), "combined_squashfs_sha256"));
}

static void requirements_are_strings_for_both_clients(void **state)
{
	auto_buf struct buf out = BUF_INIT(1 << 16);
	struct streams_product p = product;

	(void)state;
	p.eol = "2030-06-30";
	p.requirements = "cgroup=v2\nnesting=true\n";
	streams_images_begin(&out);
	streams_product_begin(&out, &p);
	assert_non_null(strstr(buf_str(&out),
		"\"support_eol\":\"2030-06-30\",\"requirements\":{\"cgroup\":\"v2\","
		"\"nesting\":\"true\"},\"lxd_requirements\":{\"cgroup\":\"v2\","
		"\"nesting\":\"true\"}"));
}

static void second_product_and_version_follow_a_comma(void **state)
{
	auto_buf struct buf out = BUF_INIT(1 << 16);

	(void)state;
	streams_images_begin(&out);
	for (int i = 0; i < 2; i++) {
		streams_product_begin(&out, &product);
		streams_version(&out, &version);
		streams_version(&out, &version);
		streams_product_end(&out);
	}
	assert_non_null(strstr(buf_str(&out), "}}}\n,\"20261123_1630\""));
	assert_non_null(strstr(buf_str(&out), "}}\n,\"debian:trixie"));
}

static void index_lists_products_sorted_as_given(void **state)
{
	auto_buf struct buf out = BUF_INIT(1 << 16);

	(void)state;
	streams_index_begin(&out, "streams/v1/images.sjson");
	streams_index_product(&out, &product.image);
	streams_index_product(&out, &product.image);
	streams_index_end(&out, 0);
	assert_string_equal(buf_str(&out),
		"{\"format\":\"index:1.0\",\"index\":{\"images\":{"
		"\"datatype\":\"image-downloads\",\"path\":\"streams/v1/images.sjson\","
		"\"format\":\"products:1.0\",\"products\":[\n"
		"\"debian:trixie:amd64:default\"\n,\"debian:trixie:amd64:default\"\n"
		"],\"updated\":\"Thu, 01 Jan 1970 00:00:00 +0000\"}},"
		"\"updated\":\"Thu, 01 Jan 1970 00:00:00 +0000\"}\n");
}

static void roots_are_known_by_file_name(void **state)
{
	(void)state;
	assert_string_equal(streams_root_find("rootfs.squashfs")->ftype, "squashfs");
	assert_null(streams_root_find("rootfs.tar.zst"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images_are_what_both_clients_read),
		cmocka_unit_test(absent_root_is_no_item_and_no_key),
		cmocka_unit_test(requirements_are_strings_for_both_clients),
		cmocka_unit_test(second_product_and_version_follow_a_comma),
		cmocka_unit_test(index_lists_products_sorted_as_given),
		cmocka_unit_test(roots_are_known_by_file_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
