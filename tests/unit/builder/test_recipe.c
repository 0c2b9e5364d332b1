#include "builder/recipe.h"

#include "tests/unit/unit.h"

#define BASE                                                                             \
	"image:\n  distribution: toy\nsource:\n  downloader: rootfs-http\n"              \
	"packages:\n  manager: apt\n"

struct reading {
	struct recipe recipe;
	struct complaints complaints;
};

static void read_text(struct reading *r, const char *text)
{
	struct err e;

	recipe_init(&r->recipe);
	complaints_init(&r->complaints, "image.yaml");
	if (recipe_parse(&r->recipe, bytes_of_str(text), &r->complaints, &e) < 0)
		fail_msg("%s", e.text);
}

static void done(struct reading *r)
{
	recipe_release(&r->recipe);
	complaints_release(&r->complaints);
}

/* Exactly one fault, at this place, with these words. */
static void complains(
	const char *text, unsigned int line, unsigned int column, const char *words)
{
	struct reading r;

	read_text(&r, text);
	recipe_finish(&r.recipe, "x86_64", &r.complaints);
	recipe_check(&r.recipe, &r.complaints);
	assert_int_equal(r.complaints.count, 1);
	assert_int_equal(r.complaints.item[0].line, line);
	assert_int_equal(r.complaints.item[0].column, column);
	if (!strstr(r.complaints.item[0].text, words))
		fail_msg("'%s' does not say '%s'", r.complaints.item[0].text, words);
	done(&r);
}

static void is_fine(const char *text)
{
	struct reading r;

	read_text(&r, text);
	recipe_finish(&r.recipe, "x86_64", &r.complaints);
	recipe_check(&r.recipe, &r.complaints);
	if (r.complaints.count)
		fail_msg("%s", r.complaints.item[0].text);
	done(&r);
}

static void recipe_takes_the_smallest_definition(void **state)
{
	(void)state;
	is_fine(BASE);
}

static void recipe_refuses_unknown_keys_at_any_depth(void **state)
{
	(void)state;
	complains(BASE "filez: []\n", 7, 1, "unknown key 'filez'; did you mean 'files'?");
	complains(BASE "targets:\n  lxc:\n    create-message: x\n", 9, 5,
		"did you mean 'create_message'?");
	complains(BASE "files:\n- generator: dump\n  contnt: x\n", 9, 3, "'contnt'");
	complains(BASE "targets:\n  incus:\n    vm:\n      sise: 1\n", 10, 7, "'sise'");
}

static void recipe_refuses_wrong_kinds(void **state)
{
	(void)state;
	complains(BASE "  update: maybe\n", 7, 11, "true or false, not 'maybe'");
	complains(BASE "  update: \"true\"\n", 7, 11, "true or false");
	complains(BASE "  sets: x\n", 7, 9, "must be a list");
	complains(BASE "targets:\n  incus:\n    vm:\n      size: 4GiB\n", 10, 13,
		"whole number, not '4GiB'");
	complains(BASE "files:\n- x\n", 8, 3, "must be a mapping");
}

static void recipe_refuses_unknown_words(void **state)
{
	(void)state;
	complains(BASE "files:\n- generator: lxd-agent\n", 8, 14, "unknown generator");
	complains(BASE "files:\n- generator: dump\n  types: [containers]\n", 9, 11,
		"did you mean 'container'?");
	complains(
		BASE "actions:\n- trigger: \"post-files \"\n", 8, 12, "unknown trigger");
}

static void recipe_wants_what_it_needs(void **state)
{
	(void)state;
	complains("image:\n  distribution: \"\"\nsource:\n  downloader: rootfs-http\n"
		  "packages:\n  manager: apt\n",
		2, 17, "'image.distribution' may not be empty");
	complains("image:\n  distribution: toy\nsource:\n  downloader: rootfs-http\n", 0,
		0, "'packages.manager' or");
	complains(BASE "  custom_manager:\n    clean:\n      cmd: a\n", 6, 12, "exclude");
}

static void recipe_reads_words_as_they_stand(void **state)
{
	struct reading r;

	(void)state;
	read_text(&r, BASE "files:\n- generator: dump\n  path: 15.0\n  mode: 0440\n"
			   "  content: ~\n  templated: yes\n  uid: null\n");
	assert_int_equal(r.complaints.count, 0);
	assert_string_equal(r.recipe.files.item[0].path.text, "15.0");
	assert_string_equal(r.recipe.files.item[0].mode.text, "0440");
	assert_string_equal(r.recipe.files.item[0].content.text, "");
	assert_true(r.recipe.files.item[0].templated);
	done(&r);
}

static void recipe_options_set_single_values(void **state)
{
	struct reading r;
	struct err e;

	(void)state;
	read_text(&r, BASE "  sets:\n  - packages: [a, b]\n    action: install\n");
	assert_int_equal(recipe_set(&r.recipe, "source.url=http://x/?a=b,c", &e), 0);
	assert_string_equal(r.recipe.source.url.text, "http://x/?a=b,c");
	assert_int_equal(recipe_set(&r.recipe, "packages.sets.0.packages.1=c", &e), 0);
	assert_string_equal(r.recipe.packages.sets.item[0].packages.item[1].text, "c");
	assert_int_equal(recipe_set(&r.recipe, "packages.sets.0.packages.2=d", &e), 0);
	assert_int_equal(r.recipe.packages.sets.item[0].packages.count, 3);
	assert_int_equal(recipe_set(&r.recipe, "packages.sets.0.early=yess", &e), -1);
	assert_int_equal(recipe_set(&r.recipe, "packages.sets.0.early=t", &e), 0);
	assert_true(r.recipe.packages.sets.item[0].early);
	assert_int_equal(recipe_set(&r.recipe, "source.keys.0=k", &e), 0);
	assert_string_equal(r.recipe.source.keys.item[0].text, "k");
	done(&r);
}

static void recipe_options_refuse_the_rest(void **state)
{
	static const char *const bad[] = { "source.url", "=x", "source=x",
		"source.keys=x", "source.uri=x", "packages.sets.0.action=install",
		"source.keys.1=x", "files=x", "source.url.x=y", ".=x", "source..url=x" };
	struct reading r;
	struct err e;

	(void)state;
	read_text(&r, BASE);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		if (recipe_set(&r.recipe, bad[i], &e) == 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(e.code, ERR_USAGE);
	}
	done(&r);
}

static void recipe_reads_back_what_it_writes(void **state)
{
	static const char text[] = BASE
		"  sets:\n  - packages: [a, \"b: c\", \"yes\"]\n    action: install\n"
		"    early: true\n  - action: remove\n"
		"files:\n- generator: dump\n  path: /a\n  content: |-\n    one\n\n      "
		"two\n"
		"- generator: dump\n  content: \" lead\\n\\ttab \\u00fc\\n\\n\"\n"
		"  template:\n    properties:\n      k: v\n    when: [create]\n"
		"actions:\n- trigger: post-files\n  action: |\n    #!/bin/sh\n    true\n"
		"mappings:\n  architecture_map: debian\n"
		"environment:\n  variables:\n  - key: A\n    value: \"1\"\n"
		"targets:\n  incus:\n    vm:\n      size: 7\n";
	auto_buf struct buf first = BUF_INIT(65536), second = BUF_INIT(65536);
	struct reading r, again;
	struct err e;

	(void)state;
	read_text(&r, text);
	assert_int_equal(r.complaints.count, 0);
	assert_int_equal(recipe_format(&r.recipe, &first, &e), 0);
	read_text(&again, buf_str(&first));
	if (again.complaints.count)
		fail_msg("%s in:\n%s", again.complaints.item[0].text, buf_str(&first));
	assert_int_equal(recipe_format(&again.recipe, &second, &e), 0);
	assert_string_equal(buf_str(&first), buf_str(&second));
	assert_string_equal(again.recipe.files.item[0].content.text, "one\n\n  two");
	assert_string_equal(
		again.recipe.files.item[1].content.text, " lead\n\ttab \xc3\xbc\n\n");
	assert_string_equal(
		again.recipe.actions.item[0].action.text, "#!/bin/sh\ntrue\n");
	assert_int_equal(again.recipe.targets.incus.vm.size, 7);
	done(&r);
	done(&again);
}

static void recipe_filters_by_mapped_name(void **state)
{
	struct reading r;

	(void)state;
	read_text(&r,
		BASE "files:\n- generator: dump\n  architectures: [amd64]\n"
		     "- generator: dump\n  architectures: [x86_64]\n"
		     "- generator: dump\n  types: [vm]\n"
		     "- generator: dump\n  types: [vm, container]\n  variants: [cloud]\n"
		     "- generator: dump\n  releases: [1, 2]\n  variants: [default]\n"
		     "mappings:\n  architecture_map: debian\n");
	r.recipe.image.release.text = "2";
	recipe_finish(&r.recipe, "x86_64", &r.complaints);
	assert_string_equal(r.recipe.image.architecture_mapped.text, "amd64");
	assert_string_equal(r.recipe.image.architecture_kernel.text, "x86_64");
	assert_string_equal(r.recipe.image.architecture_personality.text, "linux64");
	assert_true(recipe_applies(&r.recipe, &r.recipe.files.item[0].filter));
	assert_false(recipe_applies(&r.recipe, &r.recipe.files.item[1].filter));
	assert_false(recipe_applies(&r.recipe, &r.recipe.files.item[2].filter));
	assert_false(recipe_applies(&r.recipe, &r.recipe.files.item[3].filter));
	assert_true(recipe_applies(&r.recipe, &r.recipe.files.item[4].filter));
	done(&r);
}

static void recipe_describes_itself(void **state)
{
	auto_buf struct buf out = BUF_INIT(4096);
	struct reading r;
	struct err e;

	(void)state;
	read_text(&r, BASE);
	r.recipe.image.release.text = "1";
	r.recipe.image.variant.text = "cloud";
	r.recipe.image.serial.text = "20260101_0000";
	recipe_finish(&r.recipe, "x86_64", &r.complaints);
	assert_int_equal(
		recipe_render(&r.recipe, &r.recipe.image.description, "it", &out, &e), 0);
	assert_string_equal(buf_str(&out), "Toy 1 x86_64 (cloud) (20260101_0000)");
	buf_clear(&out);
	assert_int_equal(
		recipe_render(&r.recipe, &r.recipe.image.name, "it", &out, &e), 0);
	assert_string_equal(buf_str(&out), "toy-1-x86_64-cloud-20260101_0000");
	done(&r);
}

static void recipe_adds_up_expiry(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = { { "30d", 2592000 }, { "1w 2d", 777600 }, { "90s", 90 },
		{ "1h1m", 3660 }, { "banana", 0 }, { "5", 0 } };
	struct reading r;

	(void)state;
	read_text(&r, BASE);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		r.recipe.image.expiry.text = cases[i].text;
		assert_int_equal(recipe_expiry_s(&r.recipe), cases[i].seconds);
	}
	done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recipe_takes_the_smallest_definition),
		cmocka_unit_test(recipe_refuses_unknown_keys_at_any_depth),
		cmocka_unit_test(recipe_refuses_wrong_kinds),
		cmocka_unit_test(recipe_refuses_unknown_words),
		cmocka_unit_test(recipe_wants_what_it_needs),
		cmocka_unit_test(recipe_reads_words_as_they_stand),
		cmocka_unit_test(recipe_options_set_single_values),
		cmocka_unit_test(recipe_options_refuse_the_rest),
		cmocka_unit_test(recipe_reads_back_what_it_writes),
		cmocka_unit_test(recipe_filters_by_mapped_name),
		cmocka_unit_test(recipe_describes_itself),
		cmocka_unit_test(recipe_adds_up_expiry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
