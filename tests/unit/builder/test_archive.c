#include "builder/archive.h"
#include "builder/gpgv.h"
#include "builder/inrelease.h"
#include "builder/mirror.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#define MEMBER(name, time, size) name time "0     0     100644  " size "`\n"

static int archive_of(const struct scratch *s, const char *text)
{
	int fd = openat(s->fd, "x.deb", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void deb_time_is_its_newest_member(void **state)
{
	auto_fd int fd = archive_of(*state,
		"!<arch>\n" MEMBER("debian-binary   ", "1700000000  ",
			"4         ") "2.0\n" MEMBER("control.tar.xz  ", "1700000500  ",
			"3         ") "abc\n" MEMBER("data.tar.xz     ", "1700000100  ",
			"2         ") "ab");
	int64_t newest;
	struct err e;

	assert_int_equal(archive_deb_time(fd, "x.deb", &newest, &e), 0);
	assert_int_equal(newest, 1700000500);
}

static void deb_time_wants_a_package(void **state)
{
	auto_fd int fd = archive_of(*state, "<html>not found</html>");
	int64_t newest;
	struct err e;

	assert_int_equal(archive_deb_time(fd, "x.deb", &newest, &e), -1);
	assert_int_equal(e.code, ERR_UPSTREAM);
}

#define BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
#define END   "-----END PGP PUBLIC KEY BLOCK-----\n"

static void armour_comes_off(void **state)
{
	auto_buf struct buf out = BUF_INIT(4096);
	struct err e;

	(void)state;
	assert_int_equal(
		archive_dearmor("noise\n" BEGIN "Comment: x\n\nYWJj\nZGVm\n=abcd\n" END
				"\n" BEGIN "\nZw==\n" END,
			&out, &e),
		0);
	assert_string_equal(buf_str(&out), "abcdefg");
}

static void armour_must_be_whole(void **state)
{
	static const char *const bad[] = { "", "0xDEADBEEF", BEGIN "\nYWJj\n",
		BEGIN "YWJj\n" END, BEGIN "\nYW?j\n" END };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		auto_buf struct buf out = BUF_INIT(4096);

		if (archive_dearmor(bad[i], &out, &e) == 0)
			fail_msg("'%s' was taken", bad[i]);
	}
}

static void mirror_is_picked_by_its_last_component(void **state)
{
	auto_arena struct arena a = { 0 };
	static const char uris[] =
		"https://x/node_20.x/\nhttp://m/debian-security/\n"
		"file:/srv/debian\nhttp://m/debian/\nhttp://n/debian\n";

	(void)state;
	assert_string_equal(mirror_pick(uris, "debian", &a), "http://m/debian");
	assert_string_equal(
		mirror_pick(uris, "debian-security", &a), "http://m/debian-security");
	assert_null(mirror_pick(uris, "ubuntu", &a));
	assert_null(mirror_pick("", "debian", &a));
}

#define PRIMARY "0123456789ABCDEF0123456789ABCDEF01234567"
#define VALID   "[GNUPG:] VALIDSIG AAAA 2026-01-01 1 0 4 0 1 8 01 " PRIMARY "\n"
#define GOOD    "[GNUPG:] GOODSIG 01 a name\n"
#define NEW     "[GNUPG:] NEWSIG\n"

static void signer_is_the_primary_of_a_good_signature(void **state)
{
	static const char *const good[] = { NEW GOOD VALID,
		NEW
		"[GNUPG:] ERRSIG 01 1 8 01 1 9 -\n[GNUPG:] NO_PUBKEY 01\n" NEW GOOD VALID,
		NEW "[GNUPG:] EXPKEYSIG 01 x\n" VALID NEW GOOD VALID };
	char fpr[FPR_MAX];
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		assert_int_equal(gpgv_judge(good[i], "x", fpr, &e), 0);
		assert_string_equal(fpr, PRIMARY);
	}
}

static void signer_must_be_good(void **state)
{
	static const char *const bad[] = { "", GOOD, VALID,
		NEW "[GNUPG:] EXPKEYSIG 01 x\n" VALID,
		NEW "[GNUPG:] REVKEYSIG 01 x\n" VALID, NEW "[GNUPG:] EXPSIG 01 x\n" VALID,
		NEW "[GNUPG:] BADSIG 01 x\n", NEW GOOD VALID NEW "[GNUPG:] BADSIG 01 x\n",
		NEW GOOD NEW VALID, NEW GOOD "[GNUPG:] VALIDSIG AAAA short\n",
		"[GNUPG:] NOTATION x\n" VALID };
	char fpr[FPR_MAX];
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		if (gpgv_judge(bad[i], "x", fpr, &e) == 0)
			fail_msg("'%s' was taken", bad[i]);
}

static void refusal_names_reason_and_key(void **state)
{
	static const struct {
		const char *status, *said;
	} table[] = {
		{ NEW "[GNUPG:] EXPKEYSIG 0123456789ABCDEF x\n" VALID,
			"'x' is signed by a key that has expired (0123456789ABCDEF)" },
		{ NEW "[GNUPG:] ERRSIG 0123456789ABCDEF 1 8 01 1 9 -\n",
			"'x' is signed by a key that is none of the recipe's "
			"(0123456789ABCDEF)" },
		{ NEW GOOD VALID NEW "[GNUPG:] BADSIG 0123456789ABCDEF x\n",
			"'x' has a bad signature: it was changed, or the signature was "
			"(0123456789ABCDEF)" },
		{ "[GNUPG:] NODATA 4\n", "'x' carries no signature" },
	};
	char fpr[FPR_MAX];
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		assert_int_equal(gpgv_judge(table[i].status, "x", fpr, &e), -1);
		assert_int_equal(e.code, ERR_UNTRUSTED);
		assert_string_equal(e.text, table[i].said);
	}
}

static const char release_text[] =
	"Origin: x\nValid-Until: Thu, 01 Jan 1970 00:10:00 UTC\nMD5Sum:\n a 1 main/P\n"
	"SHA256:\n 00000000000000000000000000000000000000000000000000000000000000ff   12 "
	"main/P\n"
	" 00000000000000000000000000000000000000000000000000000000000000ee 12 "
	"main/P.xz\n";

static void index_names_files_by_digest(void **state)
{
	struct bytes text = bytes_of_str(release_text);
	struct digest d;

	(void)state;
	assert_true(inrelease_lists(text, "main/P", &d));
	assert_int_equal(d.byte[31], 0xff);
	assert_true(inrelease_lists(text, "main/P.xz", &d));
	assert_int_equal(d.byte[31], 0xee);
	assert_false(inrelease_lists(text, "main/", &d));
	assert_false(inrelease_lists(bytes_of_str("SHA256: x\n"), "main/P", &d));
}

static void index_expires_behind_its_grace(void **state)
{
	struct bytes text = bytes_of_str(release_text);
	struct err e;

	(void)state;
	assert_int_equal(inrelease_is_fresh(text, "x", 600, 0, &e), 0);
	assert_int_equal(inrelease_is_fresh(text, "x", 601, 0, &e), -1);
	assert_int_equal(e.code, ERR_UPSTREAM);
	assert_int_equal(inrelease_is_fresh(text, "x", 601, 60, &e), 0);
	assert_int_equal(inrelease_is_fresh(bytes_of_str("A: b\n"), "x", 601, 0, &e), 0);
	assert_int_equal(
		inrelease_is_fresh(bytes_of_str("Valid-Until: soon\n"), "x", 0, 0, &e),
		-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(deb_time_is_its_newest_member),
		scratch_test(deb_time_wants_a_package),
		cmocka_unit_test(armour_comes_off),
		cmocka_unit_test(armour_must_be_whole),
		cmocka_unit_test(signer_is_the_primary_of_a_good_signature),
		cmocka_unit_test(signer_must_be_good),
		cmocka_unit_test(refusal_names_reason_and_key),
		cmocka_unit_test(index_names_files_by_digest),
		cmocka_unit_test(index_expires_behind_its_grace),
		cmocka_unit_test(mirror_is_picked_by_its_last_component),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
