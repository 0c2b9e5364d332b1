#include "builder/scrub.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

static void put(const struct scratch *s, const char *path, const char *text)
{
	auto_fd int fd =
		openat(s->fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void holds(const struct scratch *s, const char *path, const char *want)
{
	auto_fd int fd = openat(s->fd, path, O_RDONLY | O_CLOEXEC);
	char text[256] = "";

	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) >= 0);
	assert_string_equal(text, want);
}

static void scrub_clamps_days(void **state)
{
	auto_buf struct buf out = BUF_INIT(4096);

	(void)state;
	assert_int_equal(
		scrub_shadow(bytes_of_str("root:*:20765:0:99999:7:::\nold:!:100:::\n"
					  "none:!::0:\nodd\n"),
			20000, &out),
		1);
	assert_string_equal(buf_str(&out),
		"root:*:20000:0:99999:7:::\nold:!:100:::\nnone:!::0:\nodd\n");
}

static void scrub_renames_whole_urls(void **state)
{
	auto_buf struct buf out = BUF_INIT(4096);

	(void)state;
	assert_int_equal(
		scrub_urls(
			bytes_of_str(
				"deb http://m/debian a\ndeb http://m/debian-security b\n"
				"deb http://m/debian/ c"),
			"http://m/debian", "http://o", &out),
		2);
	assert_string_equal(buf_str(&out),
		"deb http://o a\ndeb http://m/debian-security b\ndeb http://o/ c");
}

static void scrub_sorts_lines(void **state)
{
	auto_buf struct buf out = BUF_INIT(4096);

	(void)state;
	scrub_sort_lines(bytes_of_str("b 1\na 2\n\nb 0"), &out);
	assert_string_equal(buf_str(&out), "a 2\nb 0\nb 1\n");
}

static void scrub_sorts_stanzas(void **state)
{
	auto_buf struct buf out = BUF_INIT(4096);

	(void)state;
	scrub_sort_stanzas(bytes_of_str("P: b\nA: 1\n\nP: a\nB: 2\n\n"), &out);
	assert_string_equal(buf_str(&out), "P: a\nB: 2\n\nP: b\nA: 1\n\n");
}

/* What a careless build leaves behind. */
static void litter(const struct scratch *s)
{
	static const char *const dirs[] = { "etc", "etc/ssh", "root", "root/.ssh", "var",
		"var/log", "var/log/apt", "var/lib", "var/lib/dbus", "var/lib/apt",
		"var/lib/apt/lists", "tmp", "var/cache", "var/cache/apt",
		"var/cache/apt/archives", "etc/apt" };
	static const char *const files[][2] = { { "etc/machine-id", "0123\n" },
		{ "etc/passwd", "x" }, { "etc/passwd-", "x" },
		{ "etc/ssh/ssh_host_rsa_key", "secret" },
		{ "etc/ssh/ssh_host_rsa_key.pub", "public" },
		{ "etc/ssh/sshd_config", "x" }, { "root/.bash_history", "x" },
		{ "root/.ssh/id_rsa", "secret" }, { "root/.bashrc", "x" },
		{ "var/log/apt/term.log", "x" }, { "var/log/dpkg.log", "x" },
		{ "var/lib/dbus/machine-id", "0123\n" },
		{ "var/lib/apt/lists/x_InRelease", "x" }, { "tmp/x", "x" },
		{ "var/cache/apt/pkgcache.bin", "x" },
		{ "var/cache/apt/archives/a.deb", "x" },
		{ "etc/resolv.conf", "nameserver 192.0.2.1\n" },
		{ "etc/apt/sources.list", "deb http://own/debian x main\n" } };

	for (size_t i = 0; i < ARRAY_COUNT(dirs); i++)
		assert_int_equal(mkdirat(s->fd, dirs[i], 0755), 0);
	for (size_t i = 0; i < ARRAY_COUNT(files); i++)
		put(s, files[i][0], files[i][1]);
}

static uint64_t removed(const struct job *j, const char *check)
{
	for (size_t i = 0; i < j->scrub_count; i++)
		if (strcmp(j->scrub[i].check, check) == 0)
			return j->scrub[i].removed;
	fail_msg("no check '%s'", check);
	return 0;
}

static void scrub_leaves_no_trace(void **state)
{
	static const char *const gone[] = { "etc/passwd-", "etc/ssh/ssh_host_rsa_key",
		"etc/ssh/ssh_host_rsa_key.pub", "root/.bash_history", "root/.ssh",
		"var/log/apt/term.log", "var/log/dpkg.log", "var/lib/dbus/machine-id",
		"var/lib/apt/lists/x_InRelease", "tmp/x", "var/cache/apt/pkgcache.bin",
		"var/cache/apt/archives/a.deb", "etc/resolv.conf" };
	static const char *const kept[] = { "etc/passwd", "etc/ssh/sshd_config",
		"root/.bashrc", "var/log/apt", "var/lib/apt/lists",
		"var/cache/apt/archives" };
	struct scratch *s = *state;
	auto_job struct job j;
	struct err e;

	litter(s);
	job_init(&j);
	j.root_dir = s->fd;
	j.mirror[j.mirror_count++] = (struct mirror_name){ "http://own/debian",
		"http://ftp.debian.org/debian" };
	if (scrub_tree(&j, &e) < 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < ARRAY_COUNT(gone); i++)
		if (faccessat(s->fd, gone[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			fail_msg("'%s' is still there", gone[i]);
	for (size_t i = 0; i < ARRAY_COUNT(kept); i++)
		if (faccessat(s->fd, kept[i], F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			fail_msg("'%s' is gone", kept[i]);
	holds(s, "etc/machine-id", "");
	holds(s, "etc/apt/sources.list", "deb http://ftp.debian.org/debian x main\n");
	assert_int_equal(removed(&j, "ssh-host-keys"), 2);
	assert_int_equal(removed(&j, "logs"), 2);
	assert_int_equal(removed(&j, "random-seed"), 0);
}

static void scrub_keeps_links_and_words(void **state)
{
	struct scratch *s = *state;
	auto_job struct job j;
	struct err e;

	assert_int_equal(mkdirat(s->fd, "etc", 0755), 0);
	assert_int_equal(mkdirat(s->fd, "outside", 0755), 0);
	assert_int_equal(mkdirat(s->fd, "var", 0755), 0);
	assert_int_equal(symlinkat("../outside", s->fd, "var/log"), 0);
	assert_int_equal(symlinkat("../run/x", s->fd, "etc/resolv.conf"), 0);
	put(s, "etc/machine-id", "uninitialized\n");
	put(s, "outside/kept", "x");
	job_init(&j);
	j.root_dir = s->fd;
	assert_int_equal(scrub_tree(&j, &e), 0);
	holds(s, "etc/machine-id", "uninitialized\n");
	holds(s, "outside/kept", "x");
	assert_int_equal(
		faccessat(s->fd, "etc/resolv.conf", F_OK, AT_SYMLINK_NOFOLLOW), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scrub_clamps_days),
		cmocka_unit_test(scrub_renames_whole_urls),
		cmocka_unit_test(scrub_sorts_lines),
		cmocka_unit_test(scrub_sorts_stanzas),
		scratch_test(scrub_leaves_no_trace),
		scratch_test(scrub_keeps_links_and_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
