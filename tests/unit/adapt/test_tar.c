#include "lib/adapt/tar.h"

#include "tests/unit/adapt/tarmake.h"

#include <locale.h>

static void entries_come_with_type_names_and_numbers(void **state)
{
	static const struct {
		char flag;
		enum tar_type type;
	} types[] = { { '0', TAR_FILE }, { '\0', TAR_FILE }, { '7', TAR_FILE },
		{ '1', TAR_HARDLINK }, { '2', TAR_SYMLINK }, { '3', TAR_CHAR },
		{ '4', TAR_BLOCK }, { '5', TAR_DIR }, { '6', TAR_FIFO },
		{ 'Q', TAR_OTHER }, { 'Z', TAR_OTHER }, { '8', TAR_OTHER } };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		auto_buf struct buf a = BUF_INIT(TEST_MAX);
		auto_tar struct tar *t = NULL;
		struct tar_entry entry;
		bool linked = types[i].flag == '1' || types[i].flag == '2';
		size_t at = tar_header(
			&a, types[i].flag, "./name", linked ? "target" : "", 0);

		tar_octal(a.data + at + 100, 8, 06755);
		tar_octal(a.data + at + 108, 8, 1000);
		tar_octal(a.data + at + 116, 8, 100);
		if (types[i].type == TAR_CHAR || types[i].type == TAR_BLOCK) {
			tar_octal(a.data + at + 329, 8, 5);
			tar_octal(a.data + at + 337, 8, 7);
		}
		tar_sum(&a, at);
		tar_end(&a);

		struct slice slice = { buf_bytes(&a), 0 };

		first(&slice, &t, &entry);
		assert_int_equal(entry.type, types[i].type);
		assert_string_equal(entry.path, "./name");
		assert_string_equal(entry.link, linked ? "target" : "");
		assert_int_equal(entry.mode, 06755);
		assert_int_equal(entry.uid, 1000);
		assert_int_equal(entry.gid, 100);
		assert_int_equal(entry.mtime_s, 1700000000);
		assert_int_equal(entry.xattr_count, 0);
		assert_false(entry.sparse);
		if (types[i].type == TAR_CHAR) {
			assert_int_equal(entry.dev_major, 5);
			assert_int_equal(entry.dev_minor, 7);
		}
	}
}

/* Wherever its header stands in what was read at once. */
static void unknown_types_are_seen_at_every_offset(void **state)
{
	(void)state;
	for (size_t blocks = 505; blocks < 520; blocks++) {
		auto_buf struct buf a = BUF_INIT(TEST_MAX);
		struct seen seen;
		struct err e = { 0 };

		tar_header(&a, '0', "before", "", blocks * 512);
		buf_add_fill(&a, 'x', blocks * 512);
		tar_pax_str(&a, "path", "strange");
		tar_header(&a, 'Q', "x", "", 0);
		tar_header(&a, '0', "file", "", 0);
		tar_end(&a);
		assert_int_equal(walk(buf_bytes(&a), 0, false, &seen, &e), 0);
		assert_int_equal(seen.count, 3);
		assert_int_equal(seen.type[0], TAR_FILE);
		assert_int_equal(seen.type[1], TAR_OTHER);
		assert_string_equal(seen.path[1], "strange");
		assert_int_equal(seen.type[2], TAR_FILE);
	}
}

static void contents_come_whole_or_are_skipped(void **state)
{
	auto_buf struct buf a = BUF_INIT(TEST_MAX), content = BUF_INIT(TEST_MAX);
	auto_free unsigned char *data = sample(300001, 1);
	auto_tar struct tar *t = NULL;
	struct tar_entry entry;
	struct err e = { 0 };

	(void)state;
	tar_header(&a, '0', "big", "", 300001);
	tar_data(&a, data, 300001);
	tar_file(&a, "skipped", "not read");
	tar_file(&a, "last", "text");
	tar_end(&a);
	assert_accepted(&a, 3);

	struct slice slice = { buf_bytes(&a), 0 };

	first(&slice, &t, &entry);
	assert_int_equal(entry.size, 300001);
	assert_int_equal(read_all(t, &content, &e), 0);
	assert_true(bytes_equal(buf_bytes(&content), bytes_of(data, 300001)));
	assert_int_equal(tar_next(t, &entry, &e), 1);
	assert_int_equal(tar_next(t, &entry, &e), 1);
	assert_string_equal(entry.path, "last");
	buf_clear(&content);
	assert_int_equal(read_all(t, &content, &e), 0);
	assert_string_equal(buf_str(&content), "text");
	assert_int_equal(tar_next(t, &entry, &e), 0);
}

static void end_mark_with_and_without_padding_is_an_end(void **state)
{
	auto_buf struct buf empty = BUF_INIT(TEST_MAX), padded = BUF_INIT(TEST_MAX);

	(void)state;
	tar_end(&empty);
	assert_accepted(&empty, 0);
	tar_file(&padded, "file", "text");
	tar_end(&padded);
	assert_accepted(&padded, 1);
	buf_add_fill(&padded, 0, 10240);
	assert_accepted(&padded, 1);
	buf_add_fill(&padded, 0, 1 << 20);
	assert_accepted(&padded, 1);
}

static void long_names_come_in_pax_gnu_and_ustar_form(void **state)
{
	char name[256], expect[300];

	(void)state;
	memset(name, 'n', 250);
	name[250] = '\0';
	snprintf(expect, sizeof(expect), "./%s", name);
	for (int form = 0; form < 3; form++) {
		auto_buf struct buf a = BUF_INIT(TEST_MAX);
		struct seen seen;
		struct err e = { 0 };

		if (form == 0) {
			tar_pax_str(&a, "path", expect);
		} else if (form == 1) {
			tar_header(&a, 'L', "././@LongLink", "", strlen(expect) + 1);
			tar_data(&a, expect, strlen(expect) + 1);
		}
		size_t at = tar_header(&a, '0', "short", "", 0);

		if (form == 2) {
			memcpy(a.data + at + 345, "some/prefix", 11);
			tar_sum(&a, at);
			snprintf(expect, sizeof(expect), "some/prefix/short");
		}
		tar_end(&a);
		assert_int_equal(walk(buf_bytes(&a), 0, true, &seen, &e), 0);
		assert_string_equal(seen.path[0], expect);
	}
}

static void ids_come_in_64_bits(void **state)
{
	static const int64_t ids[] = { -1, -2, (int64_t)1 << 32, ((int64_t)1 << 32) - 1,
		((int64_t)1 << 55) - 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
		auto_buf struct buf a = BUF_INIT(TEST_MAX);
		auto_tar struct tar *t = NULL;
		struct tar_entry entry;
		size_t at = tar_header(&a, '0', "file", "", 0);

		tar_base256(a.data + at + 108, 8, ids[i]);
		tar_base256(a.data + at + 116, 8, ids[i]);
		tar_sum(&a, at);
		tar_end(&a);

		struct slice slice = { buf_bytes(&a), 0 };

		first(&slice, &t, &entry);
		assert_true(entry.uid == ids[i]);
		assert_true(entry.gid == ids[i]);
	}
}

static void pax_ids_override_the_header(void **state)
{
	auto_buf struct buf a = BUF_INIT(TEST_MAX), records = BUF_INIT(TEST_MAX);
	auto_tar struct tar *t = NULL;
	struct tar_entry entry;

	(void)state;
	pax_record(&records, "uid", "4294967296", 10);
	pax_record(&records, "gid", "-5", 2);
	pax_record(&records, "mtime", "-1.5", 4);
	tar_pax(&a, 'x', buf_bytes(&records));
	tar_file(&a, "file", "");
	tar_end(&a);

	struct slice slice = { buf_bytes(&a), 0 };

	first(&slice, &t, &entry);
	assert_true(entry.uid == (int64_t)1 << 32);
	assert_true(entry.gid == -5);
	assert_true(entry.mtime_s < 0);
}

/* Names are bytes, whatever the locale of the program. */
static void names_are_bytes_in_any_locale(void **state)
{
	static const char *const names[] = { "caf\xe9", "caf\xc3\xa9", "cafe\xcc\x81",
		"\xff\xfe", "euro\xe2\x82\xac" };
	static const char *const locales[] = { "C", "C.UTF-8" };

	(void)state;
	for (size_t l = 0; l < ARRAY_COUNT(locales); l++) {
		assert_non_null(setlocale(LC_ALL, locales[l]));
		for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
			auto_buf struct buf a = BUF_INIT(TEST_MAX);
			struct seen seen;
			struct err e = { 0 };

			tar_pax_str(&a, "path", names[i]);
			tar_file(&a, "x", "");
			tar_file(&a, names[i], "");
			tar_end(&a);
			if (walk(buf_bytes(&a), 0, true, &seen, &e) < 0)
				fail_msg("%s", e.text);
			assert_string_equal(seen.path[0], names[i]);
			assert_string_equal(seen.path[1], names[i]);
		}
	}
	setlocale(LC_ALL, "C");
}

static void link_targets_are_bytes_too(void **state)
{
	auto_buf struct buf a = BUF_INIT(TEST_MAX);
	auto_tar struct tar *t = NULL;
	struct tar_entry entry;

	(void)state;
	tar_pax_str(&a, "linkpath", "t\xe9\xcc\x81");
	tar_header(&a, '2', "link", "x", 0);
	tar_end(&a);

	struct slice slice = { buf_bytes(&a), 0 };

	first(&slice, &t, &entry);
	assert_int_equal(entry.type, TAR_SYMLINK);
	assert_string_equal(entry.link, "t\xe9\xcc\x81");
}

static const struct tar_xattr *find_xattr(const struct tar_entry *entry, const char *name)
{
	for (size_t i = 0; i < entry->xattr_count; i++)
		if (strcmp(entry->xattr[i].name, name) == 0)
			return &entry->xattr[i];
	return NULL;
}

static void xattrs_come_in_both_forms(void **state)
{
	static const unsigned char capability[] = { 1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0 };
	auto_buf struct buf a = BUF_INIT(TEST_MAX), records = BUF_INIT(TEST_MAX);
	auto_tar struct tar *t = NULL;
	struct tar_entry entry;
	const struct tar_xattr *x;

	(void)state;
	pax_record(&records, "SCHILY.xattr.security.capability", capability,
		sizeof(capability));
	pax_record(&records, "SCHILY.xattr.user.both", "same", 4);
	pax_record(&records, "LIBARCHIVE.xattr.user.both", "c2FtZQ", 6);
	pax_record(&records, "LIBARCHIVE.xattr.user.per%20cent", "dmFsdWU", 7);
	tar_pax(&a, 'x', buf_bytes(&records));
	tar_file(&a, "file", "");
	tar_end(&a);

	struct slice slice = { buf_bytes(&a), 0 };

	first(&slice, &t, &entry);
	assert_int_equal(entry.xattr_count, 3);
	assert_non_null(x = find_xattr(&entry, "security.capability"));
	assert_true(bytes_equal(
		bytes_of(x->value, x->len), bytes_of(capability, sizeof(capability))));
	assert_non_null(x = find_xattr(&entry, "user.both"));
	assert_true(bytes_equal_str(bytes_of(x->value, x->len), "same"));
	assert_non_null(x = find_xattr(&entry, "user.per cent"));
	assert_true(bytes_equal_str(bytes_of(x->value, x->len), "value"));
}

static void one_xattr_with_two_values_is_refused(void **state)
{
	auto_buf struct buf a = BUF_INIT(TEST_MAX), records = BUF_INIT(TEST_MAX);

	(void)state;
	pax_record(&records, "SCHILY.xattr.user.x", "one", 3);
	pax_record(&records, "LIBARCHIVE.xattr.user.x", "dHdv", 4);
	tar_pax(&a, 'x', buf_bytes(&records));
	tar_file(&a, "file", "");
	tar_end(&a);
	assert_refused(&a, "two values");
}

static void more_than_64_xattrs_are_flagged(void **state)
{
	(void)state;
	for (size_t count = 64; count <= 65; count++) {
		auto_buf struct buf a = BUF_INIT(TEST_MAX), records = BUF_INIT(TEST_MAX);
		auto_tar struct tar *t = NULL;
		struct tar_entry entry;

		for (size_t i = 0; i < count; i++) {
			auto_free char *key = xasprintf("SCHILY.xattr.user.n%zu", i);

			pax_record(&records, key, "v", 1);
		}
		tar_pax(&a, 'x', buf_bytes(&records));
		tar_file(&a, "file", "");
		tar_end(&a);

		struct slice slice = { buf_bytes(&a), 0 };

		first(&slice, &t, &entry);
		assert_int_equal(entry.xattr_count, 64);
		assert_int_equal(entry.too_many_xattrs, count > 64);
	}
}

static void holes_of_gnu_tars_read_as_zeros(void **state)
{
	static const char *const formats[] = { "--format=gnu", "--format=pax",
		"--format=pax --sparse-version=0.1",
		"--format=pax --sparse-version=0.0" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(formats); i++) {
		auto_free char *script =
			xasprintf("d=$(mktemp -d) && cd $d && truncate -s 3000000 f && "
				  "printf end >>f && "
				  "printf mid | dd of=f bs=1 seek=1000000 conv=notrunc "
				  "status=none && "
				  "tar -c -S %s -f a f && cat a; rm -rf $d",
				formats[i]);
		const char *const argv[] = { "sh", "-c", script, NULL };
		auto_buf struct buf a = BUF_INIT(TEST_MAX), content = BUF_INIT(TEST_MAX);
		auto_tar struct tar *t = NULL;
		struct tar_entry entry;
		struct err e = { 0 };

		assert_int_equal(judge(argv, (struct bytes){ 0 }, &a), 0);
		assert_true(a.len < 100000);

		struct slice slice = { buf_bytes(&a), 0 };

		first(&slice, &t, &entry);
		assert_string_equal(entry.path, "f");
		assert_int_equal(entry.type, TAR_FILE);
		assert_true(entry.sparse);
		assert_int_equal(entry.size, 3000003);
		if (read_all(t, &content, &e) < 0)
			fail_msg("%s", e.text);
		assert_int_equal(content.len, 3000003);
		assert_memory_equal(content.data + 1000000, "mid", 3);
		assert_memory_equal(content.data + 3000000, "end", 3);
		for (size_t k = 0; k < content.len; k++)
			if (content.data[k])
				assert_true(
					(k >= 1000000 && k < 1000003) || k >= 3000000);
		assert_int_equal(tar_next(t, &entry, &e), 0);
	}
}

static void gnu_tars_own_archives_are_accepted(void **state)
{
	static const char *const formats[] = { "gnu", "pax", "ustar", "oldgnu", "v7" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(formats); i++) {
		auto_free char *script = xasprintf(
			"d=$(mktemp -d) && cd $d && mkdir d && echo x >d/f && ln d/f d/h "
			"&& "
			"ln -s f d/s && tar -c --format=%s -f a d && cat a; rm -rf $d",
			formats[i]);
		const char *const argv[] = { "sh", "-c", script, NULL };
		auto_buf struct buf a = BUF_INIT(TEST_MAX);

		assert_int_equal(judge(argv, (struct bytes){ 0 }, &a), 0);
		assert_accepted(&a, 4);
	}
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(entries_come_with_type_names_and_numbers),
		T(unknown_types_are_seen_at_every_offset),
		T(contents_come_whole_or_are_skipped),
		T(end_mark_with_and_without_padding_is_an_end),
		T(long_names_come_in_pax_gnu_and_ustar_form),
		T(ids_come_in_64_bits),
		T(pax_ids_override_the_header),
		T(names_are_bytes_in_any_locale),
		T(link_targets_are_bytes_too),
		T(xattrs_come_in_both_forms),
		T(one_xattr_with_two_values_is_refused),
		T(more_than_64_xattrs_are_flagged),
		T(holes_of_gnu_tars_read_as_zeros),
		T(gnu_tars_own_archives_are_accepted),
	};

	return cmocka_run_group_tests_name("tar", tests, NULL, NULL);
}
