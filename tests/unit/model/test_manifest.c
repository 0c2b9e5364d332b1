#include "lib/model/manifest.h"

#include "tests/unit/model/tree_sample.h"

#define FIRST MANIFEST_HEADER_SIZE

/* A small tree as bytes: the root, dir, dir/file with content, an attribute. */
static void small_tree(struct buf *out)
{
	const struct manifest_xattr x[] = { { "user.a", (const unsigned char *)"1", 1 },
		{ "user.b", (const unsigned char *)"22", 2 } };
	auto_sample struct sample s;
	struct manifest_entry m = sample_entry('0', "dir/file");
	struct err e;

	sample_init(&s);
	sample_dir(&s, "");
	sample_dir(&s, "dir");
	m.size = 3;
	m.sha256 = digest_of(bytes_of_str("abc"));
	m.xattr = x;
	m.xattr_count = 2;
	sample_add(&s, &m);
	sample_link(&s, '1', "hard", "dir/file");
	assert_int_equal(manifest_format(&s.man, out, &e), 0);
}

static void expect_refused(struct bytes in, const char *why)
{
	auto_manifest struct manifest m;
	struct err e;

	manifest_init(&m);
	if (manifest_parse(in, &m, &e) == 0)
		fail_msg("parsed, and should not: %s", why);
	assert_true(e.code == ERR_PARSE || e.code == ERR_LIMIT);
	assert_null(m.entry);
	if (!strstr(e.text, why))
		fail_msg("'%s' does not say '%s'", e.text, why);
}

/* The bytes of one entry, with any lie in them. */
struct raw {
	char type;
	unsigned int xattrs;
	unsigned int mode;
	uint32_t uid, gid;
	int64_t mtime;
	uint64_t size;
	const char *path, *link;
	size_t path_len, link_len; /* 0: as long as they are */
	bool digest;
};

static void raw_add(struct buf *b, struct raw r)
{
	static const unsigned char digest[DIGEST_SIZE] = { 1 };
	size_t path_len = r.path_len ? r.path_len : strlen(r.path ? r.path : "");
	size_t link_len = r.link_len ? r.link_len : strlen(r.link ? r.link : "");

	buf_add_byte(b, (unsigned char)r.type);
	buf_add_byte(b, (unsigned char)r.xattrs);
	buf_add_le(b, r.mode, 2);
	buf_add_le(b, r.uid, 4);
	buf_add_le(b, r.gid, 4);
	buf_add_le(b, (uint64_t)r.mtime, 8);
	buf_add_le(b, r.size, 8);
	buf_add_le(b, path_len, 2);
	buf_add_le(b, link_len, 2);
	buf_add(b, r.path, path_len);
	buf_add(b, r.link, link_len);
	if (r.digest)
		buf_add(b, digest, sizeof(digest));
}

static void raw_header(struct buf *b, uint64_t entries)
{
	buf_add_str(b, "RYMANIF1");
	buf_add_le(b, 1, 4);
	buf_add_le(b, 0, 4);
	buf_add_le(b, entries, 8);
	buf_add_le(b, 10240, 8);
	buf_add_fill(b, 7, DIGEST_SIZE);
}

static void raw_tree(struct buf *b, uint64_t entries)
{
	raw_header(b, entries);
	raw_add(b, (struct raw){ .type = '5', .mode = 0755, .path = "" });
}

/* The root and this entry. */
static void refuse_entry(struct raw r, const char *why)
{
	auto_buf struct buf b = BUF_INIT(1 << 20);

	raw_tree(&b, 2);
	raw_add(&b, r);
	expect_refused(buf_bytes(&b), why);
}

static void accept_entry(struct raw r)
{
	auto_buf struct buf b = BUF_INIT(1 << 20), back = BUF_INIT(1 << 20);
	auto_manifest struct manifest m;
	struct err e;

	manifest_init(&m);
	raw_tree(&b, 2);
	raw_add(&b, r);
	if (manifest_parse(buf_bytes(&b), &m, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(manifest_format(&m, &back, &e), 0);
	assert_true(bytes_equal(buf_bytes(&b), buf_bytes(&back)));
}

static void manifest_formats_the_documented_bytes(void **state)
{
	auto_buf struct buf b = BUF_INIT(1 << 20);
	static const unsigned char file[] =
		"0\x02\xa4\x01\0\0\0\0\0\0\0\0\0\xf1\x53\x65\0\0\0\0"
		"\x03\0\0\0\0\0\0\0\x08\0\0\0dir/file"
		"\x06\0\x01\0user.a1\x06\0\x02\0user.b22"
		"\xba\x78\x16\xbf";

	(void)state;
	small_tree(&b);
	assert_memory_equal(b.data, "RYMANIF1\x01\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0", 24);
	assert_memory_equal(b.data + FIRST, "5\0\xed\x01", 4);
	assert_memory_equal(b.data + FIRST + 32 + 35, file, sizeof(file) - 1);
}

static void manifest_parse_reverses_format(void **state)
{
	auto_sample struct sample s;
	auto_manifest struct manifest m;
	auto_buf struct buf one = BUF_INIT(MANIFEST_BYTES_MAX),
			    two = BUF_INIT(MANIFEST_BYTES_MAX);
	struct digest id, same;
	struct err e;

	(void)state;
	sample_make(&s);
	manifest_init(&m);
	assert_int_equal(manifest_format(&s.man, &one, &e), 0);
	assert_int_equal(manifest_parse(buf_bytes(&one), &m, &e), 0);
	assert_int_equal(manifest_format(&m, &two, &e), 0);
	assert_true(bytes_equal(buf_bytes(&one), buf_bytes(&two)));
	assert_int_equal(m.tar_size, s.tar.len);
	assert_true(digest_equal(&m.diff_id, &s.man.diff_id));
	assert_int_equal(manifest_id(&m, &id, &e), 0);
	same = digest_of(buf_bytes(&one));
	assert_true(digest_equal(&id, &same));
}

static void manifest_refuses_every_truncation(void **state)
{
	auto_buf struct buf b = BUF_INIT(1 << 20);

	(void)state;
	small_tree(&b);
	for (size_t len = 0; len < b.len; len++) {
		/* Of exact size, so that a read behind its end is seen. */
		auto_free unsigned char *cut = xmalloc(len);

		memcpy(cut, b.data, len);
		expect_refused(bytes_of(cut, len), "manifest: ");
	}
}

static void manifest_refuses_trailing_bytes(void **state)
{
	auto_buf struct buf b = BUF_INIT(1 << 20);

	(void)state;
	small_tree(&b);
	buf_add_byte(&b, 0);
	expect_refused(buf_bytes(&b), "1 bytes behind the last entry");
}

static void manifest_refuses_a_wrong_header(void **state)
{
	static const struct {
		size_t at;
		unsigned char value;
		const char *why;
	} cases[] = { { 0, 'X', "does not begin" }, { 7, '2', "does not begin" },
		{ 8, 2, "version 2" }, { 11, 1, "version" }, { 12, 1, "flags 1" },
		{ 16, 0, "entries" }, { 16, 3, "behind the last" },
		{ 16, 5, "ends in the middle" }, { 23, 1, "entries" },
		{ 18, 8, "entries" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		auto_buf struct buf b = BUF_INIT(1 << 20);

		small_tree(&b);
		b.data[cases[i].at] = cases[i].value;
		expect_refused(buf_bytes(&b), cases[i].why);
	}
}

static void manifest_believes_no_count_before_it_has_the_bytes(void **state)
{
	auto_buf struct buf b = BUF_INIT(1 << 20);

	(void)state;
	raw_tree(&b, MANIFEST_ENTRIES_MAX);
	expect_refused(buf_bytes(&b), "ends in the middle");
}

static void manifest_refuses_each_wrong_field(void **state)
{
	(void)state;
	refuse_entry((struct raw){ .type = '7', .path = "a" }, "type is unknown");
	refuse_entry((struct raw){ .type = '/', .path = "a" }, "type is unknown");
	refuse_entry((struct raw){ .type = 0, .path = "a" }, "type is unknown");
	refuse_entry((struct raw){ .type = '0', .mode = 010000, .path = "a" }, "07777");
	refuse_entry(
		(struct raw){ .type = '0', .uid = UINT32_MAX, .path = "a" }, "no id");
	refuse_entry(
		(struct raw){ .type = '0', .gid = UINT32_MAX, .path = "a" }, "no id");
	refuse_entry((struct raw){ .type = '0', .mtime = -1, .path = "a" }, "time");
	refuse_entry(
		(struct raw){ .type = '0', .mtime = 0100000000000, .path = "a" }, "time");
	refuse_entry((struct raw){ .type = '0', .path = "a", .link = "b" }, "no link");
	refuse_entry((struct raw){ .type = '5', .path = "a", .size = 1 }, "is no file");
	refuse_entry((struct raw){ .type = '2', .path = "a", .link = "b", .size = 1 },
		"no file");
	refuse_entry((struct raw){ .type = '6', .path = "a", .size = 1 }, "is no file");
	refuse_entry((struct raw){ .type = '0',
			     .path = "a",
			     .size = (64ULL << 30) + 1,
			     .digest = 1 },
		"64 GiB");
	refuse_entry(
		(struct raw){ .type = '0', .path = "a", .size = UINT64_MAX, .digest = 1 },
		"64 GiB");
	refuse_entry((struct raw){ .type = '3', .path = "a", .size = 4096ULL << 32 },
		"device");
	refuse_entry((struct raw){ .type = '4', .path = "a", .size = 1 << 20 }, "device");
	refuse_entry((struct raw){ .type = '2', .path = "a", .link = "" }, "1 to 4095");
	refuse_entry((struct raw){ .type = '0', .path = "a", .size = 1 },
		"ends in the middle");
	refuse_entry(
		(struct raw){ .type = '0', .path = "a", .digest = 1 }, "behind the last");
}

static void manifest_takes_each_field_at_its_bound(void **state)
{
	char target[4096];

	(void)state;
	accept_entry((struct raw){ .type = '0', .mode = 07777, .path = "a" });
	accept_entry((struct raw){
		.type = '0', .uid = UINT32_MAX - 1, .gid = UINT32_MAX - 1, .path = "a" });
	accept_entry(
		(struct raw){ .type = '0', .mtime = 077777777777, .path = "\xff\n" });
	accept_entry((struct raw){
		.type = '0', .size = 64ULL << 30, .digest = 1, .path = "a" });
	accept_entry((struct raw){
		.type = '3', .size = 4095ULL << 32 | 1048575, .path = "a" });
	accept_entry((struct raw){ .type = '6', .path = "a" });
	memset(target, '/', 4095);
	target[4095] = '\0';
	accept_entry((struct raw){ .type = '2', .path = "a", .link = target });
}

static void manifest_refuses_paths_that_leave(void **state)
{
	static const char *const bad[] = { "/etc", "..", "../a", "a/../b", ".", "./a",
		"a/", "a//b", "a/./b" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		refuse_entry((struct raw){ .type = '0', .path = bad[i] }, "path");
		refuse_entry(
			(struct raw){ .type = '1', .path = "x", .link = bad[i] }, "path");
	}
	refuse_entry((struct raw){ .type = '0', .path = "a\0b", .path_len = 3 }, "NUL");
	refuse_entry(
		(struct raw){ .type = '2', .path = "a", .link = "a\0b", .link_len = 3 },
		"NUL");
	refuse_entry((struct raw){ .type = '1', .path = "a", .link = "" }, "empty");
}

static void manifest_refuses_names_that_are_too_long(void **state)
{
	char text[4200];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[256] = '\0';
	refuse_entry((struct raw){ .type = '0', .path = text }, "component");
	memset(text, '/', sizeof(text));
	text[4096] = '\0';
	refuse_entry((struct raw){ .type = '2', .path = "a", .link = text }, "1 to 4095");
	refuse_entry((struct raw){ .type = '0', .path = text }, "path");
}

static void manifest_begins_with_the_root_and_has_one(void **state)
{
	auto_buf struct buf first = BUF_INIT(1 << 20), file = BUF_INIT(1 << 20);

	(void)state;
	raw_header(&first, 1);
	raw_add(&first, (struct raw){ .type = '5', .path = "a" });
	expect_refused(buf_bytes(&first), "root comes first");
	raw_header(&file, 1);
	raw_add(&file, (struct raw){ .type = '0', .path = "" });
	expect_refused(buf_bytes(&file), "root is not a directory");
	refuse_entry(
		(struct raw){ .type = '5', .path = "" }, "root comes first, and once");
}

/* The root and two entries. */
static void refuse_pair(struct raw one, struct raw two, const char *why)
{
	auto_buf struct buf b = BUF_INIT(1 << 20);

	raw_tree(&b, 3);
	raw_add(&b, one);
	raw_add(&b, two);
	expect_refused(buf_bytes(&b), why);
}

static void manifest_refuses_what_does_not_fit_together(void **state)
{
	const struct raw dir = { .type = '5', .path = "d" },
			 file = { .type = '0', .path = "f" },
			 link = { .type = '2', .path = "l", .link = "d" };

	(void)state;
	refuse_pair(file, file, "'f': it is there twice");
	refuse_pair(dir, (struct raw){ .type = '0', .path = "d" }, "it is there twice");
	refuse_pair(
		file, (struct raw){ .type = '0', .path = "f/x" }, "does not come before");
	refuse_pair(
		link, (struct raw){ .type = '0', .path = "l/x" }, "does not come before");
	refuse_pair(
		(struct raw){ .type = '0', .path = "d/x" }, dir, "does not come before");
	refuse_pair(dir, (struct raw){ .type = '0', .path = "d/e/x" },
		"does not come before");
	refuse_pair(file, (struct raw){ .type = '1', .path = "h", .link = "g" },
		"no earlier file");
	refuse_pair(dir, (struct raw){ .type = '1', .path = "h", .link = "d" },
		"no earlier file");
	refuse_pair(link, (struct raw){ .type = '1', .path = "h", .link = "l" },
		"no earlier file");
	refuse_pair((struct raw){ .type = '1', .path = "h", .link = "f" }, file,
		"no earlier file");
	refuse_entry(
		(struct raw){ .type = '1', .path = "h", .link = "h" }, "no earlier file");
}

static void manifest_refuses_a_link_to_a_link(void **state)
{
	auto_buf struct buf b = BUF_INIT(1 << 20);

	(void)state;
	raw_tree(&b, 4);
	raw_add(&b, (struct raw){ .type = '0', .path = "a" });
	raw_add(&b, (struct raw){ .type = '1', .path = "b", .link = "a" });
	raw_add(&b, (struct raw){ .type = '1', .path = "c", .link = "b" });
	expect_refused(buf_bytes(&b), "no earlier file");
}

static void add_attribute(struct buf *b, const char *name, size_t name_len, size_t len)
{
	buf_add_le(b, name_len, 2);
	buf_add_le(b, len, 2);
	buf_add(b, name, name_len);
	buf_add_fill(b, 'v', len);
}

static void refuse_attributes(const char *one, const char *two, const char *why)
{
	auto_buf struct buf b = BUF_INIT(1 << 20);

	raw_tree(&b, 2);
	raw_add(&b, (struct raw){ .type = '0', .path = "a", .xattrs = 2 });
	add_attribute(&b, one, strlen(one), 1);
	add_attribute(&b, two, strlen(two), 1);
	expect_refused(buf_bytes(&b), why);
}

static void manifest_refuses_wrong_attributes(void **state)
{
	auto_buf struct buf nul = BUF_INIT(1 << 20), many = BUF_INIT(1 << 20),
			    large = BUF_INIT(4 << 20);
	char name[300];

	(void)state;
	refuse_attributes("user.b", "user.a", "not sorted");
	refuse_attributes("user.a", "user.a", "not unique");
	refuse_attributes("", "user.a", "name is none");
	refuse_attributes("user.a", "user.a=b", "name is none");
	memset(name, 'u', 256);
	name[256] = '\0';
	refuse_attributes("user.a", name, "name is none");

	raw_tree(&nul, 2);
	raw_add(&nul, (struct raw){ .type = '0', .path = "a", .xattrs = 1 });
	add_attribute(&nul, "us\0r", 4, 0);
	expect_refused(buf_bytes(&nul), "NUL");

	raw_tree(&many, 2);
	raw_add(&many,
		(struct raw){ .type = '0', .path = "a", .xattrs = TAR_XATTR_MAX + 1 });
	for (int i = 0; i <= TAR_XATTR_MAX; i++) {
		snprintf(name, sizeof(name), "user.%03d", i);
		add_attribute(&many, name, strlen(name), 0);
	}
	expect_refused(buf_bytes(&many), "more than 64");

	raw_tree(&large, 2);
	raw_add(&large, (struct raw){ .type = '0', .path = "a", .xattrs = 17 });
	for (int i = 0; i < 17; i++) {
		snprintf(name, sizeof(name), "user.%03d", i);
		add_attribute(&large, name, strlen(name), 65535);
	}
	expect_refused(buf_bytes(&large), "more than 1 MiB");
}

static void manifest_finds_duplicates_among_many(void **state)
{
	auto_buf struct buf b = BUF_INIT(8U << 20);
	auto_manifest struct manifest m;
	char name[32];
	struct err e;

	(void)state;
	manifest_init(&m);
	raw_tree(&b, 20001);
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		raw_add(&b, (struct raw){ .type = '0', .path = name });
	}
	assert_int_equal(manifest_parse(buf_bytes(&b), &m, &e), 0);
	assert_int_equal(m.count, 20001);
	memcpy(b.data + b.len - 5, "10000", 5);
	expect_refused(buf_bytes(&b), "'file-10000': it is there twice");
}

static void manifest_changed_anywhere_is_another_or_none(void **state)
{
	auto_buf struct buf b = BUF_INIT(1 << 20);

	(void)state;
	small_tree(&b);
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		auto_manifest struct manifest m;
		struct err e;

		manifest_init(&m);
		b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
		if (manifest_parse(buf_bytes(&b), &m, &e) == 0) {
			auto_buf struct buf back = BUF_INIT(1 << 20);

			assert_int_equal(manifest_format(&m, &back, &e), 0);
			assert_true(bytes_equal(buf_bytes(&b), buf_bytes(&back)));
		}
		b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
}

static void manifest_add_copies_and_checks(void **state)
{
	auto_manifest struct manifest m;
	char path[] = "name", link[] = "target";
	struct manifest_entry entry = sample_entry('2', path);
	struct err e;

	(void)state;
	manifest_init(&m);
	entry.link = link;
	assert_int_equal(manifest_add(&m, &entry, &e), 0);
	path[0] = link[0] = 'X';
	assert_string_equal(m.entry[0].path, "name");
	assert_string_equal(m.entry[0].link, "target");
	entry.path = "../x";
	assert_int_equal(manifest_add(&m, &entry, &e), -1);
	assert_int_equal(e.code, ERR_PARSE);
	assert_int_equal(m.count, 1);
}

static void manifest_format_writes_nothing_it_would_not_read(void **state)
{
	auto_sample struct sample s;
	auto_buf struct buf b = BUF_INIT(1 << 20), tight = BUF_INIT(10);
	struct err e;

	(void)state;
	sample_init(&s);
	assert_int_equal(manifest_format(&s.man, &b, &e), -1);
	sample_dir(&s, "");
	assert_int_equal(manifest_format(&s.man, &tight, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	sample_file(&s, "a/b", "");
	assert_int_equal(manifest_format(&s.man, &b, &e), -1);
	assert_int_equal(b.len, 0);
}

static struct tar_entry tar_entry(enum tar_type type, const char *path)
{
	return (struct tar_entry){ .type = type, .path = path, .link = "" };
}

static void expect_path(const char *member, const char *path)
{
	auto_manifest struct manifest m;
	struct tar_entry t = tar_entry(TAR_DIR, member);
	struct manifest_entry *slot = NULL;
	struct err e;

	manifest_init(&m);
	if (manifest_add_tar(&m, &t, &slot, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(slot->path, path);
}

static void refuse_tar(struct tar_entry t, const char *why)
{
	auto_manifest struct manifest m;
	struct manifest_entry *slot = NULL;
	struct err e;

	manifest_init(&m);
	if (manifest_add_tar(&m, &t, &slot, &e) == 0)
		fail_msg("taken, and should not: %s", why);
	if (!strstr(e.text, why))
		fail_msg("'%s' does not say '%s'", e.text, why);
	assert_int_equal(m.count, 0);
}

static void manifest_from_tar_normalises_members(void **state)
{
	(void)state;
	expect_path("./", "");
	expect_path(".", "");
	expect_path("./usr/bin/", "usr/bin");
	expect_path("usr", "usr");
	expect_path("./././usr//", "usr");
}

static void manifest_from_tar_refuses_what_it_cannot_say(void **state)
{
	struct tar_entry t = tar_entry(TAR_FILE, "./a");

	(void)state;
	refuse_tar(tar_entry(TAR_FILE, "/a"), "absolute");
	refuse_tar(tar_entry(TAR_FILE, "a/../../b"), "'..'");
	refuse_tar(tar_entry(TAR_FILE, ""), "empty");
	refuse_tar(tar_entry(TAR_OTHER, "a"), "type is unknown");
	refuse_tar(tar_entry(TAR_HARDLINK, "a"), "empty");
	t.uid = -1;
	refuse_tar(t, "no id");
	t.uid = (int64_t)1 << 32;
	refuse_tar(t, "no id");
	t.uid = INT64_MIN;
	refuse_tar(t, "no id");
	t.uid = 0;
	t.gid = INT64_MIN;
	refuse_tar(t, "no id");
	t.gid = 0;
	t.size = -1;
	refuse_tar(t, "negative");
	t.size = 0;
	t.mtime_s = -1;
	refuse_tar(t, "time");
	t.mtime_s = 0;
	t.too_many_xattrs = true;
	refuse_tar(t, "more than 64");
	t.too_many_xattrs = false;
	t.xattr_count = 1;
	t.xattr[0] = (struct tar_xattr){ "user.a", "", 65536 };
	refuse_tar(t, "65535");
}

static void manifest_from_tar_sorts_attributes(void **state)
{
	auto_manifest struct manifest m;
	struct tar_entry t = tar_entry(TAR_FILE, "a");
	struct manifest_entry *slot = NULL;
	struct err e;

	(void)state;
	manifest_init(&m);
	t.mode = 0104755;
	t.xattr[0] = (struct tar_xattr){ "user.b", "2", 1 };
	t.xattr[1] = (struct tar_xattr){ "security.capability", "1", 1 };
	t.xattr_count = 2;
	assert_int_equal(manifest_add_tar(&m, &t, &slot, &e), 0);
	assert_string_equal(slot->xattr[0].name, "security.capability");
	assert_string_equal(slot->xattr[1].name, "user.b");
	assert_int_equal(slot->mode, 04755);
}

static void manifest_sums_files_and_ids(void **state)
{
	auto_sample struct sample s;
	struct manifest_entry m = sample_entry('0', "a");
	uint32_t uid = 1, gid = 1;

	(void)state;
	sample_init(&s);
	sample_dir(&s, "");
	manifest_max_ids(&s.man, &uid, &gid);
	assert_int_equal(uid + gid, 0);
	m.size = 100;
	m.uid = 7;
	sample_add(&s, &m);
	m.path = "b";
	m.size = 11;
	m.uid = 3;
	m.gid = 65534;
	sample_add(&s, &m);
	sample_link(&s, '1', "c", "a");
	sample_device(&s, '3', "null", 1ULL << 32 | 3);
	assert_int_equal(manifest_unpacked_size(&s.man), 111);
	manifest_max_ids(&s.man, &uid, &gid);
	assert_int_equal(uid, 7);
	assert_int_equal(gid, 65534);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manifest_formats_the_documented_bytes),
		cmocka_unit_test(manifest_parse_reverses_format),
		cmocka_unit_test(manifest_refuses_every_truncation),
		cmocka_unit_test(manifest_refuses_trailing_bytes),
		cmocka_unit_test(manifest_refuses_a_wrong_header),
		cmocka_unit_test(manifest_believes_no_count_before_it_has_the_bytes),
		cmocka_unit_test(manifest_refuses_each_wrong_field),
		cmocka_unit_test(manifest_takes_each_field_at_its_bound),
		cmocka_unit_test(manifest_refuses_paths_that_leave),
		cmocka_unit_test(manifest_refuses_names_that_are_too_long),
		cmocka_unit_test(manifest_begins_with_the_root_and_has_one),
		cmocka_unit_test(manifest_refuses_what_does_not_fit_together),
		cmocka_unit_test(manifest_refuses_a_link_to_a_link),
		cmocka_unit_test(manifest_refuses_wrong_attributes),
		cmocka_unit_test(manifest_finds_duplicates_among_many),
		cmocka_unit_test(manifest_changed_anywhere_is_another_or_none),
		cmocka_unit_test(manifest_add_copies_and_checks),
		cmocka_unit_test(manifest_format_writes_nothing_it_would_not_read),
		cmocka_unit_test(manifest_from_tar_normalises_members),
		cmocka_unit_test(manifest_from_tar_refuses_what_it_cannot_say),
		cmocka_unit_test(manifest_from_tar_sorts_attributes),
		cmocka_unit_test(manifest_sums_files_and_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
