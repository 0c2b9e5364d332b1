#include "builder/template.h"

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
	else
		return false;
	return true;
}

static const struct template_vars vars = { .find = find };

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
	fails("{% for x in y %}", "unknown tag 'for'");
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
		cmocka_unit_test(template_trims_where_asked),
		cmocka_unit_test(template_filters),
		cmocka_unit_test(template_decides),
		cmocka_unit_test(template_renders_what_a_value_brought),
		cmocka_unit_test(template_names_the_line_of_a_mistake),
		cmocka_unit_test(template_nests_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
