#include "lib/model/tarwrite.h"

#include "lib/base/fs.h"
#include "lib/base/spawn.h"
#include "tests/unit/memory_reader.h"
#include "tests/unit/model/tree_sample.h"
#include "tests/unit/scratch.h"

#define SAMPLE_DIGEST "bb3f17ab8387d6ea2956efc1e871521b7349304baa2d539cf7e41f273cd5495a"

static void ustar_header_is_known_byte_for_byte(void **state)
{
	struct manifest_entry m = sample_entry('0', "etc/hostname");
	auto_buf struct buf b = BUF_INIT(4096);
	unsigned char want[512] = "./etc/hostname";

	(void)state;
	m.size = 012345;
	m.uid = 10;
	m.gid = 20;
	m.mode = 0640;
	m.mtime_s = 01234567;
	memcpy(want + 100, "0000640", 8);
	memcpy(want + 108, "0000012", 8);
	memcpy(want + 116, "0000024", 8);
	memcpy(want + 124, "00000012345", 12);
	memcpy(want + 136, "00001234567", 12);
	memcpy(want + 148, "        0", 9); /* counted as blanks; then the type */
	memcpy(want + 257,
		"ustar\0"
		"00",
		8);
	memcpy(want + 329,
		"0000000\0"
		"0000000",
		16);

	unsigned int sum = 0;

	for (size_t i = 0; i < sizeof(want); i++)
		sum += want[i];
	snprintf((char *)want + 148, 7, "%06o", sum);
	tarwrite_header(&m, 7, &b);
	assert_int_equal(b.len, 512);
	assert_memory_equal(b.data, want, 512);
}

static void expect_member(const struct manifest_entry *m, const char *name, char type)
{
	auto_buf struct buf b = BUF_INIT(4096);

	tarwrite_header(m, 0, &b);
	assert_int_equal(b.len, 512);
	assert_string_equal((const char *)b.data, name);
	assert_int_equal(b.data[156], type);
}

static void members_begin_with_a_dot_and_directories_end_with_a_slash(void **state)
{
	struct manifest_entry root = sample_entry('5', ""),
			      dir = sample_entry('5', "usr/bin"),
			      link = sample_entry('2', "bin");

	(void)state;
	link.link = "usr/bin";
	expect_member(&root, "./", '5');
	expect_member(&dir, "./usr/bin/", '5');
	expect_member(&link, "./bin", '2');
}

static void hard_links_name_their_member(void **state)
{
	struct manifest_entry m = sample_entry('1', "b");
	auto_buf struct buf b = BUF_INIT(4096);

	(void)state;
	m.link = "a";
	tarwrite_header(&m, 0, &b);
	assert_string_equal((const char *)b.data + 157, "./a");
}

static void extended_header_carries_its_entry_number_and_sorted_records(void **state)
{
	const struct manifest_xattr x = { "user.x", (const unsigned char *)"v", 1 };
	struct manifest_entry m = sample_entry('0', "f");
	auto_buf struct buf b = BUF_INIT(1 << 16);

	(void)state;
	m.uid = 3000000;
	m.gid = 4000000;
	m.size = 9ULL << 30;
	m.xattr = &x;
	m.xattr_count = 1;
	tarwrite_header(&m, 123, &b);
	assert_int_equal(b.len, 3 * 512);
	assert_string_equal((const char *)b.data, "./PaxHeaders/123");
	assert_int_equal(b.data[156], 'x');
	assert_memory_equal(b.data + 100,
		"0000644\0"
		"0000000\0"
		"0000000\0",
		24);
	assert_string_equal((const char *)b.data + 512,
		"25 SCHILY.xattr.user.x=v\n15 gid=4000000\n19 size=9663676416\n"
		"15 uid=3000000\n");
	/* The fields that are overridden are zero. */
	assert_memory_equal(b.data + 1024 + 108,
		"0000000\0"
		"0000000\0"
		"00000000000",
		28);
}

/* A member of this length whose last slash stands at this place. */
static size_t header_bytes(size_t member_len, size_t slash)
{
	struct manifest_entry m = sample_entry('0', NULL);
	auto_buf struct buf b = BUF_INIT(4096);
	char path[300];

	memset(path, 'p', sizeof(path));
	path[member_len - 2] = '\0';
	path[slash - 2] = '/';
	m.path = path;
	tarwrite_header(&m, 0, &b);
	return b.len;
}

static void names_are_split_as_far_as_ustar_goes(void **state)
{
	(void)state;
	assert_int_equal(header_bytes(256, 155), 512);
	assert_int_equal(header_bytes(257, 155), 3 * 512);
	assert_int_equal(header_bytes(257, 156), 3 * 512);
	assert_int_equal(header_bytes(110, 9), 512);
	assert_int_equal(header_bytes(110, 8), 3 * 512);
	assert_int_equal(header_bytes(101, 50), 512);
}

static void padding_and_trailer_complete_blocks_and_records(void **state)
{
	(void)state;
	assert_int_equal(tarwrite_padding(0), 0);
	assert_int_equal(tarwrite_padding(1), 511);
	assert_int_equal(tarwrite_padding(512), 0);
	assert_int_equal(tarwrite_padding(513), 511);
	assert_int_equal(tarwrite_trailer(512), 9728);
	assert_int_equal(tarwrite_trailer(10240), 10240);
	assert_int_equal(tarwrite_trailer(10240 - 1024), 1024);
	assert_int_equal(tarwrite_trailer(10240 - 512), 512 + 10240);
}

static void record_lengths_count_themselves(void **state)
{
	auto_sample struct sample s;
	struct manifest_entry m = sample_entry('0', "f");
	unsigned char value[1200];
	struct manifest_xattr x = { "user.x", value, 0 };

	(void)state;
	sample_init(&s);
	memset(value, 'v', sizeof(value));
	m.xattr = &x;
	m.xattr_count = 1;
	for (x.len = 0; x.len < sizeof(value); x.len++) {
		auto_buf struct buf b = BUF_INIT(1 << 16);
		const char *record;
		char *end;

		tarwrite_header(&m, 0, &b);
		record = (const char *)b.data + 512;
		assert_int_equal(strtoul(record, &end, 10),
			strtoul((const char *)b.data + 124, NULL, 8));
		assert_int_equal(record[strtoul(record, NULL, 10) - 1], '\n');
		assert_memory_equal(end, " SCHILY.xattr.user.x=", 21);
	}
}

/* What lib/adapt reads from the archive, as a manifest again. */
static void derive(struct bytes tar, size_t piece, struct manifest *out)
{
	struct memory_reader memory = { .rest = tar, .piece = piece };
	struct reader in = memory_reader_of(&memory);
	auto_tar struct tar *t = NULL;
	struct tar_entry entry;
	struct err e;
	int more = tar_open(&in, &t, &e);

	while (more >= 0 && (more = tar_next(t, &entry, &e)) > 0) {
		struct manifest_entry *slot = NULL;
		char content[64];

		if (manifest_add_tar(out, &entry, &slot, &e) < 0)
			fail_msg("%s", e.text);
		if (slot->type == '0' && slot->size > 0) {
			assert_int_equal(
				tar_read(t, content, sizeof(content), &e), slot->size);
			slot->sha256 = digest_of(bytes_of(content, (size_t)slot->size));
		}
	}
	if (more < 0)
		fail_msg("%s", e.text);
	out->tar_size = tar.len;
	out->diff_id = digest_of(tar);
}

static void tar_to_manifest_to_tar_is_the_same_bytes(void **state)
{
	auto_sample struct sample s, again;
	auto_buf struct buf one = BUF_INIT(MANIFEST_BYTES_MAX),
			    two = BUF_INIT(MANIFEST_BYTES_MAX);
	struct err e;

	(void)state;
	sample_make(&s);
	sample_init(&again);
	assert_int_equal(tarwrite_size(&s.man), s.tar.len);
	derive(buf_bytes(&s.tar), 777, &again.man);
	assert_int_equal(again.man.count, s.man.count);
	for (size_t i = 0; i < s.man.count; i++) {
		assert_string_equal(again.man.entry[i].path, s.man.entry[i].path);
		assert_string_equal(again.man.entry[i].link, s.man.entry[i].link);
	}
	assert_int_equal(manifest_format(&s.man, &one, &e), 0);
	assert_int_equal(manifest_format(&again.man, &two, &e), 0);
	assert_true(bytes_equal(buf_bytes(&one), buf_bytes(&two)));
	sample_archive(&again);
	assert_true(bytes_equal(buf_bytes(&s.tar), buf_bytes(&again.tar)));
}

static void dialect_1_never_changes(void **state)
{
	auto_sample struct sample s;
	char hex[DIGEST_HEX];

	(void)state;
	sample_make(&s);
	digest_hex(&s.man.diff_id, hex);
	assert_string_equal(hex, SAMPLE_DIGEST);
}

static void gnu_tar_lists_every_entry(void **state)
{
	struct scratch *dir = *state;
	auto_sample struct sample s;
	auto_buf struct buf listing = BUF_INIT(4U << 20);
	auto_free char *path = xasprintf("%s/sample.tar", dir->path);
	const char *const argv[] = { "tar", "--quoting-style=escape", "-tf", path, NULL };
	const struct spawn tar = { .argv = argv,
		.cwd_fd = -1,
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = 2 };
	size_t lines = 0;
	int status = -1, fd;
	struct err e;

	sample_make(&s);
	fd = openat(dir->fd, "sample.tar", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(fs_write_all(fd, s.tar.data, s.tar.len, &e), 0);
	close(fd);
	if (spawn_capture(&tar, &listing, &status, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(status, 0);
	for (size_t i = 0; i < listing.len; i++)
		lines += listing.data[i] == '\n';
	assert_int_equal(lines, s.man.count);
	assert_memory_equal(listing.data, "./\n./n00/\n", 10);
	assert_non_null(strstr(buf_str(&listing), "\n./new\\nline\n"));
	assert_non_null(strstr(buf_str(&listing), "\n./\\377\\376 not UTF-8 \\303\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ustar_header_is_known_byte_for_byte),
		cmocka_unit_test(
			members_begin_with_a_dot_and_directories_end_with_a_slash),
		cmocka_unit_test(hard_links_name_their_member),
		cmocka_unit_test(
			extended_header_carries_its_entry_number_and_sorted_records),
		cmocka_unit_test(names_are_split_as_far_as_ustar_goes),
		cmocka_unit_test(padding_and_trailer_complete_blocks_and_records),
		cmocka_unit_test(record_lengths_count_themselves),
		cmocka_unit_test(tar_to_manifest_to_tar_is_the_same_bytes),
		cmocka_unit_test(dialect_1_never_changes),
		scratch_test(gnu_tar_lists_every_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
