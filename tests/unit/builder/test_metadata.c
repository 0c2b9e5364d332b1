#include "builder/metadata.h"

#include "lib/adapt/tar.h"

#include "tests/unit/memory_reader.h"
#include "tests/unit/unit.h"

#define BASE                                                                             \
	"image:\n  distribution: toy\n  release: 1\n  serial: 20260101_0000\n"           \
	"source:\n  downloader: rootfs-http\npackages:\n  manager: apt\n"

typedef int make_fn(const struct metadata_in *in, struct buf *tar, struct err *e);

/* "name=content|" of every member. */
static void members(const char *recipe_text, const struct generated *g, make_fn *make,
	struct buf *out)
{
	auto_buf struct buf raw = BUF_INIT(1U << 20);
	auto_recipe struct recipe r;
	auto_complaints struct complaints c;
	auto_tar struct tar *tar = NULL;
	const struct metadata_in in = {
		.recipe = &r, .generated = g, .created_s = 1000000, .epoch_s = 500
	};
	struct memory_reader memory;
	struct reader reader;
	struct tar_entry entry;
	char content[65536];
	struct err e;
	ssize_t n;

	recipe_init(&r);
	complaints_init(&c, "image.yaml");
	if (recipe_parse(&r, bytes_of_str(recipe_text), &c, &e) < 0)
		fail_msg("%s", e.text);
	recipe_finish(&r, "x86_64", &c);
	if (make(&in, &raw, &e) < 0)
		fail_msg("%s", e.text);
	memory = (struct memory_reader){ .rest = buf_bytes(&raw) };
	reader = (struct reader){ .read = memory_read, .ctx = &memory };
	assert_int_equal(tar_open(&reader, &tar, &e), 0);
	while (tar_next(tar, &entry, &e) > 0) {
		assert_int_equal(entry.mtime_s, 500);
		assert_int_equal(entry.uid, 0);
		n = entry.type == TAR_FILE ? tar_read(tar, content, sizeof(content), &e)
					   : 0;
		assert_true(n >= 0);
		buf_printf(out, "%s=%.*s|", entry.path, (int)n, content);
	}
}

/* Which config files hold the one entry with this window. */
static void window(unsigned int after, unsigned int before, const char *want)
{
	auto_free char *text =
		xasprintf(BASE "targets:\n  lxc:\n    config:\n    - type: all\n"
			       "      after: %u\n      before: %u\n"
			       "      content: X\n",
			after, before);
	auto_buf struct buf out = BUF_INIT(1U << 20);
	const struct generated none = { .lxc_count = 0 };
	char got[64] = "", name[32];

	members(text, &none, metadata_lxc, &out);
	for (unsigned int level = 1; level <= 5; level++) {
		snprintf(name, sizeof(name),
			level == 5 ? "|config=X\n|" : "|config.%u=X\n|", level);
		if (strstr(buf_str(&out), name))
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%u ",
				level);
	}
	assert_string_equal(got, want);
}

static void lxc_config_has_compatibility_windows(void **state)
{
	(void)state;
	window(0, 0, "1 2 3 4 5 ");
	window(0, 5, "1 2 3 4 ");
	window(4, 0, "5 ");
	window(4, 2, "1 5 ");
	window(3, 3, "1 2 4 5 ");
	window(9, 0, "1 2 3 4 5 ");
}

static void lxc_members_stand_in_order(void **state)
{
	const char *const paths[] = { "/etc/hostname", "/etc/hosts" };
	const struct generated g = { .lxc_template = (const char **)(uintptr_t)paths,
		.lxc_count = 2 };
	auto_buf struct buf out = BUF_INIT(1U << 20);

	(void)state;
	members(BASE "targets:\n  lxc:\n    create_message: \"{{ image.release }}!\"\n"
		     "    config:\n    - type: user\n      content: U\n"
		     "    - type: system\n      after: 4\n      content: \"S\\n\"\n"
		     "    - type: all\n      variants: [cloud]\n      content: C\n",
		&g, metadata_lxc, &out);
	assert_string_equal(buf_str(&out),
		"create-message=1!\n|expiry=3592000\n|excludes-user=\n|config=S\n|config-"
		"user=U\n|"
		"config-user.1=U\n|config-user.2=U\n|config-user.3=U\n|config-user.4=U\n|"
		"templates=/etc/hostname\n/etc/hosts\n|");
}

static void lxc_configs_are_always_there(void **state)
{
	const struct generated none = { .lxc_count = 0 };
	auto_buf struct buf out = BUF_INIT(1U << 20);

	(void)state;
	members(BASE, &none, metadata_lxc, &out);
	assert_string_equal(buf_str(&out),
		"create-message=\n|expiry=3592000\n|excludes-user=\n|"
		"config=\n|config-user=\n|");
}

static void incus_keys_stand_in_order(void **state)
{
	struct text_pair pair = { .key = { .text = "k" }, .value = { .text = "v" } };
	const struct text_map properties = { .item = &pair, .count = 1 };
	struct text create = { .text = "create" };
	const struct texts when = { .item = &create, .count = 1 };
	struct incus_template list[] = {
		{ .path = "/z", .file = "b.tpl", .content = "Z\n" },
		{ .path = "/a", .file = "a.tpl", .content = "old\n" },
		{ .path = "/a",
			.file = "a.tpl",
			.content = "A\n",
			.when = &when,
			.properties = &properties },
	};
	const struct generated g = { .incus = list, .incus_count = 3 };
	auto_buf struct buf out = BUF_INIT(1U << 20);

	(void)state;
	members(BASE "mappings:\n  architecture_map: debian\n", &g, metadata_incus, &out);
	assert_string_equal(buf_str(&out),
		"metadata.yaml=architecture: x86_64\ncreation_date: 1000000\n"
		"expiry_date: 3592000\nproperties:\n  architecture: amd64\n"
		"  description: \"Toy 1 amd64 (20260101_0000)\"\n"
		"  name: toy-1-amd64-default-20260101_0000\n  os: toy\n  release: \"1\"\n"
		"  serial: \"20260101_0000\"\n  variant: default\ntemplates:\n"
		"  /a:\n    when:\n    - create\n    create_only: false\n    template: "
		"a.tpl\n"
		"    properties:\n      k: v\n"
		"  /z:\n    when:\n    - create\n    - copy\n    create_only: false\n"
		"    template: b.tpl\n    properties: {}\n|"
		"templates/=|templates/a.tpl=A\n|templates/b.tpl=Z\n|");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lxc_config_has_compatibility_windows),
		cmocka_unit_test(lxc_members_stand_in_order),
		cmocka_unit_test(lxc_configs_are_always_there),
		cmocka_unit_test(incus_keys_stand_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
