#include "lib/model/catdoc.h"
#include "tests/unit/model/hostile.h"

/* ---- the catalog */

static const char good_catalog[] =
	"{\"schema\":1,\"generation\":3,\"site\":\"example\","
	"\"mirrors\":[\"https://a.example/\",\"https://b.example/\"],\"images\":3}\n"
	"[\"debian/bookworm/amd64/"
	"default\",\"20261122_0207\",\"deprecated\",4000,\"" HEX_1 "\"]\n"
	"[\"debian/trixie/amd64/cloud\",\"20261123_0300\",\"active\",4100,\"" HEX_2
	"\"]\n"
	"[\"debian/trixie/amd64/default\",\"20261123_0207\",\"active\",4211,\"" HEX_3
	"\"]\n"
	"[\"@debian\",\"debian/trixie\"]\n"
	"[\"@debian/13\",\"debian/trixie\"]\n"
	"[\"@debian/stable\",\"debian/trixie\"]\n";

static int parse_catalog(struct bytes text, struct err *e)
{
	struct catdoc c auto_catdoc = { .line_count = 0 };

	return catdoc_parse(text, &c, e);
}

static void write_back(const struct catdoc *c, struct buf *out)
{
	catdoc_header(
		out, c->generation, c->site, c->mirror, c->mirror_count, c->line_count);
	for (size_t i = 0; i < c->line_count; i++)
		catdoc_image(out, &c->line[i].image, c->line[i].serial, c->line[i].state,
			c->line[i].doc_size, &c->line[i].doc);
	for (size_t i = 0; i < c->alias_count; i++)
		catdoc_alias(out, c->alias[i].alias, c->alias[i].target);
}

static void catalog_round_trip_gives_the_same_bytes(void **state)
{
	struct buf out auto_buf = BUF_INIT(CATALOG_MAX);
	struct catdoc c auto_catdoc = { .line_count = 0 };
	struct err e;

	(void)state;
	assert_int_equal(catdoc_parse(bytes_of_str(good_catalog), &c, &e), 0);
	assert_int_equal(c.generation, 3);
	assert_string_equal(c.site, "example");
	assert_int_equal(c.mirror_count, 2);
	assert_int_equal(c.line_count, 3);
	assert_string_equal(c.line[1].image.variant, "cloud");
	assert_string_equal(c.line[0].state, "deprecated");
	assert_int_equal(c.line[2].doc_size, 4211);
	assert_int_equal(c.line[2].doc.byte[0], 0x33);
	assert_int_equal(c.alias_count, 3);
	write_back(&c, &out);
	assert_string_equal(buf_str(&out), good_catalog);
}

static void image_line_stays_within_160_bytes(void **state)
{
	struct buf out auto_buf = BUF_INIT(1000);
	struct image image;
	struct digest d = { { 0 } };
	struct err e;

	(void)state;
	assert_int_equal(
		image_parse("opensuse/tumbleweed/ppc64el/desktop-gnome", &image, &e), 0);
	catdoc_image(&out, &image, "20261123_0207", "deprecated", IMAGE_DOC_MAX, &d);
	assert_true(out.len <= 160);
}

static void empty_catalog_is_a_header(void **state)
{
	struct buf out auto_buf = BUF_INIT(1000);
	const char *none[] = { NULL };
	struct err e;

	(void)state;
	catdoc_header(&out, 1, "s", none, 0, 0);
	assert_string_equal(buf_str(&out),
		"{\"schema\":1,\"generation\":1,\"site\":\"s\",\"mirrors\":[],\"images\":"
		"0}\n");
	assert_int_equal(parse_catalog(buf_bytes(&out), &e), 0);
}

static void hostile_catalogs_are_refused(void **state)
{
	static const struct crime crimes[] = {
		{ "\"schema\":1", "\"schema\":2", "line 1: 'schema' is 2" },
		{ "\"generation\":3", "\"generation\":0", "'generation'" },
		{ "\"generation\":3", "\"generation\":3,\"generation\":4", "duplicate" },
		{ "\"site\":\"example\"", "\"site\":1", "'site'" },
		{ "\"https://a.example/\"", "{}", "'mirrors'" },
		{ "\"images\":3", "\"images\":4", "its header says 4" },
		{ "\"images\":3", "\"images\":2", "its header says 2" },
		{ "\"images\":3", "\"images\":-1", "'images'" },
		{ "debian/bookworm", "../bookworm", "line 2" },
		{ "debian/bookworm/amd64/default", "debian/bookworm/amd64", "line 2" },
		{ "debian/bookworm/amd64/default", "debian/bookworm/amd64/default/x",
			"line 2" },
		{ "debian/bookworm", "debian/trixie", "out of order" },
		{ "debian/bookworm/amd64/default", "debian/trixie/amd64/cloud",
			"out of order" },
		{ "20261122_0207", "20261122", "no serial" },
		{ "20261122_0207", "20261122_0207/../x", "no serial" },
		{ "\"deprecated\"", "\"new\"", "unknown state" },
		{ ",4000,", ",0,", "" },
		{ ",4000,", ",262145,", "" },
		{ ",4000,", ",\"4000\",", "" },
		{ ",4000,", ",4000,4000,", "5 items" },
		{ HEX_1, "11", "" },
		{ "[\"debian/bookworm", "{\"a\":1}\n[\"debian/bookworm", "not an array" },
		{ "[\"debian/bookworm", "[]\n[\"debian/bookworm", "not an array" },
		{ "[\"debian/bookworm", "[7]\n[\"debian/bookworm", "not a string" },
		{ "[\"debian/bookworm", "\n[\"debian/bookworm", "line 2" },
		{ "[\"debian/bookworm", "[\"@x\",\"debian/trixie\"]\n[\"debian/bookworm",
			"behind the aliases" },
		{ "\"@debian/13\"", "\"@debian/13/x\"", "DISTRO[/RELEASE]" },
		{ "\"@debian/13\"", "\"@../13\"", "DISTRO[/RELEASE]" },
		{ "\"@debian/13\"", "\"@\"", "DISTRO[/RELEASE]" },
		{ "\"@debian/13\",\"debian/trixie\"", "\"@debian/13\",\"..\"",
			"DISTRO[/RELEASE]" },
		{ "\"@debian/13\",\"debian/trixie\"", "\"@debian/13\"", "2 items" },
		{ "\"@debian/13\",\"debian/trixie\"", "\"@debian/13\",null",
			"not a string" },
		{ "[\"@debian/stable\",\"debian/trixie\"]\n",
			"[\"@debian/stable\",\"debian/trixie\"]", "does not end" },
	};

	(void)state;
	hostile_all(parse_catalog, good_catalog, crimes, ARRAY_COUNT(crimes));
	hostile_refused(parse_catalog, bytes_of_str(""), ERR_PARSE, "catalog");
	hostile_refused(parse_catalog, bytes_of_str("\n"), ERR_PARSE, "catalog");
}

static void catalog_size_and_lines_are_bounded(void **state)
{
	char *many = xmalloc(CATALOG_MAX + 1);

	(void)state;
	memset(many, ' ', CATALOG_MAX + 1);
	hostile_refused(
		parse_catalog, bytes_of(many, CATALOG_MAX + 1), ERR_LIMIT, "larger than");
	/* Empty lines must not buy memory for as many images. */
	memset(many, '\n', CATALOG_MAX);
	hostile_refused(
		parse_catalog, bytes_of(many, CATALOG_MAX), ERR_LIMIT, "larger than");
	free(many);
}

/* ---- finding */

static const struct catdoc_line *found(
	const struct catdoc *c, const char *reference, struct err *e)
{
	const struct catdoc_line *line = NULL;
	struct image_ref ref;

	if (image_ref_parse(reference, &ref, e) < 0)
		fail_msg("%s", e->text);
	return catdoc_find(c, &ref, &line, e) < 0 ? NULL : line;
}

static void references_are_resolved(void **state)
{
	static const struct {
		const char *reference;
		size_t line;
	} facts[] = {
		{ "debian/trixie/amd64/default", 2 },
		{ "debian/trixie/amd64", 2 },
		{ "debian/trixie/cloud/amd64", 1 },
		{ "debian/13/amd64", 2 },
		{ "debian/stable/amd64/cloud", 1 },
		{ "here:debian/13/amd64@20200101_0000", 2 },
		{ "debian/bookworm/amd64", 0 },
	};
	struct catdoc c auto_catdoc = { .line_count = 0 };
	struct err e;

	(void)state;
	assert_int_equal(catdoc_parse(bytes_of_str(good_catalog), &c, &e), 0);
	for (size_t i = 0; i < ARRAY_COUNT(facts); i++)
		if (found(&c, facts[i].reference, &e) != &c.line[facts[i].line])
			fail_msg("%s", facts[i].reference);
}

static void architecture_is_this_machines_unless_given(void **state)
{
	const char *here = arch_of_this_machine();
	struct buf out auto_buf = BUF_INIT(1000);
	struct catdoc c auto_catdoc = { .line_count = 0 };
	const char *none[] = { NULL };
	struct image image = { "debian", "trixie", "", "default" };
	struct digest d = { { 0 } };
	struct err e;

	(void)state;
	snprintf(image.arch, sizeof(image.arch), "%s", here);
	catdoc_header(&out, 1, "s", none, 0, 1);
	catdoc_image(&out, &image, "20261123_0207", "active", 1, &d);
	catdoc_alias(&out, "debian", "debian/trixie");
	assert_int_equal(catdoc_parse(buf_bytes(&out), &c, &e), 0);
	assert_ptr_equal(found(&c, "debian", &e), &c.line[0]);
	assert_ptr_equal(found(&c, "debian/trixie", &e), &c.line[0]);
	assert_null(found(&c,
		strcmp(here, "s390x") ? "debian/trixie/s390x" : "debian/trixie/i386",
		&e));
}

static void missing_image_suggests_the_nearest(void **state)
{
	struct catdoc c auto_catdoc = { .line_count = 0 };
	struct err e;

	(void)state;
	assert_int_equal(catdoc_parse(bytes_of_str(good_catalog), &c, &e), 0);
	assert_null(found(&c, "debian/trixei/amd64", &e));
	assert_int_equal(e.code, ERR_NOTFOUND);
	assert_non_null(strstr(e.text, "did you mean 'debian/trixie/amd64/default'?"));
	assert_null(found(&c, "alpine/3.20/amd64", &e));
	assert_int_equal(e.code, ERR_NOTFOUND);
	assert_null(strstr(e.text, "did you mean"));
	assert_null(found(&c, "alpine", &e)); /* no alias, no release */
	assert_int_equal(e.code, ERR_NOTFOUND);
}

/* ---- the image document */

#define BUILD_PATH "images/debian/trixie/amd64/default/20261123_0207/"

static const char good_doc[] =
	"{\"schema\":1,\"image\":\"debian/trixie/amd64/default\",\"state\":\"active\","
	"\"aliases\":[\"debian/13\"],\"eol\":\"2030-06-30\",\"description\":\"Debian "
	"13\","
	"\"expiry_days\":30,\"builds\":["
	"{\"serial\":\"20261124_0207\",\"state\":\"held\",\"id\":\"" HEX_1
	"\",\"diff_id\":\"" HEX_1
	"\",\"created\":300,\"epoch\":200,\"tested\":\"failed\","
	"\"origin\":\"rootyard\",\"entries\":1,\"unpacked_size\":2,\"max_uid\":0,\"max_"
	"gid\":4294967295,"
	"\"init\":\"\",\"stop_signal\":\"\",\"files\":[],\"deltas\":[]},"
	"{\"serial\":\"20261123_0207\",\"state\":\"active\",\"id\":\"" HEX_2
	"\",\"diff_id\":\"" HEX_3
	"\",\"created\":200,\"epoch\":100,\"tested\":\"passed\","
	"\"origin\":\"rootyard\",\"entries\":15513,\"unpacked_size\":401000000,"
	"\"max_uid\":65534,\"max_gid\":65534,\"init\":\"systemd\",\"stop_signal\":"
	"\"SIGRTMIN+3\","
	"\"files\":[{\"name\":\"rootfs.tar.zst\",\"path\":\"" BUILD_PATH
	"rootfs.tar.zst\",\"size\":90,\"sha256\":\"" HEX_1 "\"}],"
	"\"deltas\":[{\"from\":\"" HEX_1 "\",\"path\":\"" BUILD_PATH
	"from-20261122_0207.delta\",\"size\":9,\"sha256\":\"" HEX_2 "\"}]}],"
	"\"history\":[{\"path\":\"meta/2/objects/" HEX_3
	"\",\"size\":5,\"sha256\":\"" HEX_3
	"\",\"first\":\"20260101_0000\",\"last\":\"20261001_0000\"}],"
	"\"pins\":[\"20261123_0207\"],\"holds\":[\"20261124_0207\"]}\n";

static int parse_doc(struct bytes text, struct err *e)
{
	struct imagedoc d auto_imagedoc = { .state = "" };

	return imagedoc_parse(text, &d, e);
}

static void document_round_trip_gives_the_same_bytes(void **state)
{
	struct buf out auto_buf = BUF_INIT(IMAGE_DOC_MAX);
	struct imagedoc d auto_imagedoc = { .state = "" };
	struct err e;

	(void)state;
	assert_int_equal(imagedoc_parse(bytes_of_str(good_doc), &d, &e), 0);
	assert_int_equal(d.build_count, 2);
	assert_int_equal(d.build[0].max_gid, UINT32_MAX);
	assert_int_equal(d.build[1].unpacked_size, 401000000);
	assert_int_equal(d.build[1].delta_count, 1);
	assert_string_equal(d.build[1].stop_signal, "SIGRTMIN+3");
	assert_string_equal(d.history[0].first, "20260101_0000");
	assert_string_equal(d.alias[0], "debian/13");
	assert_string_equal(d.hold[0], "20261124_0207");
	assert_int_equal(imagedoc_format(&d, &out, &e), 0);
	assert_string_equal(buf_str(&out), good_doc);
}

static void builds_are_found_by_serial_id_or_state(void **state)
{
	struct imagedoc d auto_imagedoc = { .state = "" };
	struct err e;

	(void)state;
	assert_int_equal(imagedoc_parse(bytes_of_str(good_doc), &d, &e), 0);
	/* The newest is held: the newest active one is what is meant. */
	assert_ptr_equal(imagedoc_build(&d, "", ""), &d.build[1]);
	assert_ptr_equal(imagedoc_build(&d, "20261124_0207", ""), &d.build[0]);
	assert_ptr_equal(imagedoc_build(&d, "", HEX_2), &d.build[1]);
	assert_null(imagedoc_build(&d, "20261124_0207", HEX_2));
	assert_null(imagedoc_build(&d, "20261125_0207", ""));
	assert_null(imagedoc_build(&d, "", HEX_3));
}

static void files_are_found_by_name(void **state)
{
	struct imagedoc d auto_imagedoc = { .state = "" };
	struct err e;

	(void)state;
	assert_int_equal(imagedoc_parse(bytes_of_str(good_doc), &d, &e), 0);
	assert_ptr_equal(
		doc_build_file(&d.build[1], "rootfs.tar.zst"), &d.build[1].file[0]);
	assert_null(doc_build_file(&d.build[1], "rootfs.tar.xz"));
	assert_null(doc_build_file(&d.build[0], "rootfs.tar.zst"));
}

static void hostile_image_documents_are_refused(void **state)
{
	static const struct crime crimes[] = {
		{ "\"schema\":1", "\"schema\":99", "'schema' is 99" },
		{ "\"image\":\"debian/trixie/amd64/default\"", "\"image\":\"a\"",
			"'image'" },
		{ "\"state\":\"active\"", "\"state\":\"lively\"", "unknown word" },
		{ "[\"debian/13\"]", "\"debian/13\"", "'aliases'" },
		{ "[\"debian/13\"]", "[[]]", "'aliases'" },
		{ "\"expiry_days\":30", "\"expiry_days\":36501", "'expiry_days'" },
		{ "\"builds\":[", "\"builds\":[false,", "build 1: not an object" },
		{ "\"builds\":[", "\"builds\":[],\"builds\":[", "duplicate" },
		{ "20261124_0207", "20261123_0207", "out of order" },
		{ "20261124_0207", "20261101_0207", "out of order" },
		{ "\"state\":\"held\"", "\"state\":\"eol\"", "unknown word" },
		{ "\"tested\":\"failed\"", "\"tested\":\"\"", "'tested'" },
		{ "\"created\":300", "\"created\":-300", "'created'" },
		{ "\"max_uid\":0", "\"max_uid\":-1", "'max_uid'" },
		{ "4294967295", "4294967296", "'max_gid'" },
		{ "\"entries\":1,", "\"entries\":1.5,", "" },
		{ "\"unpacked_size\":2", "\"unpacked_size\":9007199254740992",
			"'unpacked_size'" },
		{ "\"init\":\"\"", "\"init\":\"a\\u0000b\"", "" },
		{ "\"name\":\"rootfs.tar.zst\"", "\"name\":\"../rootfs\"", "'name'" },
		{ "\"name\":\"rootfs.tar.zst\"", "\"name\":\"a/b\"", "'name'" },
		{ BUILD_PATH "rootfs", "../" BUILD_PATH "rootfs", "'path'" },
		{ BUILD_PATH "rootfs", "/" BUILD_PATH "rootfs", "'path'" },
		{ BUILD_PATH "rootfs", "http://evil.example/rootfs", "'path'" },
		{ BUILD_PATH "from", "images/../../from", "'path'" },
		{ "\"from\":\"" HEX_1, "\"from\":\"11", "'from'" },
		{ "\"files\":[]", "\"files\":null", "'files'" },
		{ "meta/2/objects/" HEX_3, "meta/2/objects/../x", "'path'" },
		{ "\"first\":\"20260101_0000\"", "\"first\":1", "'first'" },
		{ "\"pins\":[\"20261123_0207\"]", "\"pins\":[1]", "'pins'" },
		{ "\"holds\"", "\"hold\"", "'holds': missing" },
	};

	(void)state;
	hostile_all(parse_doc, good_doc, crimes, ARRAY_COUNT(crimes));
	hostile_cut(parse_doc, good_doc);
}

static void image_document_is_bounded(void **state)
{
	struct buf many auto_buf = BUF_INIT(IMAGE_DOC_MAX);
	char *full = hostile_padded(good_doc, IMAGE_DOC_MAX);
	char *more = hostile_padded(good_doc, IMAGE_DOC_MAX + 1), *bad;
	struct err e;

	(void)state;
	assert_int_equal(parse_doc(bytes_of_str(full), &e), 0);
	hostile_refused(parse_doc, bytes_of_str(more), ERR_LIMIT, "larger than 262144");
	buf_add_str(&many, "\"files\":[");
	for (int i = 0; i < 65; i++)
		buf_printf(&many,
			"%s{\"name\":\"f\",\"path\":\"f\",\"size\":1,\"sha256\":\"" HEX_1
			"\"}",
			i ? "," : "");
	buf_add_str(&many, "]");
	bad = hostile_edit(good_doc, "\"files\":[]", buf_str(&many));
	hostile_refused(parse_doc, bytes_of_str(bad), ERR_LIMIT, "'files' has 65 items");
	free(bad);
	free(full);
	free(more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(catalog_round_trip_gives_the_same_bytes),
		cmocka_unit_test(image_line_stays_within_160_bytes),
		cmocka_unit_test(empty_catalog_is_a_header),
		cmocka_unit_test(hostile_catalogs_are_refused),
		cmocka_unit_test(catalog_size_and_lines_are_bounded),
		cmocka_unit_test(references_are_resolved),
		cmocka_unit_test(architecture_is_this_machines_unless_given),
		cmocka_unit_test(missing_image_suggests_the_nearest),
		cmocka_unit_test(document_round_trip_gives_the_same_bytes),
		cmocka_unit_test(builds_are_found_by_serial_id_or_state),
		cmocka_unit_test(files_are_found_by_name),
		cmocka_unit_test(hostile_image_documents_are_refused),
		cmocka_unit_test(image_document_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
