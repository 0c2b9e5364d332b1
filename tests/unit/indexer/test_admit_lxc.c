#include "indexer/admit_meta.h"

#include "tests/unit/indexer/small.h"

static const char config[] = "lxc.include = LXC_TEMPLATE_CONFIG/common.conf\n"
			     "lxc.arch = x86_64\n";

struct member {
	char type;
	const char *name, *text;
};

/* A good archive in which `instead` replaces the member of its name, or comes last. */
static int judge(struct scratch *s, const struct member *instead,
	struct meta_facts *facts, struct err *e)
{
	const struct member good[] = { { '0', "create-message", "hello\n" },
		{ '0', "expiry", "1800000000\n" }, { '0', "excludes-user", "\n" },
		{ '0', "config", config }, { '0', "config-user", config },
		{ '0', "config.4", config }, { '0', "templates", "/etc/hostname\n" } };
	auto_buf struct buf tar = BUF_INIT(1U << 20);
	auto_fd int fd = -1;
	bool placed = false;

	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		const struct member *m = &good[i];

		if (instead && strcmp(instead->name, m->name) == 0) {
			m = instead;
			placed = true;
		}
		if (m->text)
			small_add(&tar, m->type, m->name, m->text);
	}
	if (instead && !placed)
		small_add(&tar, instead->type, instead->name, instead->text);
	fd = small_pack(s, &tar);
	*facts = (struct meta_facts){ .expires_s = 0 };
	return admit_lxc_meta(fd, facts, e);
}

static void lxc_meta_accepts_what_the_builder_makes(void **state)
{
	struct meta_facts facts;
	struct err e;

	if (judge(*state, NULL, &facts, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(facts.expires_s, 1800000000);
	assert_string_equal(facts.stop_signal, "");
}

static void lxc_meta_takes_the_stop_signal(void **state)
{
	const struct member m = { '0', "config",
		"lxc.arch = x86_64\nlxc.signal.halt = SIGPWR\n" };
	struct meta_facts facts;
	struct err e;

	if (judge(*state, &m, &facts, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(facts.stop_signal, "SIGPWR");
}

static void lxc_meta_refuses(void **state)
{
	static const struct {
		struct member m;
		const char *says;
	} cases[] = {
		{ { '0', "config", NULL }, "'config' is missing" },
		{ { '0', "config-user", "" }, "'config-user' is missing or empty" },
		{ { '0', "expiry", NULL }, "'expiry' is missing" },
		{ { '0', "expiry", "0\n" }, "expiry:1" },
		{ { '0', "expiry", "1800000000\n1\n" }, "expiry:2" },
		{ { '0', "expiry", "-5\n" }, "expiry:1" },
		{ { '0', "expiry", "99999999999999\n" }, "expiry:1" },
		{ { '0', "config", "lxc.arch = x86_64" }, "does not end in a newline" },
		{ { '0', "config", "lxc.hook.start = x\n" },
			"may not set 'lxc.hook.start'" },
		{ { '0', "config", "lxc.mount.entry=/ x none bind\n" },
			"lxc.mount.entry" },
		{ { '0', "config.4", "lxc.id_map = u 0 0 1\n" }, "config.4:1" },
		{ { '0', "config", "lxc.arch\n" }, "not 'key = value'" },
		{ { '0', "config", "lxc.include = /etc/passwd\n" },
			"LXC_TEMPLATE_CONFIG" },
		{ { '0', "config", "lxc.include = LXC_TEMPLATE_CONFIG/../x\n" }, "NAME" },
		{ { '0', "config", "# \033[2J\n" }, "a control character" },
		{ { '0', "excludes-user", "--to-command=sh\n" }, "excludes-user:1" },
		{ { '0', "excludes-user", "./a b\n" }, "excludes-user:1" },
		{ { '0', "templates", "etc/hostname\n" }, "templates:1" },
		{ { '0', "templates", "/a/../../etc/shadow\n" }, "templates:1" },
		{ { '2', "templates", "/etc/passwd" }, "not a regular file" },
		{ { '0', "fstab", "/ mnt none bind\n" }, "none of the files LXC reads" },
		{ { '0', "config.10", config }, "none of the files LXC reads" },
		{ { '0', "configuration", config }, "none of the files LXC reads" },
		{ { '0', "./build_id", "20260101_0000\n" }, "'.'" },
		{ { '5', "sub/", "" }, "none of the files LXC reads" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct meta_facts facts;
		struct err e;

		if (judge(*state, &cases[i].m, &facts, &e) == 0)
			fail_msg("accepted case %zu: %s", i, cases[i].m.name);
		if (!strstr(e.text, cases[i].says) || !strstr(e.text, "'meta.tar.xz'"))
			fail_msg("case %zu says: %s", i, e.text);
	}
}

static void lxc_meta_bounds_what_it_unpacks(void **state)
{
	auto_buf struct buf tar = BUF_INIT(8U << 20), text = BUF_INIT(8U << 20);
	auto_fd int fd = -1;
	struct meta_facts facts = { .expires_s = 0 };
	struct err e;

	buf_add_fill(&text, '\n', 4U << 20);
	small_add(&tar, '0', "create-message", buf_str(&text));
	fd = small_pack(*state, &tar);
	assert_int_equal(admit_lxc_meta(fd, &facts, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

static void lxc_meta_bounds_what_follows_its_end(void **state)
{
	auto_buf struct buf tar = BUF_INIT(8U << 20);
	auto_fd int fd = -1;
	struct meta_facts facts = { .expires_s = 0 };
	struct err e;

	small_add(&tar, '0', "config", config);
	buf_add_fill(&tar, 0, 4U << 20);
	fd = small_pack(*state, &tar);
	assert_int_equal(admit_lxc_meta(fd, &facts, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(lxc_meta_accepts_what_the_builder_makes),
		scratch_test(lxc_meta_takes_the_stop_signal),
		scratch_test(lxc_meta_refuses),
		scratch_test(lxc_meta_bounds_what_it_unpacks),
		scratch_test(lxc_meta_bounds_what_follows_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
