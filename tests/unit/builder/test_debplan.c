#include "builder/debclosure.h"
#include "builder/debconfigure.h"
#include "builder/debfile.h"
#include "builder/debsolve.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#define SUM "00000000000000000000000000000000000000000000000000000000000000ff"

/* ---- plans as text */

static const char plan_text[] = "rootyard-plan 2\n"
				"package 0 0 1 10 " SUM " a 1:1 amd64 pool/a.deb\n"
				"call 0\n"
				"package 1 1 0 20 " SUM " b 2~x all pool/b.deb\n"
				"call 1\n";

static void plan_survives_its_text(void **state)
{
	auto_buf struct buf out = BUF_INIT(4096);
	auto_debplan struct debplan p = { 0 };
	struct err e;

	(void)state;
	assert_int_equal(debplan_parse(bytes_of_str(plan_text), &p, &e), 0);
	assert_int_equal(p.count, 2);
	assert_string_equal(p.package[0].version, "1:1");
	assert_true(p.package[1].is_auto);
	assert_true(p.begins[0]);
	assert_true(p.begins[1]);
	debplan_format(&p, &out);
	assert_string_equal(buf_str(&out), plan_text);
}

static void plan_that_is_not_whole_is_refused(void **state)
{
	static const char *const bad[] = { "", "rootyard-plan 1\n", "rootyard-plan 2\n",
		"rootyard-plan 2\npackage 0 0 0 10 " SUM " a 1 amd64 a.deb\n",
		"rootyard-plan 2\npackage 0 0 0 10 " SUM " a 1 amd64 a.deb\ncall 1\n",
		"rootyard-plan 2\npackage 0 0 0 10 " SUM
		" a 1 amd64 a.deb\nconfigure 0\n",
		"rootyard-plan 2\npackage 0 0 0 10 " SUM " a 1 amd64 a.deb x\ncall 0\n",
		"rootyard-plan 2\npackage 2 0 0 10 " SUM " a 1 amd64 a.deb\ncall 0\n",
		"rootyard-plan 2\npackage 0 0 0 0 " SUM " a 1 amd64 a.deb\ncall 0\n",
		"rootyard-plan 2\npackage 0 0 0 1 zz a 1 amd64 a.deb\ncall 0\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		auto_debplan struct debplan p = { 0 };
		struct err e;

		assert_int_equal(debplan_parse(bytes_of_str(bad[i]), &p, &e), -1);
	}
}

static void index_entry_must_name_a_file_below(void **state)
{
	auto_debplan struct debplan p = { 0 };
	struct debplan_package *x;
	struct err e;

	(void)state;
	assert_int_equal(debplan_add(&p, &x, &e), 0);
	assert_int_equal(debplan_take(&p, x,
				 bytes_of_str("Filename: pool/a b.deb\nSize: 1\n"
					      "SHA256: " SUM "\n"),
				 0, &e),
		-1);
	assert_int_equal(debplan_take(&p, x,
				 bytes_of_str("Filename: ../a.deb\nSize: 1\n"
					      "SHA256: " SUM "\n"),
				 0, &e),
		-1);
	assert_int_equal(debplan_take(&p, x,
				 bytes_of_str("Filename: pool/a.deb\nSize: 1\n"
					      "SHA256: " SUM "\n"),
				 0, &e),
		0);
}

/* ---- what may be needed */

static void closure_follows_names_and_provides(void **state)
{
	static const char *const none[] = { NULL }, *const wanted[] = { "w", NULL };
	auto_buf struct buf out = BUF_INIT(65536);
	struct buf *outs[] = { &out };
	struct debclosure c = { .count = 1, .priority = none, .wanted = wanted };
	struct err e;

	(void)state;
	c.text[0] = bytes_of_str(
		"Package: base\nEssential: yes\nDepends: libc (>= 2)\n\n"
		"Package: libc\n\n"
		"Package: w\nDepends: x (>= 1) | virtual:any,\n y [amd64]\n\n"
		"Package: x\nRecommends: unneeded\n\n"
		"Package: p\nProvides: other, virtual (= 1)\n\n"
		"Package: y\n\n"
		"Package: unneeded");
	assert_int_equal(debclosure_run(&c, outs, &e), 0);
	assert_non_null(strstr(buf_str(&out), "Package: libc\n"));
	assert_non_null(strstr(buf_str(&out), "Package: p\n"));
	assert_non_null(strstr(buf_str(&out), "Package: y\n"));
	assert_null(strstr(buf_str(&out), "Package: unneeded"));
}

/* ---- what apt says */

static void simulation_becomes_a_plan(void **state)
{
	static const char text[] =
		"The following additional packages will be installed:\n  b\n"
		"The following NEW packages will be installed:\n  a b c\n"
		"Inst b (1:2 Debian:13/stable [all])\nInst a (1 Debian:13/stable "
		"[amd64]) []\n"
		"Conf b (1:2 Debian:13/stable [all])\nConf a (1 Debian [amd64])\n"
		"Inst c (3 Debian [amd64])\nConf c (3 Debian [amd64])\n";
	auto_buf struct buf script = BUF_INIT(65536);
	auto_debplan struct debplan p = { 0 };
	char reason[REASON_MAX];
	struct err e;

	(void)state;
	assert_int_equal(debsolve_parse(text, 1, &p, reason, &e), 0);
	assert_int_equal(p.count, 3);
	assert_string_equal(p.package[0].version, "1:2");
	assert_string_equal(p.package[1].arch, "amd64");
	assert_true(p.package[0].is_auto);
	assert_false(p.package[1].is_auto);
	assert_int_equal(p.package[2].after, 2);
	debconfigure_script(&p, 1, &script);
	assert_non_null(strstr(buf_str(&script),
		"\npreinst b all\npreinst a amd64\n"
		"dpkg --force-unsafe-io --no-triggers --configure b a\n"
		"preinst c amd64\n\ndiverted\n"
		"dpkg --force-unsafe-io --configure --pending\n"));
}

static void what_a_new_tree_never_needs_is_not_modelled(void **state)
{
	static const char *const texts[] = { "Remv a [1]\n", "Inst a:i386 (1 D [i386])\n",
		"Conf a (1 D [amd64])\n",
		"Inst a (1 D [amd64])\nInst a (1 D [amd64])\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		auto_debplan struct debplan p = { 0 };
		char reason[REASON_MAX] = "";
		struct err e;

		assert_int_equal(debsolve_parse(texts[i], 1, &p, reason, &e), 1);
		assert_true(*reason);
	}
}

/* ---- a package's parts */

#define MEMBER(name, size) name "1700000000  0     0     100644  " size "`\n"

static int file_of(const struct scratch *s, const char *text)
{
	int fd = openat(s->fd, "x.deb", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void member_is_found_and_read_to_its_end(void **state)
{
	auto_fd int fd =
		file_of(*state, "!<arch>\n" MEMBER("debian-binary   ",
					"4         ") "2.0\n" MEMBER("control.tar.xz  ",
					"3         ") "abc\n" MEMBER("data.tar        ",
					"2         ") "de");
	struct debfile_part part;
	struct reader in;
	char text[16];
	struct err e;

	assert_int_equal(debfile_open(fd, "x.deb", "control.tar", &part, &e), 0);
	in = debfile_reader(&part);
	assert_int_equal(reader_read(&in, text, sizeof(text), &e), 3);
	assert_memory_equal(text, "abc", 3);
	assert_int_equal(reader_read(&in, text, sizeof(text), &e), 0);
	assert_int_equal(debfile_open(fd, "x.deb", "data.tar", &part, &e), 0);
}

static void what_is_no_package_is_refused(void **state)
{
	static const char *const bad[] = { "", "!<arch>\n",
		"!<arch>\n" MEMBER("debian-binary   ", "4         ") "3.0\n",
		"!<arch>\n" MEMBER("data.tar        ", "2         ") "de" };

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		auto_fd int fd = file_of(*state, bad[i]);
		struct debfile_part part;
		struct err e;

		assert_int_equal(debfile_open(fd, "x.deb", "data.tar", &part, &e), -1);
		assert_int_equal(e.code, ERR_UPSTREAM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan_survives_its_text),
		cmocka_unit_test(plan_that_is_not_whole_is_refused),
		cmocka_unit_test(index_entry_must_name_a_file_below),
		cmocka_unit_test(closure_follows_names_and_provides),
		cmocka_unit_test(simulation_becomes_a_plan),
		cmocka_unit_test(what_a_new_tree_never_needs_is_not_modelled),
		scratch_test(member_is_found_and_read_to_its_end),
		scratch_test(what_is_no_package_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
