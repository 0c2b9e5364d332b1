#include "lib/model/oci.h"
#include "tests/unit/model/hostile.h"

#define INDEX_TEXT                                                                       \
	"{\"schemaVersion\":2,\"mediaType\":\"application/"                              \
	"vnd.oci.image.index.v1+json\","                                                 \
	"\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","  \
	"\"digest\":\"sha256:" HEX_1 "\",\"size\":405,\"platform\":{\"architecture\":"   \
	"\"arm\",\"os\":\"linux\",\"variant\":\"v7\"},\"annotations\":{"                 \
	"\"io.github.containers.compression.zstd\":\"true\"}}]}"
#define MANIFEST_TEXT                                                                    \
	"{\"schemaVersion\":2,\"mediaType\":\"application/"                              \
	"vnd.oci.image.manifest.v1+json"                                                 \
	"\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","     \
	"\"digest\":\"sha256:" HEX_1 "\",\"size\":328},\"layers\":[{\"mediaType\":"      \
	"\"application/vnd.oci.image.layer.v1.tar+zstd\",\"digest\":\"sha256:" HEX_2     \
	"\",\"size\":1031871}]}"

static struct oci_blob blob(const char *hex, uint64_t size)
{
	struct oci_blob b = { .size = size };
	struct err e;

	assert_int_equal(digest_parse(hex, &b.sha256, &e), 0);
	return b;
}

static int parse(struct bytes text, struct err *e)
{
	struct oci_doc d auto_oci_doc = { .count = 0 };

	return oci_parse(text, &d, e);
}

static void documents_have_the_bytes_of_the_specification(void **state)
{
	struct buf out auto_buf = BUF_INIT(10000);
	struct oci_blob config = blob(HEX_1, 328), layer = blob(HEX_2, 1031871);
	struct oci_entry entry = {
		.manifest = blob(HEX_1, 405),
		.platform = oci_platform_of("armhf"),
		.artifact_type = "",
		.is_zstd = true,
	};

	(void)state;
	oci_write_manifest(&out, &config, OCI_TAR_ZSTD, &layer);
	assert_string_equal(buf_str(&out), MANIFEST_TEXT);
	buf_clear(&out);
	oci_write_index(&out, &entry, 1);
	assert_string_equal(buf_str(&out), INDEX_TEXT);
	buf_clear(&out);
	oci_write_claim(&out, "images.example.org/debian:trixie", &config.sha256, 7);
	assert_string_equal(buf_str(&out),
		"{\"critical\":{\"identity\":{\"docker-reference\":"
		"\"images.example.org/debian:trixie\"},\"image\":{"
		"\"docker-manifest-digest\":\"sha256:" HEX_1
		"\"},\"type\":\"atomic container signature\"},\"optional\":{"
		"\"creator\":\"rootyard\",\"timestamp\":7}}");
}

static void a_config_names_platform_and_layer(void **state)
{
	struct buf out auto_buf = BUF_INIT(10000);
	struct oci_config c = { .serial = "20261123_0207", .description = "\"<x>\"" };
	struct err e;

	(void)state;
	assert_int_equal(image_parse("debian/trixie/i386/default", &c.image, &e), 0);
	c.created_s = 1795399620;
	c.diff = blob(HEX_3, 0).sha256;
	oci_write_config(&out, &c);
	assert_non_null(
		strstr(buf_str(&out), "{\"created\":\"2026-11-23T02:07:00Z\","
				      "\"architecture\":\"386\",\"os\":\"linux\""));
	assert_non_null(strstr(buf_str(&out), "\"diff_ids\":[\"sha256:" HEX_3 "\"]"));
	assert_non_null(strstr(buf_str(&out), "description\":\"\\\"<x>\\\"\""));
}

static void an_artifact_says_what_it_is_about(void **state)
{
	struct buf out auto_buf = BUF_INIT(10000);
	struct oci_doc d auto_oci_doc = { .count = 0 };
	struct oci_artifact a = { .type = "application/spdx+json",
		.name = "sbom.spdx.json",
		.blob = blob(HEX_1, 9),
		.subject = blob(HEX_2, 5) };
	struct err e;

	(void)state;
	oci_write_artifact(&out, &a);
	assert_int_equal(oci_parse(buf_bytes(&out), &d, &e), 0);
	assert_string_equal(d.artifact_type, "application/spdx+json");
	assert_true(digest_equal(&d.subject.sha256, &a.subject.sha256));
	assert_string_equal(d.config.media_type, OCI_EMPTY);
	assert_int_equal(d.count, 1);
	assert_int_equal(d.item[0].size, 9);
}

static void documents_are_read_back(void **state)
{
	struct oci_doc index auto_oci_doc = { .count = 0 };
	struct oci_doc manifest auto_oci_doc = { .count = 0 };
	struct err e;

	(void)state;
	assert_int_equal(oci_parse(bytes_of_str(INDEX_TEXT), &index, &e), 0);
	assert_string_equal(index.media_type, OCI_INDEX);
	assert_int_equal(index.count, 1);
	assert_string_equal(index.item[0].architecture, "arm");
	assert_string_equal(index.item[0].variant, "v7");
	assert_int_equal(oci_parse(bytes_of_str(MANIFEST_TEXT), &manifest, &e), 0);
	assert_string_equal(manifest.item[0].media_type, OCI_TAR_ZSTD);
	assert_int_equal(manifest.config.size, 328);
	assert_null(manifest.subject.media_type);
}

static void hostile_documents_are_refused(void **state)
{
	static const struct crime crimes[] = {
		{ "\"schemaVersion\":2", "\"schemaVersion\":1", "schemaVersion" },
		{ "image.manifest.v1", "image.manifest.v9", "mediaType" },
		{ "\"config\":", "\"konfig\":", "config" },
		{ "\"config\":{", "\"config\":[{", "" },
		{ "sha256:1", "sha512:1", "sha256" },
		{ "sha256:2", "sha256:G", "digest" },
		{ "\"size\":328", "\"size\":-1", "size" },
		{ "\"size\":328", "\"size\":1.5", "" },
		{ "\"layers\":[", "\"layers\":[7,", "layers" },
		{ "]}", "]", "" },
		{ "{\"schemaVersion\":2", "{\"size\":1,\"size\":1,\"schemaVersion\":2",
			"" },
	};

	(void)state;
	hostile_all(parse, MANIFEST_TEXT, crimes, ARRAY_COUNT(crimes));
}

static void only_what_engines_accept_is_a_repository(void **state)
{
	static const char *const good[] = { "debian", "a", "open__suse", "a.b", "a--b",
		"x1_y", "alpine3.20" };
	static const char *const bad[] = { "", "a..b", "a-", "-a", "a___b", "a+b",
		"Debian", "a._b", "a/b" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(good); i++)
		assert_true(oci_repo_is_valid(good[i]));
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(oci_repo_is_valid(bad[i]));
}

static void tags_are_release_variant_serial(void **state)
{
	char tag[OCI_TAG_MAX], part[IMAGE_PART_MAX + 1];

	(void)state;
	assert_true(oci_tag_format("trixie", "default", "", tag));
	assert_string_equal(tag, "trixie");
	assert_true(oci_tag_format("9-Stream", "cloud", "20261123_16:30", tag));
	assert_string_equal(tag, "9-Stream-cloud-20261123_1630");
	assert_false(oci_tag_format("c++", "default", "", tag));
	memset(part, 'a', IMAGE_PART_MAX);
	part[IMAGE_PART_MAX] = '\0';
	assert_false(oci_tag_format(part, part, "20261123_0207", tag));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_have_the_bytes_of_the_specification),
		cmocka_unit_test(a_config_names_platform_and_layer),
		cmocka_unit_test(an_artifact_says_what_it_is_about),
		cmocka_unit_test(documents_are_read_back),
		cmocka_unit_test(hostile_documents_are_refused),
		cmocka_unit_test(only_what_engines_accept_is_a_repository),
		cmocka_unit_test(tags_are_release_variant_serial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
