#include "lib/model/unpackpolicy.h"

#include "tests/unit/memory_reader.h"
#include "tests/unit/model/tree_sample.h"

static struct unpack_state fresh(void)
{
	return (struct unpack_state){ .limits = UNPACK_LIMITS_HARD };
}

static struct tar_entry entry(enum tar_type type, const char *path)
{
	return (struct tar_entry){ .type = type, .path = path, .link = "", .mode = 0644 };
}

static void expect(
	const struct tar_entry *t, enum unpack_verdict verdict, const char *path)
{
	struct unpack_state s = fresh();
	struct unpack_entry out;
	struct err e = { 0 };

	assert_int_equal(unpack_judge(&s, t, &out, &e), verdict);
	assert_int_equal(e.code, 0);
	if (verdict == UNPACK_KEEP)
		assert_string_equal(out.path.text, path);
}

static void refused(const struct tar_entry *t, const char *why)
{
	struct unpack_state s = fresh();
	struct unpack_entry out;
	struct err e = { 0 };

	if (unpack_judge(&s, t, &out, &e) != UNPACK_REFUSE)
		fail_msg("not refused: %s", why);
	assert_int_not_equal(e.code, 0);
	if (!strstr(e.text, why) || !strstr(e.text, "cannot unpack '"))
		fail_msg("'%s' does not say '%s'", e.text, why);
}

static void refused_path(const char *path, const char *why)
{
	struct tar_entry t = entry(TAR_FILE, path);

	refused(&t, why);
}

static void kept_path(const char *path, const char *normal)
{
	struct tar_entry t = entry(TAR_FILE, path);

	expect(&t, UNPACK_KEEP, normal);
}

static void names_lose_their_dots_in_front_and_slashes_behind(void **state)
{
	(void)state;
	kept_path("a", "a");
	kept_path("./a", "a");
	kept_path("././a/b", "a/b");
	kept_path("./a/", "a");
	kept_path("a//", "a");
	kept_path("./\xff\xfe\n", "\xff\xfe\n");
	kept_path("...", "...");
	kept_path("./..a", "..a");
}

static void whiteouts_are_ordinary_names(void **state)
{
	(void)state;
	kept_path("./etc/.wh.passwd", "etc/.wh.passwd");
	kept_path("./etc/.wh..wh..opq", "etc/.wh..wh..opq");
}

static void names_that_leave_are_refused(void **state)
{
	(void)state;
	refused_path("", "a path is empty");
	refused_path("/", "is absolute");
	refused_path("//", "is absolute");
	refused_path("/etc/passwd", "is absolute");
	refused_path(".//etc", "is absolute");
	refused_path("..", "'..'");
	refused_path("./..", "'..'");
	refused_path("../x", "'..'");
	refused_path("a/../b", "'..'");
	refused_path("a/..", "'..'");
	refused_path("a/../", "'..'");
	refused_path("a/./b", "'.'");
	refused_path("a//b", "empty component");
	refused_path("../", "'..'");
}

static void names_have_bounds(void **state)
{
	char text[5000];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[256] = '\0';
	refused_path(text, "component of 256 bytes");
	memset(text, 'a', sizeof(text));
	for (size_t i = 200; i < sizeof(text); i += 201)
		text[i] = '/';
	text[4096] = '\0';
	refused_path(text, "4096 bytes");
	text[4095] = '\0';
	kept_path(text, text);
	for (size_t i = 0; i < 514; i += 2)
		memcpy(text + i, "d/", 2);
	text[513] = '\0';
	refused_path(text, "more than 256 components");
}

static void the_root_is_ours(void **state)
{
	static const char *const names[] = { ".", "./", "./.", "././" };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		struct tar_entry t = entry(TAR_DIR, names[i]);
		struct unpack_state s = fresh();
		struct unpack_entry out;

		t.mode = 07777;
		t.uid = 1000;
		t.gid = 1000;
		assert_int_equal(unpack_judge(&s, &t, &out, &e), UNPACK_ROOT);
		assert_int_equal(out.mode, 0755);
		assert_int_equal(out.uid, 0);
		assert_int_equal(out.gid, 0);
		t.type = TAR_FILE;
		refused(&t, "the root is not a directory");
		t.type = TAR_SYMLINK;
		t.link = "/";
		refused(&t, "the root is not a directory");
		t.type = TAR_BLOCK;
		refused(&t, "the root is not a directory");
	}
}

static void owners_stay_inside_the_map(void **state)
{
	static const int64_t bad[] = { -1, 65536, UINT32_MAX, (int64_t)1 << 32, INT64_MAX,
		INT64_MIN, ((int64_t)1 << 32) + 5 };
	struct tar_entry t = entry(TAR_FILE, "f");

	(void)state;
	t.uid = t.gid = 65535;
	expect(&t, UNPACK_KEEP, "f");
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		t.uid = bad[i];
		t.gid = 0;
		refused(&t, "uid ");
		t.uid = 0;
		t.gid = bad[i];
		refused(&t, "gid ");
	}
	t.type = TAR_CHAR;
	refused(&t, "gid ");
}

static void modes_keep_twelve_bits(void **state)
{
	struct tar_entry t = entry(TAR_FILE, "f");
	struct unpack_state s = fresh();
	struct unpack_entry out;
	struct err e;

	(void)state;
	t.mode = 0106755;
	t.mtime_s = -5;
	assert_int_equal(unpack_judge(&s, &t, &out, &e), UNPACK_KEEP);
	assert_int_equal(out.mode, 06755);
	assert_int_equal(out.mtime_s, -5);
}

static void devices_and_unknown_types_are_skipped_and_counted(void **state)
{
	static const enum tar_type types[] = { TAR_CHAR, TAR_BLOCK, TAR_OTHER };
	struct unpack_state s = fresh(), strict = fresh();
	struct unpack_entry out;
	struct err e = { 0 };

	(void)state;
	strict.limits.strict = true;
	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		struct tar_entry t = entry(types[i], "dev/x");

		assert_int_equal(unpack_judge(&s, &t, &out, &e), UNPACK_SKIP);
		assert_int_equal(s.skipped, i + 1);
		assert_int_equal(s.entries, i + 1);
		assert_int_equal(unpack_judge(&strict, &t, &out, &e), UNPACK_REFUSE);
		assert_string_equal(e.text,
			"cannot unpack 'dev/x': it is a device node or of an "
			"unknown type");
	}
}

static void fifos_and_directories_are_kept(void **state)
{
	struct tar_entry fifo = entry(TAR_FIFO, "f"), dir = entry(TAR_DIR, "./d/");

	(void)state;
	expect(&fifo, UNPACK_KEEP, "f");
	expect(&dir, UNPACK_KEEP, "d");
}

static void symlink_targets_are_free_text_within_bounds(void **state)
{
	static const char *const fine[] = { "../../../etc/passwd", "/proc/self/exe",
		"a//b", ".", "\xff" };
	struct tar_entry t = entry(TAR_SYMLINK, "l");
	struct unpack_state s = fresh();
	struct unpack_entry out;
	char text[4097];
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(fine); i++) {
		t.link = fine[i];
		assert_int_equal(unpack_judge(&s, &t, &out, &e), UNPACK_KEEP);
		assert_string_equal(out.target, fine[i]);
	}
	memset(text, 'a', sizeof(text));
	text[4095] = '\0';
	t.link = text;
	expect(&t, UNPACK_KEEP, "l");
	text[4095] = 'a';
	text[4096] = '\0';
	refused(&t, "1 to 4095 bytes, not 4096");
	t.link = "";
	refused(&t, "1 to 4095 bytes, not 0");
}

static void hard_link_targets_are_members(void **state)
{
	static const char *const bad[] = { "", "/etc/shadow", "../x", "./", ".", "a/../b",
		"a//b" };
	struct tar_entry t = entry(TAR_HARDLINK, "./l");
	struct unpack_state s = fresh();
	struct unpack_entry out;
	struct err e;

	(void)state;
	t.link = "./usr/bin/x/";
	t.size = 1 << 20; /* some writers repeat it; there is no content */
	assert_int_equal(unpack_judge(&s, &t, &out, &e), UNPACK_KEEP);
	assert_string_equal(out.link.text, "usr/bin/x");
	assert_int_equal(out.size, 0);
	assert_int_equal(s.bytes, 0);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		t.link = bad[i];
		refused(&t, "hard link to '");
	}
	t.link = "././l";
	refused(&t, "hard link to itself");
}

static void entries_are_counted_to_the_limit(void **state)
{
	struct tar_entry root = entry(TAR_DIR, "./"), dev = entry(TAR_CHAR, "d"),
			 file = entry(TAR_FILE, "f");
	struct unpack_state s = fresh();
	struct unpack_entry out;
	struct err e;

	(void)state;
	s.limits.entries = 3;
	assert_int_equal(unpack_judge(&s, &root, &out, &e), UNPACK_ROOT);
	assert_int_equal(unpack_judge(&s, &dev, &out, &e), UNPACK_SKIP);
	assert_int_equal(unpack_judge(&s, &file, &out, &e), UNPACK_KEEP);
	assert_int_equal(unpack_judge(&s, &file, &out, &e), UNPACK_REFUSE);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_int_equal(s.entries, 3);
}

static void bytes_are_counted_to_the_limit(void **state)
{
	struct tar_entry t = entry(TAR_FILE, "f");
	struct unpack_state s = fresh();
	struct unpack_entry out;
	struct err e;

	(void)state;
	s.limits.unpacked_size = 10;
	t.size = 6;
	t.sparse = true;
	assert_int_equal(unpack_judge(&s, &t, &out, &e), UNPACK_KEEP);
	t.size = 5;
	assert_int_equal(unpack_judge(&s, &t, &out, &e), UNPACK_REFUSE);
	assert_int_equal(e.code, ERR_LIMIT);
	t.size = 4;
	assert_int_equal(unpack_judge(&s, &t, &out, &e), UNPACK_KEEP);
	assert_int_equal(s.bytes, 10);
	t.size = INT64_MAX;
	assert_int_equal(unpack_judge(&s, &t, &out, &e), UNPACK_REFUSE);
	t.size = -1;
	assert_int_equal(unpack_judge(&s, &t, &out, &e), UNPACK_REFUSE);
	t.size = 0;
	assert_int_equal(unpack_judge(&s, &t, &out, &e), UNPACK_KEEP);
}

static void attribute_names_are_a_list(void **state)
{
	static const char *const yes[] = { "user.a", "user.mime_type", "user.overlayfoo",
		"security.capability", "system.posix_acl_access",
		"system.posix_acl_default" };
	static const char *const no[] = { "", "user.", "user", "user.overlay.opaque",
		"user.overlay.", "trusted.overlay.opaque", "security.selinux",
		"security.ima", "security.capabilityx", "system.nfs4_acl",
		"system.posix_acl_accessx", "USER.a", "btrfs.x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(yes); i++)
		assert_true(unpack_xattr_is_allowed(yes[i]));
	for (size_t i = 0; i < ARRAY_COUNT(no); i++)
		assert_false(unpack_xattr_is_allowed(no[i]));
}

static size_t kept_attributes(
	enum tar_type type, const char *name, const void *value, size_t len)
{
	struct tar_entry t = entry(type, "f");
	struct unpack_state s = fresh();
	struct unpack_entry out;
	struct err e;

	t.link = "target";
	t.xattr[0] = (struct tar_xattr){ "trusted.dropped", "x", 1 };
	t.xattr[1] = (struct tar_xattr){ name, value, len };
	t.xattr_count = 2;
	assert_int_equal(unpack_judge(&s, &t, &out, &e), UNPACK_KEEP);
	if (out.xattr_count)
		assert_string_equal(out.xattr[0].name, name);
	return out.xattr_count;
}

static void attributes_stay_where_they_mean_something(void **state)
{
	static const unsigned char cap2[20] = { 1, 0, 0, 2 }, cap3[24] = { 1, 0, 0, 3 },
				   alien[24] = { 1, 0, 0, 3, [22] = 1 },
				   cap1[12] = { 1, 0, 0, 1 };

	(void)state;
	assert_int_equal(kept_attributes(TAR_FILE, "user.a", "x", 1), 1);
	assert_int_equal(kept_attributes(TAR_DIR, "user.a", "", 0), 1);
	assert_int_equal(kept_attributes(TAR_SYMLINK, "user.a", "x", 1), 0);
	assert_int_equal(kept_attributes(TAR_FIFO, "user.a", "x", 1), 0);
	assert_int_equal(kept_attributes(TAR_HARDLINK, "user.a", "x", 1), 0);
	assert_int_equal(kept_attributes(TAR_FILE, "security.capability", cap2, 20), 1);
	assert_int_equal(kept_attributes(TAR_FILE, "security.capability", cap3, 24), 1);
	assert_int_equal(kept_attributes(TAR_FILE, "security.capability", alien, 24), 0);
	assert_int_equal(kept_attributes(TAR_FILE, "security.capability", cap3, 20), 0);
	assert_int_equal(kept_attributes(TAR_FILE, "security.capability", cap2, 24), 0);
	assert_int_equal(kept_attributes(TAR_FILE, "security.capability", cap1, 12), 0);
	assert_int_equal(kept_attributes(TAR_FILE, "security.capability", "", 0), 0);
	assert_int_equal(kept_attributes(TAR_DIR, "security.capability", cap2, 20), 0);
}

static void access_lists_are_kept_when_valid(void **state)
{
	static const char name[] = "system.posix_acl_access",
			  deflt[] = "system.posix_acl_default";
	/* user::rw-, user:1000:r--, group::r--, mask::r--, other::r-- */
	unsigned char acl[4 + 5 * 8] = { 2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0,
		4, 0, 0xe8, 3, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255, 0x10, 0, 4, 0, 255,
		255, 255, 255, 0x20, 0, 4, 0, 255, 255, 255, 255 };

	(void)state;
	assert_int_equal(kept_attributes(TAR_FILE, name, acl, sizeof(acl)), 1);
	assert_int_equal(kept_attributes(TAR_DIR, deflt, acl, sizeof(acl)), 1);
	assert_int_equal(kept_attributes(TAR_FILE, deflt, acl, sizeof(acl)), 0);
	assert_int_equal(kept_attributes(TAR_FILE, name, acl, sizeof(acl) - 1), 0);
	assert_int_equal(kept_attributes(TAR_FILE, name, acl, 3), 0);
	acl[0] = 1;
	assert_int_equal(kept_attributes(TAR_FILE, name, acl, sizeof(acl)), 0);
	acl[0] = 2;
	acl[18] = 1; /* uid 66536 */
	assert_int_equal(kept_attributes(TAR_FILE, name, acl, sizeof(acl)), 0);
	acl[18] = 0;
	acl[6] = 8;
	assert_int_equal(kept_attributes(TAR_FILE, name, acl, sizeof(acl)), 0);
	acl[6] = 6;
	acl[4] = 3;
	assert_int_equal(kept_attributes(TAR_FILE, name, acl, sizeof(acl)), 0);
	acl[4] = 0x40;
	assert_int_equal(kept_attributes(TAR_FILE, name, acl, sizeof(acl)), 0);
}

static void attributes_have_bounds(void **state)
{
	struct tar_entry t = entry(TAR_FILE, "f");
	static char big[65536];

	(void)state;
	t.xattr[0] = (struct tar_xattr){ "trusted.x", big, sizeof(big) };
	t.xattr_count = 1;
	refused(&t, "65535 are allowed");
	t.xattr[0] = (struct tar_xattr){ "user.x", big, sizeof(big) - 1 };
	expect(&t, UNPACK_KEEP, "f");
	t.too_many_xattrs = true;
	refused(&t, "more than 64 extended attributes");
}

/* A hostile archive read by our reader: one member of this name and type. */
static enum unpack_verdict judge_member(const char *name, char type, const char *link)
{
	auto_sample struct sample s;
	struct manifest_entry m = sample_entry(type, name);
	struct memory_reader memory;
	struct reader in = memory_reader_of(&memory);
	auto_tar struct tar *tar = NULL;
	struct unpack_state state = fresh();
	struct unpack_entry out;
	struct tar_entry t;
	struct err e;

	sample_init(&s);
	m.link = link;
	tarwrite_header(&m, 0, &s.tar);
	buf_add_fill(&s.tar, 0, tarwrite_trailer(s.tar.len));
	memory = (struct memory_reader){ .rest = buf_bytes(&s.tar) };
	assert_int_equal(tar_open(&in, &tar, &e), 0);
	assert_int_equal(tar_next(tar, &t, &e), 1);
	return unpack_judge(&state, &t, &out, &e);
}

static void archives_are_judged_as_their_reader_shows_them(void **state)
{
	(void)state;
	assert_int_equal(judge_member("fine", '0', ""), UNPACK_KEEP);
	assert_int_equal(judge_member("../up", '0', ""), UNPACK_REFUSE);
	assert_int_equal(judge_member("a/../../up", '5', ""), UNPACK_REFUSE);
	assert_int_equal(judge_member("/abs", '0', ""), UNPACK_REFUSE);
	assert_int_equal(judge_member("l", '1', "../etc/passwd"), UNPACK_REFUSE);
	assert_int_equal(judge_member("l", '2', "../etc/passwd"), UNPACK_KEEP);
	assert_int_equal(judge_member("d", '3', ""), UNPACK_SKIP);
	assert_int_equal(judge_member("d", '4', ""), UNPACK_SKIP);
	assert_int_equal(judge_member("d", '7', ""), UNPACK_KEEP);
	assert_int_equal(judge_member("d", 'Z', ""), UNPACK_SKIP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_lose_their_dots_in_front_and_slashes_behind),
		cmocka_unit_test(whiteouts_are_ordinary_names),
		cmocka_unit_test(names_that_leave_are_refused),
		cmocka_unit_test(names_have_bounds),
		cmocka_unit_test(the_root_is_ours),
		cmocka_unit_test(owners_stay_inside_the_map),
		cmocka_unit_test(modes_keep_twelve_bits),
		cmocka_unit_test(devices_and_unknown_types_are_skipped_and_counted),
		cmocka_unit_test(fifos_and_directories_are_kept),
		cmocka_unit_test(symlink_targets_are_free_text_within_bounds),
		cmocka_unit_test(hard_link_targets_are_members),
		cmocka_unit_test(entries_are_counted_to_the_limit),
		cmocka_unit_test(bytes_are_counted_to_the_limit),
		cmocka_unit_test(attribute_names_are_a_list),
		cmocka_unit_test(attributes_stay_where_they_mean_something),
		cmocka_unit_test(access_lists_are_kept_when_valid),
		cmocka_unit_test(attributes_have_bounds),
		cmocka_unit_test(archives_are_judged_as_their_reader_shows_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
