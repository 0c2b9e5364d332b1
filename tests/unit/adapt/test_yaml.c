#include "lib/adapt/yaml.h"

#include "tests/unit/adapt/support.h"

#define CEILING ((size_t)4 << 20)

static int parses(const char *text, struct err *e)
{
	auto_yaml struct ydoc doc = { 0 };

	return yaml_parse(bytes_of_str(text), "image.yaml", CEILING, &doc, e);
}

static void parse(const char *text, struct ydoc *doc)
{
	struct err e = { 0 };

	if (yaml_parse(bytes_of_str(text), "image.yaml", CEILING, doc, &e) < 0)
		fail_msg("%s", e.text);
}

static const char recipe[] = "image:\n"
			     "  name: debian\n"
			     "  version: 1.35\n"
			     "  quoted: \"yes\"\n"
			     "list:\n"
			     "- one\n"
			     "-   two\n"
			     "- {a: b, c: [d, e]}\n"
			     "script: |-\n"
			     "  #!/bin/sh\n"
			     "  \ttab inside\n";

static void nodes_know_their_text_style_and_place(void **state)
{
	auto_yaml struct ydoc doc = { 0 };
	const struct ynode *image, *n;

	(void)state;
	parse(recipe, &doc);
	assert_int_equal(doc.root->kind, YNODE_MAPPING);
	assert_int_equal(doc.root->count, 3);
	image = yaml_get(doc.root, "image");
	assert_int_equal(image->line, 2);
	assert_int_equal(image->column, 3);
	n = yaml_get(image, "version");
	assert_string_equal(n->text, "1.35");
	assert_true(n->plain);
	assert_int_equal(n->line, 3);
	assert_int_equal(n->column, 12);
	n = yaml_get(image, "quoted");
	assert_string_equal(n->text, "yes");
	assert_false(n->plain);
	n = yaml_get(doc.root, "list");
	assert_int_equal(n->kind, YNODE_SEQUENCE);
	assert_int_equal(n->count, 3);
	assert_int_equal(n->item[1]->line, 7);
	assert_int_equal(n->item[1]->column, 5);
	assert_string_equal(yaml_get(n->item[2], "c")->item[1]->text, "e");
	n = yaml_get(doc.root, "script");
	assert_string_equal(n->text, "#!/bin/sh\n\ttab inside");
	assert_false(n->plain);
	assert_null(yaml_get(doc.root, "absent"));
	assert_null(yaml_get(n, "absent"));
}

static void columns_count_characters(void **state)
{
	auto_yaml struct ydoc doc = { 0 };

	(void)state;
	parse("\"\xc3\xa9\xc3\xa9\": x\n", &doc);
	assert_int_equal(doc.root->item[1]->column, 7);
}

static void errors_name_place_and_reason(void **state)
{
	static const struct {
		const char *text, *start, *says;
	} cases[] = {
		{ "a: 1\nb: 2\n  a: 3\n", "image.yaml:3:4: ", "" },
		{ "a: 1\nbb: 2\na: 3\n",
			"image.yaml:3:1: ", "key 'a' again, first in line 1" },
		{ "x: {k: 1, \"k\": 2}\n", "image.yaml:1:11: ", "key 'k' again" },
		{ "a:\n\tb: 1\n", "image.yaml:2:1: ", "a tab: indent with spaces" },
		{ "a:\n  b: 1\n\tc: 2\n", "image.yaml:3:1: ", "a tab" },
		{ "a:\n- x\n \t- y\n", "image.yaml:3:2: ", "tab" },
		{ "\xc3\xa9: x\n\xc3\xa9\xc3\xa9:\n\tb: 1\n", "image.yaml:3:1: ", "tab" },
		{ "a: [1, 2\n", "image.yaml:2:1: ", "" },
		{ "a: 'x\n", "image.yaml:2:1: ", "" },
		{ "a: !!int 3\n", "image.yaml:1:4: ", "a tag" },
		{ "a: !foo 3\n", "image.yaml:1:4: ", "a tag" },
		{ "a: ! 3\n", "image.yaml:1:4: ", "a tag" },
		{ "a: !!map {}\n", "image.yaml:1:4: ", "a tag" },
		{ "- !!python/object:os.system x\n", "image.yaml:1:3: ", "a tag" },
		{ "a: *b\n", "image.yaml:1:4: ", "an alias without its anchor" },
		{ "a: &x [*x]\n", "image.yaml:1:8: ", "an alias inside of itself" },
		{ "? [a]\n: b\n", "image.yaml:1:3: ", "a key that is no string" },
		{ "a: b\n\xff: c\n", "image.yaml:2:1: ", "UTF-8" },
		{ "a: \"x\\0y\"\n", "image.yaml:1:4: ", "a NUL" },
		{ "a: \x01\n", "image.yaml:1:4: ", "control" },
		{ "a: b: c\n", "image.yaml:1:5: ", "" },
		{ "a: !!binary '*'\n", "image.yaml:1:4: ", "no base64" },
		{ "<<: x\n", "image.yaml:1:5: ", "'<<' takes a mapping" },
		{ "%YAML 1.2\n---\na: b\n", "image.yaml:1:1: ", "no YAML 1.1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct err e = { 0 };

		if (parses(cases[i].text, &e) == 0)
			fail_msg("accepted: %s", cases[i].text);
		assert_int_equal(e.code, ERR_PARSE);
		if (strncmp(e.text, cases[i].start, strlen(cases[i].start)) ||
			!strstr(e.text, cases[i].says))
			fail_msg("%s --- %s", cases[i].text, e.text);
	}
}

static void str_and_binary_tags_make_strings(void **state)
{
	auto_yaml struct ydoc doc = { 0 };

	(void)state;
	parse("a: !!str 1\nb: !!binary aGVsbG8=\n", &doc);
	assert_string_equal(yaml_get(doc.root, "a")->text, "1");
	assert_false(yaml_get(doc.root, "a")->plain);
	assert_string_equal(yaml_get(doc.root, "b")->text, "hello");
}

static void merges_bring_in_what_is_not_there(void **state)
{
	auto_yaml struct ydoc doc = { 0 };
	const struct ynode *list;

	(void)state;
	parse("- &a {x: 1, y: 2}\n- &b {y: 3, z: 4}\n- {<<: *a, y: 5}\n- {<<: [*b, *a]}\n"
	      "- {\"<<\": *a}\n- &c {<<: *a, w: 6}\n- {<<: *c}\n",
		&doc);
	list = doc.root;
	assert_int_equal(list->item[2]->count, 2);
	assert_string_equal(yaml_get(list->item[2], "x")->text, "1");
	assert_string_equal(yaml_get(list->item[2], "y")->text, "5");
	assert_int_equal(list->item[3]->count, 3);
	assert_string_equal(yaml_get(list->item[3], "y")->text, "3");
	assert_string_equal(yaml_get(list->item[3], "x")->text, "1");
	assert_int_equal(list->item[4]->count, 1);
	assert_int_equal(list->item[6]->count, 3);
	assert_string_equal(yaml_get(list->item[6], "w")->text, "6");
}

static void say(void *ctx, unsigned int line, unsigned int column, const char *sentence)
{
	unsigned int *seen = ctx;

	(void)column;
	assert_non_null(sentence);
	seen[0]++;
	seen[1] += line;
}

static void faults_are_told_all(void **state)
{
	static const char text[] =
		"a: 1\na: 2\nb: !foo 3\nc: {d: 1, d: 2}\n<<: x\n[k]: v\n";
	unsigned int seen[2] = { 0 };
	const struct yaml_faults faults = { .say = say, .ctx = seen };
	auto_yaml struct ydoc doc = { 0 };
	struct err e;

	(void)state;
	assert_int_equal(
		yaml_parse_all(bytes_of_str(text), "x", CEILING, &faults, &doc, &e), 0);
	assert_int_equal(seen[0], 5);
	assert_int_equal(seen[1], 2 + 3 + 4 + 5 + 6);
	assert_int_equal(doc.root->count, 3);
}

static void a_byte_order_mark_is_nothing(void **state)
{
	auto_yaml struct ydoc doc = { 0 };

	(void)state;
	parse("\xef\xbb\xbf"
	      "a: 1\nb: 2\n",
		&doc);
	assert_int_equal(doc.root->count, 2);
	assert_non_null(yaml_get(doc.root, "a"));
}

static void second_document_is_ignored(void **state)
{
	auto_yaml struct ydoc doc = { 0 };

	(void)state;
	parse("a: 1\n---\nb: [\n", &doc);
	assert_int_equal(doc.root->count, 1);
}

static void empty_document_has_no_root(void **state)
{
	static const char *const empty[] = { "", "\n", "# only a remark\n", "---\n",
		"---\n...\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(empty); i++) {
		auto_yaml struct ydoc doc = { 0 };

		parse(empty[i], &doc);
		assert_null(doc.root);
	}
	auto_yaml struct ydoc doc = { 0 };

	parse("\"\"\n", &doc);
	assert_non_null(doc.root);
}

static void ceiling_is_exact(void **state)
{
	struct ydoc doc = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(yaml_parse(bytes_of_str("a: 1"), "f", 3, &doc, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_int_equal(yaml_parse(bytes_of_str("a: 1"), "f", 4, &doc, &e), 0);
	yaml_release(&doc);
}

static void aliases_are_the_anchors_node(void **state)
{
	auto_yaml struct ydoc doc = { 0 };

	(void)state;
	parse("a: &x {k: v}\nb: *x\nc: &x other\nd: *x\n", &doc);
	assert_string_equal(yaml_get(yaml_get(doc.root, "b"), "k")->text, "v");
	assert_string_equal(yaml_get(doc.root, "d")->text, "other");
}

static void alias_bomb_is_refused(void **state)
{
	auto_buf struct buf text = BUF_INIT(TEST_MAX);
	struct err e = { 0 };

	(void)state;
	buf_add_str(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 20; i++) {
		buf_printf(&text, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			buf_printf(&text, "%s*a%d", k ? ", " : "", i - 1);
		buf_add_str(&text, "]\n");
	}
	assert_int_equal(parses(buf_str(&text), &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_non_null(strstr(e.text, "1 MiB"));
}

static void depth_ends_at_32_also_through_aliases(void **state)
{
	struct err e = { 0 };
	auto_buf struct buf ok = BUF_INIT(TEST_MAX), deep = BUF_INIT(TEST_MAX),
			    huge = BUF_INIT(TEST_MAX), alias = BUF_INIT(TEST_MAX);

	(void)state;
	buf_add_fill(&ok, '[', 32);
	buf_add_fill(&ok, ']', 32);
	assert_int_equal(parses(buf_str(&ok), &e), 0);
	buf_add_fill(&deep, '[', 33);
	buf_add_fill(&deep, ']', 33);
	assert_int_equal(parses(buf_str(&deep), &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	buf_add_fill(&huge, '[', 100000);
	assert_int_equal(parses(buf_str(&huge), &e), -1);
	/* 20 levels, and again 20 where the alias stands */
	buf_add_str(&alias, "- &x ");
	buf_add_fill(&alias, '[', 20);
	buf_add_fill(&alias, ']', 20);
	buf_add_str(&alias, "\n- ");
	buf_add_fill(&alias, '[', 20);
	buf_add_str(&alias, "*x");
	buf_add_fill(&alias, ']', 20);
	assert_int_equal(parses(buf_str(&alias), &e), -1);
	assert_non_null(strstr(e.text, "deep"));
}

static void many_nodes_or_anchors_are_refused(void **state)
{
	auto_buf struct buf nodes = BUF_INIT(TEST_MAX), anchors = BUF_INIT(TEST_MAX);
	struct err e = { 0 };

	(void)state;
	buf_add_byte(&nodes, '[');
	for (int i = 0; i < 300000; i++)
		buf_add_str(&nodes, "a,");
	buf_add_byte(&nodes, ']');
	assert_int_equal(parses(buf_str(&nodes), &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	for (int i = 0; i < 1000; i++)
		buf_printf(&anchors, "- &a%d x\n", i);
	assert_int_equal(parses(buf_str(&anchors), &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

static void many_keys_are_compared_quickly(void **state)
{
	auto_buf struct buf text = BUF_INIT(TEST_MAX);
	struct err e = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_printf(&text, "key%d: x\n", i);
	assert_int_equal(parses(buf_str(&text), &e), 0);
	buf_add_str(&text, "key4711: again\n");
	assert_int_equal(parses(buf_str(&text), &e), -1);
	assert_non_null(
		strstr(e.text, ":100001:1: key 'key4711' again, first in line 4712"));
}

/* What YAML 1.1 reads as something else, or not at all, when it is written as it is. */
static const char *const traps[] = { "yes", "no", "Yes", "NO", "y", "N", "true", "False",
	"on", "OFF", "null", "Null", "~", "", " ", "1.35", "0755", "0x1f", "1e3", ".inf",
	"-.INF", ".nan", "1:30", "190:20:30", "2026-11-23", "2026-11-23T00:00:00Z",
	"1_000", "+1", "-1", "0", "=", "<<", "a: b", "a:", ":a", "# x", "a # x", "a#b",
	" leading", "trailing ", "- x", "-", "---", "...", "? x", "?", "!tag", "&anchor",
	"*alias", "%YAML", "@at", "`tick", "'single'", "\"double\"", "a'b", "a\"b",
	"back\\slash", "{a}", "[a]", "a, b", "a]", "|", ">", "|-", "line\nbreak",
	"tab\there", "\ttab", "cr\rhere", "bell\a", "\x7f", "del\x1b[31m", "\xc2\x85",
	"\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf mark", "\xc2\xa0nbsp",
	"\xc3\xa9t\xc3\xa9", "\xf0\x9f\x98\x80", "plain", "debian/trixie",
	"/etc/os-release", "a.b-c_d+e", "_x", "yesterday", "nothing", "12ab", "v1.2",
	"true.", "x86_64", "a b", "\xef\xbf\xbe", "\xef\xbf\xbf" };

static void written_scalars_are_read_back_as_the_same_string(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(traps); i++) {
		auto_buf struct buf text = BUF_INIT(TEST_MAX);
		auto_yaml struct ydoc doc = { 0 };

		buf_add_str(&text, "list:\n- k: ");
		yaml_write_scalar(&text, traps[i]);
		buf_add_str(&text, "\n  ");
		yaml_write_scalar(&text, traps[i]);
		buf_add_str(&text, ": [");
		yaml_write_scalar(&text, traps[i]);
		buf_add_str(&text, "]\n");
		parse(buf_str(&text), &doc);

		const struct ynode *map = yaml_get(doc.root, "list")->item[0];

		assert_string_equal(yaml_get(map, "k")->text, traps[i]);
		assert_string_equal(map->item[2]->text, traps[i]);
		assert_string_equal(map->item[3]->item[0]->text, traps[i]);
	}
}

static void only_words_are_written_plain(void **state)
{
	static const char *const plain[] = { "plain", "debian/trixie", "/etc/os-release",
		"a.b-c_d+e", "_x", "yesterday", "v1.2", "x86_64" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(traps); i++) {
		auto_buf struct buf text = BUF_INIT(TEST_MAX);
		bool word = strcmp(traps[i], "nothing") == 0 ||
			    strcmp(traps[i], "true.") == 0;

		for (size_t k = 0; k < ARRAY_COUNT(plain); k++)
			word = word || strcmp(traps[i], plain[k]) == 0;
		yaml_write_scalar(&text, traps[i]);
		if ((buf_str(&text)[0] != '"') != word)
			fail_msg("%s is written %s", traps[i], buf_str(&text));
	}
}

static void stray_bytes_are_written_as_text_that_parses(void **state)
{
	auto_buf struct buf text = BUF_INIT(TEST_MAX);
	auto_yaml struct ydoc doc = { 0 };

	(void)state;
	yaml_write_scalar(&text, "caf\xe9");
	assert_string_equal(buf_str(&text), "\"caf\\xE9\"");
	parse(buf_str(&text), &doc);
	assert_string_equal(doc.root->text, "caf\xc3\xa9");
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nodes_know_their_text_style_and_place),
		T(columns_count_characters),
		T(errors_name_place_and_reason),
		T(str_and_binary_tags_make_strings),
		T(merges_bring_in_what_is_not_there),
		T(faults_are_told_all),
		T(a_byte_order_mark_is_nothing),
		T(second_document_is_ignored),
		T(empty_document_has_no_root),
		T(ceiling_is_exact),
		T(aliases_are_the_anchors_node),
		T(alias_bomb_is_refused),
		T(depth_ends_at_32_also_through_aliases),
		T(many_nodes_or_anchors_are_refused),
		T(many_keys_are_compared_quickly),
		T(written_scalars_are_read_back_as_the_same_string),
		T(only_words_are_written_plain),
		T(stray_bytes_are_written_as_text_that_parses),
	};

	return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
