#include "client/image/metafiles.h"
#include "tests/unit/unit.h"

static const char *filtered(const char *name, const char *text, struct buf *out)
{
	auto_buf struct buf dropped = BUF_INIT(4096);

	buf_clear(out);
	metafile_filter(name, bytes_of_str(text), out, &dropped);
	return buf_str(out);
}

static void metafiles_know_a_fixed_list_of_names(void **state)
{
	static const char *const yes[] = { "config", "config.1", "config-user.9",
		"create-message", "excludes-user", "expiry", "templates", "fstab" };
	static const char *const no[] = { "", "config.0", "config.10", "config.",
		"Config", "config-user.1x", "../config", "./config", "start",
		"rootfs.man", "expiry.1", "config/" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(yes); i++)
		assert_true(metafile_is_known(yes[i]));
	for (size_t i = 0; i < ARRAY_COUNT(no); i++)
		assert_false(metafile_is_known(no[i]));
}

static void metafiles_keep_no_mounts(void **state)
{
	(void)state;
	assert_false(metafile_is_kept("fstab"));
	assert_false(metafile_is_kept("fstab.1"));
	assert_true(metafile_is_kept("config"));
}

static void metafiles_drop_settings_that_reach_the_host(void **state)
{
	static const char *const lines[] = { "lxc.hook.start-host = /bin/evil\n",
		"lxc.mount.entry = / mnt none bind 0 0\n", "lxc.rootfs.path = /\n",
		"lxc.idmap = u 0 0 4294967295\n", "lxc.cap.keep = sys_admin\n",
		"lxc.log.file = /etc/cron.d/x\n", "lxc.net.0.type = none\n",
		"lxc.include = /etc/passwd\n",
		"lxc.include = LXC_TEMPLATE_CONFIG/../../etc/passwd\n",
		"lxc.include = LXC_TEMPLATE_CONFIG/\n",
		"lxc.include = LXC_TEMPLATE_CONFIG/.hidden\n",
		"lxc.include = LXC_TEMPLATE_CONFIG/a/b\n", "lxc.arch\n",
		"lxc.environment = A=\x1b[31m\n", "LXC.ARCH = x\n" };
	auto_buf struct buf out = BUF_INIT(4096);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
		assert_string_equal(filtered("config", lines[i], &out), "");
}

static void metafiles_keep_harmless_settings(void **state)
{
	auto_buf struct buf out = BUF_INIT(4096);

	(void)state;
	assert_string_equal(
		filtered("config-user.3",
			"# a comment\n\n  lxc.arch=x86_64\r\n"
			"lxc.include = LXC_TEMPLATE_CONFIG/debian.common.conf\n"
			"lxc.signal.halt = SIGRTMIN+4",
			&out),
		"lxc.arch = x86_64\n"
		"lxc.include = LXC_TEMPLATE_CONFIG/debian.common.conf\n"
		"lxc.signal.halt = SIGRTMIN+4\n");
}

static void metafiles_name_what_they_dropped(void **state)
{
	auto_buf struct buf out = BUF_INIT(4096), dropped = BUF_INIT(4096);

	(void)state;
	metafile_filter("config", bytes_of_str("lxc.hook.clone = x\nlxc.cgroup.x = y\n"),
		&out, &dropped);
	assert_string_equal(buf_str(&dropped), "lxc.hook.clone lxc.cgroup.x");
}

static void metafiles_leave_other_files_alone(void **state)
{
	auto_buf struct buf out = BUF_INIT(4096);

	(void)state;
	assert_string_equal(
		filtered("create-message", "lxc.hook = x\n", &out), "lxc.hook = x\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metafiles_know_a_fixed_list_of_names),
		cmocka_unit_test(metafiles_keep_no_mounts),
		cmocka_unit_test(metafiles_drop_settings_that_reach_the_host),
		cmocka_unit_test(metafiles_keep_harmless_settings),
		cmocka_unit_test(metafiles_name_what_they_dropped),
		cmocka_unit_test(metafiles_leave_other_files_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
