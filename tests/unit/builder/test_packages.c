#include "builder/packages.h"
#include "builder/rootfs.h"
#include "builder/stanza.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

static void put(const struct scratch *s, const char *path, const char *text)
{
	auto_fd int fd =
		openat(s->fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void make_dirs(const struct scratch *s)
{
	static const char *const dirs[] = { "usr", "usr/bin", "usr/lib", "etc", "dev",
		"tmp", "var", "var/lib", "var/lib/dpkg", "var/lib/dpkg/info" };

	for (size_t i = 0; i < ARRAY_COUNT(dirs); i++)
		assert_int_equal(mkdirat(s->fd, dirs[i], 0755), 0);
	assert_int_equal(symlinkat("usr/bin", s->fd, "bin"), 0);
}

#define STATUS                                                                           \
	"Package: zlib\nStatus: install ok installed\nVersion: 1:2-3\n"                  \
	"Architecture: amd64\nInstalled-Size: 3\nSource: zed (9)\n\n"                    \
	"Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n"                 \
	"Architecture: all\n\n"                                                          \
	"Package: half\nStatus: install ok half-installed\nVersion: 1\n"                 \
	"Architecture: all\n\n\n"                                                        \
	"Package: base\nStatus: install ok installed\nPriority: required\n"              \
	"Architecture: all\nVersion: 7\nDescription: x\n y\n .\n z\n\n"
/* Its name is before the others', its source behind. */
#define ALPHA                                                                            \
	"Package: alpha\nStatus: install ok installed\nVersion: 9\n"                     \
	"Architecture: all\nSource: zed\n\n"
#define YOUNG 4102444800
#define EPOCH 4000000000

static void make_database(const struct scratch *s, const char *status)
{
	make_dirs(s);
	put(s, "var/lib/dpkg/status", status);
	put(s, "var/lib/dpkg/info/zlib:amd64.list", "/.\n/usr\n/usr/lib\n/usr/lib/z\n");
	put(s, "var/lib/dpkg/info/base.list", "/.\n/bin\n/bin/sh\n/etc\n/etc/motd\n");
}

static void packages_are_those_installed(void **state)
{
	struct scratch *s = *state;
	auto_packages struct packages p;
	struct err e;

	make_database(s, STATUS);
	packages_init(&p);
	assert_int_equal(packages_read(s->fd, &p, &e), 0);
	assert_string_equal(p.kind, "dpkg");
	assert_int_equal(p.count, 2);
	assert_string_equal(p.item[0].name, "base");
	assert_string_equal(p.item[0].source, "base");
	assert_string_equal(p.item[0].source_version, "7");
	assert_string_equal(p.item[1].name, "zlib");
	assert_string_equal(p.item[1].source, "zed");
	assert_string_equal(p.item[1].source_version, "9");
	assert_int_equal(p.item[1].installed_size, 3072);
}

static void packages_own_paths_as_they_lie(void **state)
{
	struct scratch *s = *state;
	auto_packages struct packages p;
	struct err e;

	make_database(s, STATUS);
	packages_init(&p);
	assert_int_equal(packages_read(s->fd, &p, &e), 0);
	assert_int_equal(packages_owner(&p, "usr/bin/sh"), 0);
	assert_true(packages_owner(&p, "bin/sh") == PACKAGE_NONE);
	assert_int_equal(packages_owner(&p, "usr/lib/z"), 1);
	assert_true(packages_owner(&p, "etc/none") == PACKAGE_NONE);
}

static void packages_json_says_what_they_are(void **state)
{
	struct scratch *s = *state;
	auto_packages struct packages p;
	auto_buf struct buf out = BUF_INIT(65536);
	struct err e;

	make_database(s, STATUS);
	packages_init(&p);
	assert_int_equal(packages_read(s->fd, &p, &e), 0);
	assert_int_equal(packages_format(&p, &out, &e), 0);
	assert_string_equal(buf_str(&out),
		"{\"schema\":1,\"kind\":\"dpkg\",\"packages\":[{\"name\":\"base\","
		"\"version\":"
		"\"7\",\"arch\":\"all\",\"source\":\"base\",\"source_version\":\"7\","
		"\"section\":"
		"\"\",\"installed_size\":0},{\"name\":\"zlib\",\"version\":\"1:2-3\","
		"\"arch\":"
		"\"amd64\",\"source\":\"zed\",\"source_version\":\"9\",\"section\":\"\","
		"\"installed_size\":3072}]}\n");
}

static void packages_need_no_database(void **state)
{
	struct scratch *s = *state;
	auto_packages struct packages p;
	struct err e;

	packages_init(&p);
	assert_int_equal(packages_read(s->fd, &p, &e), 0);
	assert_int_equal(p.count, 0);
	assert_string_equal(p.kind, "");
}

static void fill_tree(const struct scratch *s)
{
	const struct timespec young[2] = { { .tv_sec = YOUNG }, { .tv_sec = YOUNG } };

	make_database(s, STATUS ALPHA);
	put(s, "var/lib/dpkg/info/alpha.list", "/.\n/usr/lib/a\n");
	put(s, "var/lib/dpkg/info/alpha.md5sums", "");
	put(s, "var/lib/dpkg/info/alpha.not.its", "");
	put(s, "usr/lib/a", "a");
	put(s, "usr/bin/sh", "sh");
	put(s, "usr/lib/z", "z");
	put(s, "etc/motd", "motd");
	put(s, "etc/aaa", "nobody's");
	put(s, "dev/left", "out");
	put(s, "tmp/left", "out");
	assert_int_equal(linkat(s->fd, "etc/aaa", s->fd, "etc/zzz", 0), 0);
	assert_int_equal(linkat(s->fd, "usr/lib/z", s->fd, "etc/0", 0), 0);
	assert_int_equal(utimensat(s->fd, "etc/motd", young, 0), 0);
	assert_int_equal(utimensat(s->fd, "etc/aaa", young, 0), 0);
}

/* Joins "type path" of every entry behind the directories. */
static void order_of(const struct rootfs *r, struct buf *out)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->entry[i].m.type != '5')
			buf_printf(out, "%c%s ", r->entry[i].m.type, r->entry[i].m.path);
}

static void rootfs_groups_files_by_source_and_package(void **state)
{
	struct scratch *s = *state;
	auto_packages struct packages p;
	auto_rootfs struct rootfs r;
	auto_buf struct buf order = BUF_INIT(4096);
	struct err e;

	fill_tree(s);
	packages_init(&p);
	rootfs_init(&r);
	assert_int_equal(packages_read(s->fd, &p, &e), 0);
	if (rootfs_scan(s->fd, &p, EPOCH, &r, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(r.entry[0].m.path, "");
	for (size_t i = 1; i < r.count && r.entry[i].m.type == '5'; i++)
		assert_true(strcmp(r.entry[i - 1].m.path, r.entry[i].m.path) < 0);
	order_of(&r, &order);
	assert_string_equal(buf_str(&order),
		"2bin 0usr/bin/sh 0var/lib/dpkg/info/base.list " /* base of base */
		"0usr/lib/a 0var/lib/dpkg/info/alpha.list "      /* alpha of zed */
		"0var/lib/dpkg/info/alpha.md5sums "
		"0usr/lib/z 0var/lib/dpkg/info/zlib:amd64.list " /* zlib of zed */
		"1etc/0 0var/lib/dpkg/info/alpha.not.its 0var/lib/dpkg/status "
		"0etc/motd 0etc/aaa 1etc/zzz "); /* younger than the epoch */
	for (size_t i = 0; i < r.count; i++)
		assert_true(r.entry[i].m.mtime_s <= EPOCH);
}

static void stanza_reads_fields(void **state)
{
	struct bytes text = bytes_of_str(
			     "\n\nA: one \nB:two\n more\n  yet\nc: 3\n\nA: next"),
		     stanza;

	(void)state;
	assert_true(stanza_next(&text, &stanza));
	assert_true(bytes_equal_str(stanza_get(stanza, "A"), "one"));
	assert_true(bytes_equal_str(stanza_get(stanza, "b"), "two"));
	assert_true(bytes_equal_str(stanza_get(stanza, "C"), "3"));
	assert_true(bytes_equal_str(stanza_get_lines(stanza, "B"), "two\n more\n  yet"));
	assert_null(stanza_get(stanza, "more").data);
	assert_true(stanza_next(&text, &stanza));
	assert_true(bytes_equal_str(stanza_get(stanza, "A"), "next"));
	assert_false(stanza_next(&text, &stanza));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(packages_are_those_installed),
		scratch_test(packages_own_paths_as_they_lie),
		scratch_test(packages_json_says_what_they_are),
		scratch_test(packages_need_no_database),
		scratch_test(rootfs_groups_files_by_source_and_package),
		cmocka_unit_test(stanza_reads_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
