#include "lib/model/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define HEX   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define DATED "images/debian/trixie/amd64/default/20261123_0207"

static void paths_are_made_of_parts(void **state)
{
	char path[LAYOUT_PATH_MAX];
	struct image image;
	struct digest d;
	struct err e;

	(void)state;
	assert_int_equal(image_parse("debian/trixie/amd64/default", &image, &e), 0);
	assert_int_equal(digest_parse(HEX, &d, &e), 0);
	layout_build(&image, "20261123_0207", path);
	assert_string_equal(path, DATED);
	layout_artifact(&image, "20261123_0207", "rootfs.tar.xz", path);
	assert_string_equal(path, DATED "/rootfs.tar.xz");
	layout_object(&d, path);
	assert_string_equal(path, "meta/2/objects/" HEX);
	layout_root(12, path);
	assert_string_equal(path, "trust/root.12");
	layout_blob("debian", &d, path);
	assert_string_equal(path, "v2/debian/blobs/sha256:" HEX);
	layout_index("debian", &d, path);
	assert_string_equal(path, "v2/debian/indexes/sha256:" HEX);
}

static void longest_names_fit(void **state)
{
	char part[IMAGE_PART_MAX + 1], name[201], path[LAYOUT_PATH_MAX];
	struct image image;

	(void)state;
	memset(part, 'a', sizeof(part));
	memset(name, 'n', sizeof(name));
	part[IMAGE_PART_MAX] = name[200] = '\0';
	memcpy(image.distro, part, sizeof(part));
	memcpy(image.release, part, sizeof(part));
	memcpy(image.arch, part, sizeof(part));
	memcpy(image.variant, part, sizeof(part));
	layout_artifact(&image, "20261123_02:07", name, path);
	assert_int_equal(strlen(path), 7 + 4 * 65 + 15 + 200);
}

/* The links of design section 4, and each resolves to its place in the generation. */
static void fixed_links_lead_through_live(void **state)
{
	static const char *const expected[][2] = {
		{ "meta/1.0", "../.live/meta/1.0" },
		{ "meta/2/current", "../../.live/meta/2/current" },
		{ "streams", ".live/streams" },
		{ "api/v1/index.json", "../../.live/api/v1/index.json" },
		{ "api/v1/index.json.gz", "../../.live/api/v1/index.json.gz" },
		{ "api/v1/index.json.zst", "../../.live/api/v1/index.json.zst" },
		{ "feed.atom", ".live/feed.atom" },
		{ "feed.atom.gz", ".live/feed.atom.gz" },
		{ "aplinfo.dat", ".live/aplinfo.dat" },
		{ "aplinfo.dat.gz", ".live/aplinfo.dat.gz" },
		{ "aplinfo.dat.asc", ".live/aplinfo.dat.asc" },
		{ "wsl", ".live/wsl" },
		{ "index.html", ".live/index.html" },
		{ "index.html.gz", ".live/index.html.gz" },
		{ "assets", ".live/assets" },
	};

	(void)state;
	assert_int_equal(layout_link_count, ARRAY_COUNT(expected));
	for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
		const struct layout_link *link = layout_find_link(expected[i][0]);

		assert_non_null(link);
		assert_string_equal(link->target, expected[i][1]);
		assert_string_equal(link->inside, expected[i][0]);
	}
	assert_true(layout_find_link("streams")->is_dir);
	assert_false(layout_find_link("meta/2/current")->is_dir);
}

static void nothing_else_is_a_link(void **state)
{
	static const char *const others[] = { "", "meta", "meta/1.0/",
		"meta/1.0/index-user", "streamsx", ".live", "images", "/streams",
		"../streams" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(others); i++)
		assert_null(layout_find_link(others[i]));
}

static void dated_files_and_objects_never_change(void **state)
{
	static const char *const fixed[] = { DATED "/rootfs.tar.xz", DATED "/SHA256SUMS",
		DATED "/build.json", DATED "/from-20261122_0207.delta",
		"images/a/b/c/d/20261123_02:07/x", "meta/2/objects/" HEX,
		"meta/2/objects/" HEX ".zst", "trust/root.1",
		"v2/debian/blobs/sha256:" HEX, "v2/debian/manifests/sha256:" HEX,
		"v2/debian/indexes/sha256:" HEX };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(fixed); i++)
		if (layout_caching_of(fixed[i]) != LAYOUT_IMMUTABLE)
			fail_msg("%s", fixed[i]);
}

static void signatures_pages_and_switches_may_change(void **state)
{
	static const char *const changing[] = { DATED "/rootfs.tar.xz.asc",
		DATED "/SHA256SUMS.asc", DATED "/SHA256SUMS.gpg", "meta/2/current",
		"meta/1.0/index-system", "meta/1.0/index-user.7.asc",
		"streams/v1/images.json", "streams/v1/index.sjson", "index.html",
		"images/debian/trixie/amd64/default/index.html",
		"images/debian/trixie/amd64/default/history.json",
		"images/debian/trixie/amd64/default/20261123/x",
		"images/a/b/c/20261123_0207/x", DATED, DATED "/", DATED "/a/b",
		"v2/debian/manifests/trixie", "v2/debian/tags/list", "keys/A.asc",
		"trust/keys", "api/v1/index.json", "", "blobs/x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(changing); i++)
		if (layout_caching_of(changing[i]) != LAYOUT_MUTABLE)
			fail_msg("%s", changing[i]);
}

static void media_types_follow_names(void **state)
{
	static const char *const facts[][2] = {
		{ DATED "/rootfs.tar.xz", "application/x-xz" },
		{ DATED "/rootfs.tar.zst", "application/zstd" },
		{ DATED "/rootfs.man", "application/octet-stream" },
		{ DATED "/rootfs.squashfs", "application/octet-stream" },
		{ DATED "/build.json", "application/json" },
		{ DATED "/build.log", "text/plain" },
		{ DATED "/rootfs.tar.xz.asc", "application/pgp-signature" },
		{ DATED "/SHA256SUMS", "text/plain" },
		{ DATED "/SHA256SUMS.asc", "application/pgp-signature" },
		{ DATED "/SHA256SUMS.gpg", "application/pgp-signature" },
		{ "meta/1.0/index-system", "text/plain" },
		{ "meta/1.0/index-user.7", "text/plain" },
		{ "meta/1.0/index-user.7.asc", "application/pgp-signature" },
		{ "meta/2/current", "application/json" },
		{ "meta/2/objects/" HEX, "application/octet-stream" },
		{ "meta/2/objects/" HEX ".zst", "application/zstd" },
		{ "trust/root.1", "application/json" },
		{ "streams/v1/index.sjson", "application/json" },
		{ "keys/AB.asc", "application/pgp-keys" },
		{ "pks/lookup", "application/pgp-keys" },
		{ "v2/debian/blobs/sha256:" HEX, "application/octet-stream" },
		{ "v2/debian/tags/list", "application/json" },
		{ "index.html", "text/html; charset=utf-8" },
		{ "feed.atom", "application/atom+xml" },
		{ "aplinfo.dat.gz", "application/gzip" },
		{ "assets/site.css", "text/css; charset=utf-8" },
		{ "badge/x.svg", "image/svg+xml" },
		{ "", "application/octet-stream" },
		{ "x", "application/octet-stream" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(facts); i++) {
		const char *type = layout_media_type(facts[i][0]);

		if (!type || strcmp(type, facts[i][1]) != 0)
			fail_msg("%s: %s", facts[i][0], type ? type : "none");
	}
	assert_null(layout_media_type("v2/debian/manifests/trixie"));
	assert_null(layout_media_type("v2/debian/manifests/sha256:" HEX));
	assert_null(layout_media_type("v2/debian/indexes/sha256:" HEX));
}

static void pages_are_negotiated_and_payloads_are_not(void **state)
{
	static const char *const pages[] = { "index.html", "streams/v1/images.json",
		"streams/v1/index.sjson", "meta/1.0/index-user.7", "feed.atom",
		"aplinfo.dat", DATED "/build.log", "assets/site.css" };
	static const char *const others[] = { "meta/2/current", "trust/root.1",
		"trust/x.json", "meta/2/objects/" HEX, DATED "/SHA256SUMS",
		DATED "/rootfs.tar.xz", DATED "/rootfs.tar.xz.asc", "aplinfo.dat.gz",
		"v2/debian/tags/list", "v2/debian/manifests/trixie",
		"v2/debian/blobs/sha256:" HEX, "pks/lookup", "meta/1.0/index-user.asc",
		"" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(pages); i++)
		if (!layout_is_negotiated(pages[i]))
			fail_msg("%s", pages[i]);
	for (size_t i = 0; i < ARRAY_COUNT(others); i++)
		if (layout_is_negotiated(others[i]))
			fail_msg("%s", others[i]);
}

static void payloads_are_large_and_never_change(void **state)
{
	static const char *const payloads[] = { DATED "/rootfs.tar.xz",
		DATED "/rootfs.tar.zst", DATED "/from-20261122_0207.delta",
		DATED "/rootfs.man", DATED "/rootfs.squashfs",
		("v2/debian/blobs/sha256:" HEX) };
	static const char *const others[] = { DATED "/SHA256SUMS",
		DATED "/rootfs.tar.xz.asc", DATED "/build.json", "streams/v1/images.json",
		"v2/debian/manifests/sha256:" HEX, "v2/debian/tags/list",
		"meta/2/objects/" HEX, "pages/rootfs.tar.xz", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(payloads); i++)
		if (!layout_is_payload(payloads[i]))
			fail_msg("%s", payloads[i]);
	for (size_t i = 0; i < ARRAY_COUNT(others); i++)
		if (layout_is_payload(others[i]))
			fail_msg("%s", others[i]);
}

static void downloads_name_their_image(void **state)
{
	struct image i;

	(void)state;
	assert_true(layout_is_download(DATED "/rootfs.tar.xz", &i));
	assert_string_equal(i.distro, "debian");
	assert_string_equal(i.release, "trixie");
	assert_string_equal(i.arch, "amd64");
	assert_string_equal(i.variant, "default");
	assert_true(layout_is_download(DATED "/from-20261122_0207.delta", &i));
	assert_false(layout_is_download(DATED "/meta.tar.xz", &i));
	assert_false(layout_is_download(DATED "/rootfs.tar.xz.asc", &i));
	assert_false(layout_is_download(DATED "/rootfs.man", &i));
	assert_false(
		layout_is_download("images/d/r/a\"/v/20261123_0207/rootfs.tar.xz", &i));
	assert_false(layout_is_download("rootfs.tar.xz", &i));
	assert_false(layout_is_download("", &i));
}

static bool oci(const char *text, char *out, size_t size)
{
	return layout_oci_media_type(bytes_of_str(text), out, size);
}

#define OCI_START "{\"schemaVersion\":2,\"mediaType\":\""

static void oci_type_stands_in_the_document(void **state)
{
	char out[64] = "untouched", small[4];

	(void)state;
	assert_true(oci(OCI_START "application/vnd.oci.image.index.v1+json\",...", out,
		sizeof(out)));
	assert_string_equal(out, "application/vnd.oci.image.index.v1+json");
	memcpy(out, "untouched", 10);
	assert_false(oci("", out, sizeof(out)));
	assert_false(oci("{\"schemaVersion\":2}", out, sizeof(out)));
	assert_false(oci(" " OCI_START "a/b\"", out, sizeof(out)));
	assert_false(oci(OCI_START, out, sizeof(out)));
	assert_false(oci(OCI_START "\"", out, sizeof(out)));
	assert_false(oci(OCI_START "a/b", out, sizeof(out)));
	assert_false(oci(OCI_START "a/b\r\nSet-Cookie: x\"", out, sizeof(out)));
	assert_false(oci(OCI_START "a\\u002fb\"", out, sizeof(out)));
	assert_string_equal(out, "untouched");
	assert_true(oci(OCI_START "a/b\"", small, sizeof(small)));
	assert_false(oci(OCI_START "a/bc\"", small, sizeof(small)));
}

static void a_delta_is_named_after_its_base(void **state)
{
	static const char *const others[] = { "from-.delta", "from-20261123_0207.deltas",
		"from-20261123_02077.delta", "from-2026112X_0207.delta",
		"xrom-20261123_0207.delta", "from-20261123_0207.delta.asc", "" };
	char name[LAYOUT_NAME_MAX], serial[SERIAL_MAX];

	(void)state;
	layout_delta("20261123_0207", name);
	assert_string_equal(name, "from-20261123_0207.delta");
	assert_true(layout_delta_base(name, serial));
	assert_string_equal(serial, "20261123_0207");
	for (size_t i = 0; i < ARRAY_COUNT(others); i++)
		assert_false(layout_delta_base(others[i], serial));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_delta_is_named_after_its_base),
		cmocka_unit_test(paths_are_made_of_parts),
		cmocka_unit_test(longest_names_fit),
		cmocka_unit_test(fixed_links_lead_through_live),
		cmocka_unit_test(nothing_else_is_a_link),
		cmocka_unit_test(dated_files_and_objects_never_change),
		cmocka_unit_test(signatures_pages_and_switches_may_change),
		cmocka_unit_test(media_types_follow_names),
		cmocka_unit_test(pages_are_negotiated_and_payloads_are_not),
		cmocka_unit_test(payloads_are_large_and_never_change),
		cmocka_unit_test(downloads_name_their_image),
		cmocka_unit_test(oci_type_stands_in_the_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
