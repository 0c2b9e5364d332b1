#include "client/image/compare.h"
#include "tests/unit/unit.h"

static struct tar_entry entry_in_tar(void)
{
	return (struct tar_entry){
		.type = TAR_FILE,
		.path = "./etc/hosts",
		.link = "",
		.mode = 0644,
		.uid = 1,
		.gid = 2,
		.mtime_s = 3,
		.size = 4,
		.xattr = { { "user.a", "v", 1 } },
		.xattr_count = 1,
	};
}

static const struct manifest_xattr attribute = {
	.name = "user.a", .value = (const unsigned char *)"v", .len = 1
};

static struct manifest_entry entry_in_manifest(void)
{
	return (struct manifest_entry){
		.type = '0',
		.path = "etc/hosts",
		.link = "",
		.mode = 0644,
		.uid = 1,
		.gid = 2,
		.mtime_s = 3,
		.size = 4,
		.xattr = &attribute,
		.xattr_count = 1,
	};
}

static void compare_takes_what_is_equal(void **state)
{
	struct tar_entry t = entry_in_tar();
	struct manifest_entry m = entry_in_manifest();
	struct err e;

	(void)state;
	assert_int_equal(compare_entry(&m, &t, &e), 0);
}

static void refuses(const struct tar_entry *t, const char *says)
{
	struct manifest_entry m = entry_in_manifest();
	struct err e;

	assert_int_equal(compare_entry(&m, t, &e), -1);
	assert_int_equal(e.code, ERR_UNTRUSTED);
	if (!strstr(e.text, says))
		fail_msg("'%s' does not say '%s'", e.text, says);
}

static void compare_names_each_fact_that_differs(void **state)
{
	struct tar_entry t;

	(void)state;
#define CHANGED(change, says)                                                            \
	do {                                                                             \
		t = entry_in_tar();                                                      \
		change;                                                                  \
		refuses(&t, says);                                                       \
	} while (0)
	CHANGED(t.path = "./etc/host", "stands where the manifest says 'etc/hosts'");
	CHANGED(t.mode = 04644, "mode");
	CHANGED(t.uid = 0, "owner");
	CHANGED(t.gid = 0, "group");
	CHANGED(t.mtime_s = 4, "time");
	CHANGED(t.size = 5, "size");
	CHANGED((t.type = TAR_FIFO, t.size = 0), "type");
	CHANGED(t.xattr_count = 0, "number of attributes");
	CHANGED(t.xattr[0].value = "w", "attribute 'user.a'");
	CHANGED(t.xattr[0].name = "user.b", "attribute 'user.a'");
}

static void compare_reads_links(void **state)
{
	struct tar_entry t = entry_in_tar();
	struct manifest_entry m = entry_in_manifest();
	struct err e;

	(void)state;
	t.type = TAR_SYMLINK;
	m.type = '2';
	t.size = 0;
	m.size = 0;
	t.link = "a";
	m.link = "b";
	assert_int_equal(compare_entry(&m, &t, &e), -1);
	assert_non_null(strstr(e.text, "links to 'a'"));
	m.link = "a";
	assert_int_equal(compare_entry(&m, &t, &e), 0);
}

static void compare_reads_content(void **state)
{
	struct manifest_entry m = entry_in_manifest();
	struct digest other = { .byte = { 1 } };
	struct err e;

	(void)state;
	assert_int_equal(compare_content(&m, &m.sha256, &e), 0);
	assert_int_equal(compare_content(&m, &other, &e), -1);
	assert_int_equal(e.code, ERR_UNTRUSTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compare_takes_what_is_equal),
		cmocka_unit_test(compare_names_each_fact_that_differs),
		cmocka_unit_test(compare_reads_links),
		cmocka_unit_test(compare_reads_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
