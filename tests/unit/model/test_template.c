#include "lib/model/template.h"

#include "tests/unit/unit.h"

static bool find(const void *ctx, const char *path, struct buf *out)
{
	(void)ctx;
	if (strcmp(path, "image.release") == 0)
		buf_add_str(out, "trixie");
	else if (strcmp(path, "image.variant") == 0)
		buf_add_str(out, "default");
	else if (strcmp(path, "again") == 0)
		buf_add_str(out, "<{{ image.release }}>");
	else if (strcmp(path, "loop") == 0)
		buf_add_str(out, "{{ loop }}");
	else if (strncmp(path, "list.", 5) == 0 && strspn(path + 5, "012") == 1)
		buf_add_byte(out, (unsigned char)('a' + path[5] - '0'));
	else
		return false;
	return true;
}

static size_t count(const void *ctx, const char *path)
{
	(void)ctx;
	return strcmp(path, "list") == 0 ? 3 : 0;
}

static bool know(const void *ctx, const char *path)
{
	(void)ctx;
	return strncmp(path, "image.", 6) == 0 || strncmp(path, "list", 4) == 0;
}

static const struct template_vars vars = { .find = find, .count = count, .know = know };

static void gives(const char *text, const char *want)
{
	auto_buf struct buf out = BUF_INIT(4096);
	struct err e;

	if (template_render(text, &vars, &out, &e) < 0)
		fail_msg("'%s': %s", text, e.text);
	assert_string_equal(buf_str(&out), want);
}

static void fails(const char *text, const char *word)
{
	auto_buf struct buf out = BUF_INIT(4096);
	struct err e;

	assert_int_equal(template_render(text, &vars, &out, &e), -1);
	assert_int_equal(e.code, ERR_RECIPE);
	if (!strstr(e.text, word))
		fail_msg("'%s' does not say '%s'", e.text, word);
}

static void template_leaves_text_alone(void **state)
{
	(void)state;
	gives("", "");
	gives("a { b } % {x} \n", "a { b } % {x} \n");
}

static void template_puts_values(void **state)
{
	(void)state;
	gives("{{ image.release }}", "trixie");
	gives("{{image.release}}/{{ image.variant }}", "trixie/default");
	gives("[{{ image.unknown }}]", "[]");
	gives("{{ \"lit\" }}{{ 'x' }}{{ 42 }}", "litx42");
	gives("a{# nothing #}b", "ab");
}

static void template_asks_by_a_call(void **state)
{
	auto_buf struct buf out = BUF_INIT(4096);
	struct err e;

	(void)state;
	gives("{{ image(\"release\") }}", "trixie");
	gives("{{ image(\"none\", 'else') }}{{ image('none') }}", "else");
	gives("{{ image('none', image.variant) }}", "default");
	gives("{% if image('none', \"\") == \"\" %}yes{% endif %}", "yes");
	fails("{{ image('none' }}", "expected");
	assert_int_equal(template_render_once("{{ again }}", &vars, &out, &e), 0);
	assert_string_equal(buf_str(&out), "<{{ image.release }}>");
}

static void template_trims_where_asked(void **state)
{
	(void)state;
	gives("a  {{- image.release -}}  b", "atrixieb");
	gives("a {{ image.release -}} b", "a trixieb");
}

static void template_filters(void **state)
{
	(void)state;
	gives("{{ image.release|capfirst }}", "Trixie");
	gives("{{ image.release | upper }}", "TRIXIE");
	gives("{{ image.none|default:\"x\" }}{{ image.release|default:\"x\" }}",
		"xtrixie");
	gives("{{ image.release|length }}", "6");
	fails("{{ image.release|shout }}", "unknown filter 'shout'");
}

static void template_decides(void **state)
{
	(void)state;
	gives("{% if image.variant == \"default\" %}a{% else %}b{% endif %}", "a");
	gives("{% if image.variant != \"default\" %}a{% endif %}c", "c");
	gives("{% if image.none %}a{% elif image.release == 'trixie' %}b{% else %}c{% "
	      "endif %}",
		"b");
	gives("{% if not image.none and image.release %}a{% endif %}", "a");
	gives("{% if image.none or \"rix\" in image.release %}a{% endif %}", "a");
	gives("{% if (image.none or image.release) and not image.none %}a{% endif %}",
		"a");
	gives("{% if image.none %}{% if image.release %}a{% endif %}b{% else %}c{% endif "
	      "%}",
		"c");
	gives("{% if 1 %}{% if image.none %}a{% else %}b{% endif %}{% endif %}", "b");
}

static void template_walks_lists(void **state)
{
	(void)state;
	gives("{% for x in list %}{{ forloop.Counter }}{{ x }}{% if not forloop.Last %},"
	      "{% endif %}{% endfor %}",
		"1a,2b,3c");
	gives("{% for x in none %}a{% empty %}b{% endfor %}c", "bc");
	gives("{% for x in list %}{{ x }}{% empty %}no{% endfor %}", "abc");
	gives("{% for x in list %}{% for y in list %}{{ x }}{{ y }} {% endfor %}{% "
	      "endfor %}",
		"aa ab ac ba bb bc ca cb cc ");
	gives("{% if image.none %}{% for x in list %}{{ x }}{% endfor %}{% endif %}", "");
	gives("{{ list|length }}{{ list|join:\"-\" }}{{ list|first }}{{ list|last }}",
		"3a-b-cac");
	gives("{% if \"b\" in list %}y{% endif %}{% if \"z\" not in list %}n{% endif %}",
		"yn");
	gives("{{ list.1 }}", "b");
}

static void template_remembers_names(void **state)
{
	(void)state;
	gives("{% set x = image.release|upper %}{{ x }}", "TRIXIE");
	gives("{% with a=1 b=\"q\" %}{{ a }}{{ b }}{% endwith %}[{{ a }}]", "1q[]");
	gives("{% if image.none %}{% set x = 1 %}{% endif %}[{{ x }}]", "[]");
}

static void template_calculates(void **state)
{
	(void)state;
	gives("{{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ 7 / 2 }} {{ 7 % 2 }} {{ -1 }}",
		"7 9 3 1 -1");
	gives("{{ 3|add:1 }} {{ \"a\"|add:\"b\" }}", "4 ab");
	gives("{% if 2 < 10 and 3 >= 3 and not (2 > 3) %}y{% endif %}", "y");
	gives("{{ \"}}\" }}", "}}");
}

static void template_stops_at_bounds(void **state)
{
	auto_buf struct buf deep = BUF_INIT(4096);

	(void)state;
	for (int i = 0; i < 10; i++)
		buf_add_str(&deep, "{% for x in list %}");
	buf_add_str(&deep, "{{ x }}");
	for (int i = 0; i < 10; i++)
		buf_add_str(&deep, "{% endfor %}");
	fails(buf_str(&deep), "more than 10,000 steps");
}

struct said {
	unsigned int line[8];
	char text[8][128];
	size_t count;
};

static void say(void *ctx, unsigned int line, const char *sentence)
{
	struct said *s = ctx;

	assert_true(s->count < 8);
	s->line[s->count] = line;
	snprintf(s->text[s->count++], 128, "%s", sentence);
}

static void template_check_sees_every_branch(void **state)
{
	struct said s = { .count = 0 };
	const struct template_judge judge = { .say = say, .ctx = &s };

	(void)state;
	template_check("{{ image.release }}{% for x in list %}{{ x.name }}{{ "
		       "forloop.Last }}{% endfor %}{% set q = 1 %}{{ q / 0 }}",
		&vars, &judge);
	assert_int_equal(s.count, 0);
	template_check(
		"{% if image.none %}\n{{ imag.x }}\n{% else %}{{ nope }}\n{{ image.x|y "
		"}}{{ z }}{% endif %}",
		&vars, &judge);
	assert_int_equal(s.count, 3);
	assert_int_equal(s.line[0], 2);
	assert_non_null(strstr(s.text[0], "'imag.x'"));
	assert_int_equal(s.line[1], 3);
	assert_int_equal(s.line[2], 4);
	assert_non_null(strstr(s.text[2], "unknown filter 'y'"));
}

static void template_renders_what_a_value_brought(void **state)
{
	(void)state;
	gives("{{ again }}", "<trixie>");
	fails("{{ loop }}", "name itself");
}

static void template_names_the_line_of_a_mistake(void **state)
{
	(void)state;
	fails("a\nb {{ image.release", "line 2: unterminated");
	fails("{% if image.release %}a", "missing");
	fails("{% endif %}", "without");
	fails("{% include x %}", "unknown tag 'include'");
	fails("{% for x in y %}", "missing '{% endfor %}'");
	fails("{% for x y %}{% endfor %}", "expected NAME in LIST");
	fails("{% if a %}{% endfor %}", "out of place: 'endfor'");
	fails("{% set x %}", "expected =");
	fails("{{ 1 / 0 }}", "no number");
	fails("{{ image.release image.variant }}", "unexpected 'image.variant'");
	fails("{{ \"open }}", "unterminated 'string'");
	fails("{% if a %}{% else %}{% else %}{% endif %}", "after {% else %}");
}

static void template_nests_within_bounds(void **state)
{
	auto_buf struct buf deep = BUF_INIT(4096);

	(void)state;
	for (int i = 0; i < 40; i++)
		buf_add_str(&deep, "{% if 1 %}");
	fails(buf_str(&deep), "too deeply");
	buf_clear(&deep);
	buf_add_str(&deep, "{% if ");
	for (int i = 0; i < 40; i++)
		buf_add_str(&deep, "(");
	buf_add_str(&deep, " %}{% endif %}");
	fails(buf_str(&deep), "too deeply");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(template_leaves_text_alone),
		cmocka_unit_test(template_puts_values),
		cmocka_unit_test(template_asks_by_a_call),
		cmocka_unit_test(template_trims_where_asked),
		cmocka_unit_test(template_filters),
		cmocka_unit_test(template_decides),
		cmocka_unit_test(template_walks_lists),
		cmocka_unit_test(template_remembers_names),
		cmocka_unit_test(template_calculates),
		cmocka_unit_test(template_stops_at_bounds),
		cmocka_unit_test(template_check_sees_every_branch),
		cmocka_unit_test(template_renders_what_a_value_brought),
		cmocka_unit_test(template_names_the_line_of_a_mistake),
		cmocka_unit_test(template_nests_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
