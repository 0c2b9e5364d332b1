/* Signatures over real GnuPG fixtures, made fresh by gpg-fixtures.sh. */
#include "lib/adapt/verify.h"

#include "lib/base/fs.h"
#include "lib/base/spawn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/inotify.h>
#include <time.h>

#define MAX_FILE ((size_t)1 << 20)

struct fixture {
	int dir_fd;
	char name[64];
	struct verifier *v; /* knows all keys but `unknown` */
	int64_t now_s;
};

static char *slurp(const struct fixture *f, const char *name, size_t *len)
{
	struct buf b = BUF_INIT(MAX_FILE);
	struct err e;

	if (fs_read_at(f->dir_fd, name, &b, &e) < 0)
		fail_msg("%s", e.text);
	*len = b.len;
	return buf_steal_str(&b);
}

static char *fingerprint(const struct fixture *f, const char *key)
{
	auto_free char *name = xasprintf("%s.fpr", key);
	size_t len;
	char *text = slurp(f, name, &len);

	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void open_verifier(const struct fixture *f, const char *const *names, size_t count,
	struct verifier **out)
{
	struct bytes keys[8];
	char *text[8];
	struct err e;

	for (size_t i = 0; i < count; i++) {
		auto_free char *name = xasprintf("%s.key", names[i]);
		size_t len;

		text[i] = slurp(f, name, &len);
		keys[i] = bytes_of(text[i], len);
	}
	if (verifier_open(keys, count, out, &e) < 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < count; i++)
		free(text[i]);
}

static int setup(void **state)
{
	static const char *const names[] = { "pinned", "second", "revoked", "expired",
		"subkeyed", "misused" };
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct err e;
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	unsetenv("XDG_RUNTIME_DIR");
	if (fs_mkdtemp_at(tmp, "ry-fixtures", f->name, sizeof(f->name), &e) < 0)
		fail_msg("%s", e.text);
	f->dir_fd = openat(tmp, f->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(tmp);

	auto_free char *dir = xasprintf("/tmp/%s", f->name);
	const char *const argv[] = { "sh", "tests/unit/adapt/gpg-fixtures.sh", dir,
		NULL };
	struct spawn s = SPAWN_INIT;

	s.argv = argv;
	s.stderr_fd = 2;
	if (spawn_run(&s, &e) < 0)
		fail_msg("%s", e.text);
	f->now_s = time(NULL);
	open_verifier(f, names, ARRAY_COUNT(names), &f->v);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	struct err e;
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	verifier_close(&f->v);
	if (fs_remove_tree(tmp, f->name, &e) < 0)
		fail_msg("%s", e.text);
	close(tmp);
	close(f->dir_fd);
	free(f);
	return 0;
}

/* Verifies file SIG over `data` for a role of these keys. */
static int check(const struct fixture *f, const char *sig, const char *const *keys,
	size_t count, unsigned int threshold, struct err *e)
{
	char *fprs[4];
	size_t data_len, sig_len;
	auto_free char *data = slurp(f, "data", &data_len);
	auto_free char *signature = slurp(f, sig, &sig_len);

	for (size_t i = 0; i < count; i++)
		fprs[i] = fingerprint(f, keys[i]);

	struct verify_role role = { (const char *const *)fprs, count, threshold };
	int r = verify_detached(f->v, &role, bytes_of(data, data_len),
		bytes_of(signature, sig_len), f->now_s, e);

	for (size_t i = 0; i < count; i++)
		free(fprs[i]);
	return r;
}

struct verdict {
	const char *sig, *key;
	const char *refusal; /* NULL: accepted; else what the sentence says */
};

/* security chapter, section 5 */
static const struct verdict verdicts[] = {
	{ "good.sig", "pinned", NULL },
	{ "good.asc", "pinned", NULL },
	{ "again.sig", "pinned", NULL },
	{ "subkey.sig", "subkeyed", NULL },
	{ "unknown-good.sig", "pinned", NULL },
	{ "good-unknown.sig", "pinned", NULL },
	{ "both.sig", "pinned", NULL },
	{ "both.sig", "second", NULL },
	{ "second.sig", "pinned", "not trusted for this" },
	{ "unknown.sig", "pinned", "unknown key" },
	{ "unknown.sig", "unknown", "unknown key" },
	{ "other-data.sig", "pinned", "is bad" },
	{ "expired.sig", "expired", "expired key" },
	{ "revoked.sig", "revoked", "revoked key" },
	{ "sig-expired.sig", "pinned", "has expired" },
	{ "good-bad.sig", "pinned", "is bad" },
	{ "bad-good.sig", "pinned", "is bad" },
	{ "inline.sig", "pinned", "signature" },
	{ "inline-other.sig", "pinned", "signature" },
	{ "clear.sig", "pinned", "signature" },
	{ "clear-other.sig", "pinned", "signature" },
	{ "empty.sig", "pinned", "empty" },
	{ "text.sig", "pinned", "signature" },
	{ "pinned.key", "pinned", "signature" },
	{ "sha1.sig", "pinned", "weak digest SHA1" },
	{ "future.sig", "pinned", "future" },
	{ "misused.sig", "misused", "Wrong key usage" },
};

static void detached_signatures_are_judged_as_the_table_says(void **state)
{
	const struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_COUNT(verdicts); i++) {
		const struct verdict *want = &verdicts[i];
		struct err e = { 0 };
		int r = check(f, want->sig, &want->key, 1, 1, &e);

		if ((r == 0) != !want->refusal)
			fail_msg("%s for %s: %s", want->sig, want->key,
				r ? e.text : "accepted");
		if (r == 0)
			continue;
		assert_int_equal(e.code, ERR_UNTRUSTED);
		assert_non_null(strstr(e.text, want->refusal));
	}
}

static void threshold_counts_distinct_primary_keys(void **state)
{
	static const char *const keys[] = { "pinned", "second" };
	static const char *const listed_twice[] = { "pinned", "pinned" };
	const struct fixture *f = *state;
	struct err e = { 0 };

	assert_int_equal(check(f, "both.sig", keys, 2, 2, &e), 0);
	assert_int_equal(check(f, "good.sig", keys, 2, 2, &e), -1);
	assert_int_equal(e.code, ERR_UNTRUSTED);
	assert_int_equal(check(f, "twice.sig", keys, 2, 2, &e), -1);
	assert_non_null(strstr(e.text, "1 of 2"));
	assert_int_equal(check(f, "twice.sig", listed_twice, 2, 2, &e), -1);
	assert_int_equal(check(f, "good.sig", keys, 2, 0, &e), -1);
	assert_int_equal(check(f, "good.sig", keys, 2, 3, &e), -1);
}

/* Separate signatures over `data`, for threshold 2 of pinned and second. */
static int check_all(
	const struct fixture *f, const char *first, const char *second, struct err *e)
{
	auto_free char *pinned = fingerprint(f, "pinned");
	auto_free char *other = fingerprint(f, "second");
	const char *const fprs[] = { pinned, other };
	const struct verify_role role = { fprs, 2, 2 };
	size_t data_len, len[2];
	auto_free char *data = slurp(f, "data", &data_len);
	auto_free char *a = slurp(f, first, &len[0]);
	auto_free char *b = slurp(f, second, &len[1]);
	const struct bytes sigs[] = { bytes_of(a, len[0]), bytes_of(b, len[1]) };

	return verify_detached_all(
		f->v, &role, bytes_of(data, data_len), sigs, 2, f->now_s, e);
}

static void separate_signatures_add_up(void **state)
{
	const struct fixture *f = *state;
	struct err e = { 0 };

	assert_int_equal(check_all(f, "good.sig", "second.sig", &e), 0);
	assert_int_equal(check_all(f, "second.sig", "good.asc", &e), 0);
	assert_int_equal(check_all(f, "good.sig", "again.sig", &e), -1);
	assert_int_equal(check_all(f, "good.sig", "unknown.sig", &e), -1);
	assert_int_equal(check_all(f, "both.sig", "unknown.sig", &e), 0);
	assert_int_equal(check_all(f, "both.sig", "other-data.sig", &e), -1);
	assert_int_equal(check_all(f, "other-data.sig", "both.sig", &e), -1);
	assert_int_equal(check_all(f, "both.sig", "empty.sig", &e), -1);
	assert_int_equal(e.code, ERR_UNTRUSTED);
}

static void no_signature_at_all_is_refused(void **state)
{
	const struct fixture *f = *state;
	auto_free char *pinned = fingerprint(f, "pinned");
	const char *const fprs[] = { pinned };
	const struct verify_role role = { fprs, 1, 1 };
	struct bytes none = { 0 };
	struct err e = { 0 };

	assert_int_equal(
		verify_detached_all(f->v, &role, none, &none, 0, f->now_s, &e), -1);
	assert_int_equal(e.code, ERR_UNTRUSTED);
}

static void signature_over_64_kib_is_refused(void **state)
{
	const struct fixture *f = *state;
	auto_free char *pinned = fingerprint(f, "pinned");
	const char *const fprs[] = { pinned };
	const struct verify_role role = { fprs, 1, 1 };
	auto_free char *big = xcalloc(1, SIGNATURE_MAX + 1);
	struct err e = { 0 };

	assert_int_equal(verify_detached(f->v, &role, bytes_of("", 0),
				 bytes_of(big, SIGNATURE_MAX + 1), f->now_s, &e),
		-1);
	assert_int_equal(e.code, ERR_UNTRUSTED);
}

static void descriptor_is_read_from_its_start(void **state)
{
	const struct fixture *f = *state;
	auto_free char *pinned = fingerprint(f, "pinned");
	const char *const fprs[] = { pinned };
	const struct verify_role role = { fprs, 1, 1 };
	size_t len;
	auto_free char *sig = slurp(f, "good.sig", &len);
	auto_fd int data = openat(f->dir_fd, "data", O_RDONLY | O_CLOEXEC);
	auto_fd int other = openat(f->dir_fd, "other", O_RDONLY | O_CLOEXEC);
	struct err e = { 0 };

	assert_int_equal(lseek(data, 5, SEEK_SET), 5);
	assert_int_equal(
		verify_detached_fd(f->v, &role, data, bytes_of(sig, len), f->now_s, &e),
		0);
	assert_int_equal(lseek(data, 0, SEEK_CUR), 0);
	assert_int_equal(
		verify_detached_fd(f->v, &role, other, bytes_of(sig, len), f->now_s, &e),
		-1);
	assert_int_equal(e.code, ERR_UNTRUSTED);
}

static void large_file_is_verified_through_its_descriptor(void **state)
{
	const struct fixture *f = *state;
	auto_free char *pinned = fingerprint(f, "pinned");
	const char *const fprs[] = { pinned };
	const struct verify_role role = { fprs, 1, 1 };
	size_t len;
	auto_free char *sig = slurp(f, "good.sig", &len);
	auto_fd int big = openat(f->dir_fd, "big", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct err e = { 0 };

	assert_int_equal(ftruncate(big, 64 << 20), 0);
	assert_int_equal(
		verify_detached_fd(f->v, &role, big, bytes_of(sig, len), f->now_s, &e),
		-1);
	assert_non_null(strstr(e.text, "is bad"));
}

static void notation_is_that_of_the_accepted_signature(void **state)
{
	static const char *const pinned = "pinned", *const second = "second";
	const struct fixture *f = *state;
	auto_free char *fpr = fingerprint(f, "pinned");
	struct err e = { 0 };

	assert_int_equal(check(f, "notation.sig", &pinned, 1, 1, &e), 0);
	assert_string_equal(verify_notation(f->v), "images/x/rootfs.tar.xz");
	assert_string_equal(verify_signer(f->v), fpr);
	assert_int_equal(check(f, "notation.sig", &second, 1, 1, &e), -1);
	assert_string_equal(verify_notation(f->v), "");
	assert_string_equal(verify_signer(f->v), "");
	assert_int_equal(check(f, "good.sig", &pinned, 1, 1, &e), 0);
	assert_string_equal(verify_notation(f->v), "");
}

static void fingerprint_is_of_the_only_key(void **state)
{
	static const struct {
		const char *file, *key;
	} cases[] = {
		{ "pinned.key", "pinned" },
		{ "subkeyed.key", "subkeyed" },
		{ "revoked.key", "revoked" },
		{ "expired.key", "expired" },
		{ "two.key", NULL },
		{ "binary.key", NULL },
		{ "secret.key", NULL },
		{ "good.asc", NULL },
		{ "text.sig", NULL },
		{ "empty.sig", NULL },
	};
	const struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		size_t len;
		auto_free char *key = slurp(f, cases[i].file, &len);
		char fpr[FPR_MAX] = "";
		struct err e = { 0 };
		int r = verify_key_fingerprint(bytes_of(key, len), fpr, &e);

		if ((r == 0) != !!cases[i].key)
			fail_msg("%s: %s", cases[i].file, r ? e.text : fpr);
		if (r == 0) {
			auto_free char *want = fingerprint(f, cases[i].key);

			assert_string_equal(fpr, want);
		} else {
			assert_int_equal(e.code, ERR_PARSE);
		}
	}
}

static void key_block_hides_no_secret_key(void **state)
{
	const struct fixture *f = *state;
	size_t public_len, secret_len;
	auto_free char *public = slurp(f, "pinned.key", &public_len);
	auto_free char *secret = slurp(f, "secret.key", &secret_len);
	auto_free char *both = xasprintf("%s%s", public, secret);
	struct bytes key = bytes_of_str(both);
	struct verifier *v = NULL;
	struct err e = { 0 };

	assert_int_equal(verifier_open(&key, 1, &v, &e), -1);
	assert_int_equal(e.code, ERR_PARSE);
	assert_null(v);
}

static void too_large_or_too_many_keys_are_refused(void **state)
{
	const struct fixture *f = *state;
	size_t len;
	auto_free char *key = slurp(f, "pinned.key", &len);
	auto_free char *big = xcalloc(1, VERIFY_KEY_MAX + 1);
	struct bytes keys[65], large = bytes_of(big, VERIFY_KEY_MAX + 1);
	struct verifier *v = NULL;
	struct err e = { 0 };

	memcpy(big, key, len);
	for (size_t i = 0; i < 65; i++)
		keys[i] = bytes_of(key, len);
	assert_int_equal(verifier_open(keys, 65, &v, &e), -1);
	assert_int_equal(verifier_open(keys, 0, &v, &e), -1);
	assert_int_equal(verifier_open(&large, 1, &v, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_int_equal(verifier_open(keys, 64, &v, &e), 0);
	verifier_close(&v);
}

static void put(const char *dir, const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* A user's own keyring would show any open in its directory. */
static void own_keyring_is_not_opened_and_nothing_is_left(void **state)
{
	static const char *const names[] = { "pinned" };
	const struct fixture *f = *state;
	struct fixture own = *f;
	auto_free char *base = xasprintf("/tmp/%s/scratch", f->name);
	auto_free char *gnupg = xasprintf("/tmp/%s/home/.gnupg", f->name);
	auto_free char *home = xasprintf("/tmp/%s/home", f->name);
	auto_names struct fs_names left = { 0 };
	char event[4096];
	struct err e = { 0 };
	int watch;

	assert_int_equal(mkdir(base, 0700), 0);
	assert_int_equal(mkdir(home, 0700), 0);
	assert_int_equal(mkdir(gnupg, 0700), 0);
	put(gnupg, "gpg.conf", "no-such-option\n");
	put(gnupg, "gpgsm.conf", "no-such-option\n");
	put(gnupg, "pubring.kbx", "");
	setenv("HOME", home, 1);
	setenv("TMPDIR", base, 1);
	watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	assert_true(inotify_add_watch(watch, gnupg, IN_ALL_EVENTS) >= 0);

	open_verifier(f, names, 1, &own.v);
	assert_int_equal(check(&own, "good.sig", names, 1, 1, &e), 0);
	assert_int_equal(check(&own, "other-data.sig", names, 1, 1, &e), -1);
	verifier_close(&own.v);

	assert_int_equal(read(watch, event, sizeof(event)), -1);
	assert_int_equal(errno, EAGAIN);
	close(watch);
	assert_int_equal(fs_list_dir(f->dir_fd, "scratch", &left, &e), 0);
	assert_int_equal(left.count, 0);
	unsetenv("TMPDIR");
}

/* A verifier that was killed leaves its home, and the next one takes it away; not that of
 * a living one. */
static void home_of_a_killed_process_goes_with_the_next(void **state)
{
	static const char *const names[] = { "pinned" };
	const struct fixture *f = *state;
	auto_free char *base = xasprintf("/tmp/%s/sweep", f->name);
	struct verifier *living = NULL, *next = NULL;
	auto_names struct fs_names during = { 0 }, after = { 0 };
	struct err e = { 0 };
	int status;
	pid_t pid;

	assert_int_equal(mkdir(base, 0700), 0);
	setenv("TMPDIR", base, 1);
	pid = fork();
	if (pid == 0) {
		struct verifier *v;

		open_verifier(f, names, 1, &v);
		raise(SIGKILL);
	}
	assert_int_equal(spawn_wait(pid, &status, &e), 0);
	assert_int_equal(status, 128 + SIGKILL);
	assert_int_equal(fs_list_dir(f->dir_fd, "sweep", &during, &e), 0);
	assert_int_equal(during.count, 1);
	open_verifier(f, names, 1, &living);
	open_verifier(f, names, 1, &next);
	assert_int_equal(fs_list_dir(f->dir_fd, "sweep", &after, &e), 0);
	assert_int_equal(after.count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_string_not_equal(after.name[i], during.name[0]);
	verifier_close(&living);
	verifier_close(&next);
	unsetenv("TMPDIR");
}

static void verifies_without_a_home(void **state)
{
	static const char *const names[] = { "pinned" };
	const struct fixture *f = *state;
	struct fixture own = *f;
	struct err e = { 0 };

	unsetenv("HOME");
	open_verifier(f, names, 1, &own.v);
	assert_int_equal(check(&own, "good.sig", names, 1, 1, &e), 0);
	verifier_close(&own.v);
}

static void file_is_what_the_document_said(void **state)
{
	const struct fixture *f = *state;
	auto_fd int fd = openat(f->dir_fd, "data", O_RDONLY | O_CLOEXEC);
	auto_verified struct verified v = VERIFIED_INIT;
	struct digest right, wrong;
	struct err e = { 0 };
	size_t len;
	auto_free char *text = slurp(f, "data", &len);

	right = wrong = digest_of(bytes_of(text, len));
	wrong.byte[0] ^= 1;
	assert_int_equal(verify_file(fd, "data", len + 1, &right, &v, &e), -1);
	assert_int_equal(e.code, ERR_UNTRUSTED);
	assert_non_null(strstr(e.text, "27 bytes, and should have 28"));
	assert_int_equal(verify_file(fd, "data", len, &wrong, &v, &e), -1);
	assert_int_equal(e.code, ERR_UNTRUSTED);
	assert_int_equal(v.fd, -1);
	assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
	assert_int_equal(verify_file(fd, "data", len, &right, &v, &e), 0);
	assert_int_equal(v.fd, fd);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	v.fd = -1;
	assert_int_equal(verify_local(fd, "data", &v, &e), 0);
	assert_true(digest_equal(&v.sha256, &right));
	assert_int_equal(v.size, len);
	fd = -1;
}

static void directory_is_no_file(void **state)
{
	const struct fixture *f = *state;
	struct verified v = VERIFIED_INIT;
	struct digest d = { 0 };
	struct err e = { 0 };

	assert_int_equal(verify_file(f->dir_fd, ".", 4096, &d, &v, &e), -1);
	assert_int_equal(verify_local(f->dir_fd, ".", &v, &e), -1);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(detached_signatures_are_judged_as_the_table_says),
		T(threshold_counts_distinct_primary_keys),
		T(separate_signatures_add_up),
		T(no_signature_at_all_is_refused),
		T(signature_over_64_kib_is_refused),
		T(descriptor_is_read_from_its_start),
		T(large_file_is_verified_through_its_descriptor),
		T(notation_is_that_of_the_accepted_signature),
		T(fingerprint_is_of_the_only_key),
		T(key_block_hides_no_secret_key),
		T(too_large_or_too_many_keys_are_refused),
		T(own_keyring_is_not_opened_and_nothing_is_left),
		T(home_of_a_killed_process_goes_with_the_next),
		T(verifies_without_a_home),
		T(file_is_what_the_document_said),
		T(directory_is_no_file),
	};

	return cmocka_run_group_tests_name("verify", tests, setup, teardown);
}
