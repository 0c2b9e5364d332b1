#include "lib/model/build.h"
#include "tests/unit/model/hostile.h"

static const char good[] =
	"{\"schema\":1,\"image\":\"debian/trixie/amd64/default\",\"serial\":\"20261123_"
	"0207\","
	"\"epoch\":1763864820,\"tool\":\"rootyard 0.1.0\",\"recipe_sha256\":\"" HEX_1
	"\","
	"\"result\":\"ok\",\"class\":\"flaky\",\"message\":\"second try\","
	"\"test\":{\"result\":\"passed\",\"kind\":\"systemd\"},"
	"\"sources\":[{\"url\":\"http://ftp.debian.org/debian/dists/trixie/InRelease\","
	"\"sha256\":\"" HEX_2 "\",\"verified\":\"openpgp:" FPR_A
	"\",\"kind\":\"index\"}],"
	"\"artifacts\":[{\"name\":\"rootfs.tar.xz\",\"size\":94371840,\"sha256\":\"" HEX_3
	"\"},{\"name\":\"rootfs.man\",\"size\":7,\"sha256\":\"" HEX_1 "\"}],"
	"\"tree\":{\"id\":\"" HEX_1 "\",\"diff_id\":\"" HEX_2
	"\",\"entries\":15513,\"unpacked_size\":401000000},"
	"\"scrub\":[{\"check\":\"ssh-host-keys\",\"removed\":3}]}\n";

static int parse(struct bytes text, struct err *e)
{
	struct build b auto_build;

	build_init(&b);
	return build_parse(text, &b, e);
}

static void round_trip_gives_the_same_bytes(void **state)
{
	struct buf out auto_buf = BUF_INIT(BUILD_JSON_MAX);
	struct build b auto_build;
	struct err e;

	(void)state;
	build_init(&b);
	assert_int_equal(build_parse(bytes_of_str(good), &b, &e), 0);
	assert_string_equal(b.image.release, "trixie");
	assert_string_equal(b.serial, "20261123_0207");
	assert_int_equal(b.epoch_s, 1763864820);
	assert_string_equal(b.class, "flaky");
	assert_string_equal(b.test_kind, "systemd");
	assert_int_equal(b.source_count, 1);
	assert_string_equal(b.source[0].verified, "openpgp:" FPR_A);
	assert_int_equal(b.artifact_count, 2);
	assert_int_equal(b.artifact[0].size, 94371840);
	assert_int_equal(b.artifact[0].sha256.byte[31], 0x33);
	assert_int_equal(b.id.byte[0], 0x11);
	assert_int_equal(b.diff_id.byte[0], 0x22);
	assert_int_equal(b.entries, 15513);
	assert_int_equal(b.scrub[0].removed, 3);
	assert_int_equal(build_format(&b, &out, &e), 0);
	assert_string_equal(buf_str(&out), good);
}

static void failed_build_has_no_tree(void **state)
{
	struct buf out auto_buf = BUF_INIT(BUILD_JSON_MAX);
	struct build b auto_build, back auto_build;
	struct err e;

	(void)state;
	build_init(&b);
	build_init(&back);
	assert_int_equal(image_parse("debian/trixie/amd64/default", &b.image, &e), 0);
	memcpy(b.serial, "20261123_0207", 14);
	b.result = "failed";
	b.class = "upstream";
	b.message = "the mirror is away";
	b.tool = "rootyard 0.1.0";
	assert_int_equal(build_format(&b, &out, &e), 0);
	assert_null(strstr(buf_str(&out), "\"tree\""));
	assert_int_equal(build_parse(buf_bytes(&out), &back, &e), 0);
	assert_string_equal(back.message, "the mirror is away");
	assert_int_equal(back.artifact_count, 0);
}

static void artifact_is_found_by_name(void **state)
{
	struct build b auto_build;
	struct err e;

	(void)state;
	build_init(&b);
	assert_int_equal(build_parse(bytes_of_str(good), &b, &e), 0);
	assert_ptr_equal(build_artifact(&b, "rootfs.man"), &b.artifact[1]);
	assert_null(build_artifact(&b, "rootfs"));
}

static void unknown_keys_are_ignored(void **state)
{
	char *more =
		hostile_edit(good, "\"epoch\":", "\"new\":{\"a\":[1,null]},\"epoch\":");
	struct err e;

	(void)state;
	assert_int_equal(parse(bytes_of_str(more), &e), 0);
	free(more);
}

static void hostile_documents_are_refused(void **state)
{
	static const struct crime crimes[] = {
		{ "\"schema\":1,", "", "'schema': missing" },
		{ "\"schema\":1", "\"schema\":2", "'schema' is 2" },
		{ "\"schema\":1", "\"schema\":\"1\"", "'schema': not an integer" },
		{ "\"schema\":1", "\"schema\":1.0", "" },
		{ "\"schema\":1", "\"schema\":1,\"schema\":1", "duplicate" },
		{ "trixie/amd64", "../amd64", "'image'" },
		{ "trixie/amd64", "trixie/pdp11", "'image'" },
		{ "debian/trixie", "debian\\u0000/trixie", "" },
		{ "20261123_0207", "20261323_0207", "'serial'" },
		{ "20261123_0207", "../../../etc", "'serial'" },
		{ ":1763864820", ":-1", "'epoch'" },
		{ ":1763864820", ":9007199254740992", "'epoch'" },
		{ ":1763864820", ":99999999999999999999999", "" },
		{ HEX_1, "1111", "'recipe_sha256'" },
		{ "\"result\":\"ok\"", "\"result\":\"fine\"", "'result': unknown word" },
		{ "\"flaky\"", "\"recipe\"", "'result' is 'ok' but 'class' is 'recipe'" },
		{ "\"flaky\"", "\"\"", "'class'" },
		{ "\"second try\"", "null", "'message': not a string" },
		{ "{\"result\":\"passed\",\"kind\":\"systemd\"}", "[]", "'test'" },
		{ "\"passed\"", "\"yes\"", "'result'" },
		{ "[{\"url\"", "[7,{\"url\"", "'sources': not an object" },
		{ "\"kind\":\"index\"", "\"kind\":\"rpm\"", "'kind'" },
		{ "rootfs.tar.xz", "../rootfs.tar.xz", "'name'" },
		{ "rootfs.tar.xz", "a/b", "'name'" },
		{ "rootfs.tar.xz", "/etc/passwd", "'name'" },
		{ "rootfs.tar.xz", ".hidden", "'name'" },
		{ "rootfs.tar.xz", "", "'name'" },
		{ "rootfs.tar.xz", "a b", "'name'" },
		{ "rootfs.tar.xz", "a\\nb", "'name'" },
		{ "rootfs.man", "rootfs.tar.xz", "stands twice" },
		{ ":94371840", ":-94371840", "'size'" },
		{ ":94371840", ":true", "'size'" },
		{ HEX_3,
			"333333333333333333333333333333333333333333333333333333333333333"
			"G",
			"'sha256'" },
		{ "\"artifacts\":[", "\"artifacts\":{},\"x\":[", "'artifacts'" },
		{ "\"tree\":{", "\"trees\":{", "'tree': missing" },
		{ "\"entries\":15513", "\"entries\":-1", "'entries'" },
		{ "\"removed\":3", "\"removed\":\"3\"", "'removed'" },
		{ "]}\n", "]}\n{}", "" },
		{ "{\"schema\"", "[{\"schema\"", "" },
	};

	(void)state;
	hostile_all(parse, good, crimes, ARRAY_COUNT(crimes));
	hostile_refused(parse, bytes_of_str("[]"), ERR_PARSE, "build.json");
	hostile_refused(parse, bytes_of_str("\xff\xfe"), ERR_PARSE, "build.json");
}

static void cut_documents_are_refused(void **state)
{
	(void)state;
	hostile_cut(parse, good);
}

static void size_and_counts_are_bounded(void **state)
{
	struct buf many auto_buf = BUF_INIT(BUILD_JSON_MAX);
	char *full = hostile_padded(good, BUILD_JSON_MAX);
	char *more = hostile_padded(good, BUILD_JSON_MAX + 1), *bad;
	struct err e;

	(void)state;
	assert_int_equal(parse(bytes_of_str(full), &e), 0);
	hostile_refused(parse, bytes_of_str(more), ERR_LIMIT, "larger than 262144 bytes");
	free(full);
	free(more);
	for (int i = 0; i < 64; i++)
		buf_printf(&many,
			"{\"name\":\"f%d\",\"size\":1,\"sha256\":\"" HEX_1 "\"},", i);
	buf_add_str(&many, "{\"name\":\"rootfs.tar.xz\"");
	bad = hostile_edit(good, "{\"name\":\"rootfs.tar.xz\"", buf_str(&many));
	hostile_refused(parse, bytes_of_str(bad), ERR_LIMIT, "'artifacts' has 66 items");
	free(bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip_gives_the_same_bytes),
		cmocka_unit_test(failed_build_has_no_tree),
		cmocka_unit_test(artifact_is_found_by_name),
		cmocka_unit_test(unknown_keys_are_ignored),
		cmocka_unit_test(hostile_documents_are_refused),
		cmocka_unit_test(cut_documents_are_refused),
		cmocka_unit_test(size_and_counts_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
