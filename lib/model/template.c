#include "lib/model/template.h"

#include "lib/model/template_expr.h"

#include <ctype.h>
#include <inttypes.h>

#define ROUNDS_MAX 8
#define STEPS_MAX  10000U

/* ---- tags */

/* Behind the end of a tag's inside; quoted text may hold what would end it. */
static const char *find_close(const char *p, const char close[3])
{
	char quote = '\0';

	for (; *p; p++) {
		if (quote && *p == '\\' && p[1])
			p++;
		else if (quote)
			quote = *p == quote ? '\0' : quote;
		else if (p[0] == close[0] && p[1] == close[1])
			return p;
		else if (close[0] != '#' && (*p == '"' || *p == '\''))
			quote = *p;
	}
	return NULL;
}

/* Cuts the tag that begins at r->at ("{{", "{%" or "{#") and moves behind it. */
static int cut_tag(struct render *r, struct tag *out)
{
	const char close[3] = { r->at[1] == '{' ? '}' : r->at[1], '}', '\0' };
	const char *start = r->at, *end = find_close(start + 2, close);
	bool trim_left, trim_right;

	if (!end)
		end = strstr(start + 2, close);
	if (!end)
		return template_fail(
			r, start, "unterminated", start[1] == '{' ? "{{" : "{%");
	*out = (struct tag){ .at = start + 2, .end = end };
	trim_left = out->at < out->end && *out->at == '-';
	out->at += trim_left;
	trim_right = out->at < out->end && out->end[-1] == '-';
	out->end -= trim_right;
	r->at = end + 2;
	if (trim_left && !r->quiet)
		while (r->out->len && isspace(r->out->data[r->out->len - 1]))
			r->out->len--;
	while (trim_right && isspace((unsigned char)*r->at))
		r->at++;
	return 0;
}

/* Copies text up to the next tag. */
static void copy_text(struct render *r)
{
	const char *p = r->at;

	while (*p && !(p[0] == '{' && (p[1] == '{' || p[1] == '%' || p[1] == '#')))
		p++;
	if (!r->quiet)
		buf_add(r->out, r->at, (size_t)(p - r->at));
	r->at = p;
}

/* What ended a block: the cursor behind the word. */
struct stop {
	char word[TEMPLATE_WORD_MAX];
	struct tag tag;
};

static int render_block(struct render *r, struct stop *stop);

/* A block that must end with one of two words. */
static int render_until(
	struct render *r, const char *end, const char *other, struct stop *stop)
{
	char what[64];

	if (render_block(r, stop) < 0)
		return -1;
	if (strcmp(stop->word, end) == 0 || strcmp(stop->word, other) == 0)
		return 0;
	if (stop->word[0])
		return template_fail(r, r->at, "out of place:", stop->word);
	snprintf(what, sizeof(what), "{%% %s %%}", end);
	return template_fail(r, r->at, "missing", what);
}

/* The name must live as long as the rendering. */
static struct binding *bind(struct render *r, const char *name)
{
	struct binding *b = arena_alloc(r->arena, sizeof(*b));

	*b = (struct binding){ .next = r->scope, .name = name };
	r->scope = b;
	return b;
}

static void bind_number(
	struct render *r, const char *name, enum value_kind kind, int64_t number)
{
	struct binding *b = bind(r, name);

	b->value.kind = kind;
	b->value.number = number;
}

static int is_condition_true(struct render *r, struct tag *t, bool *out)
{
	auto_value struct value v = VALUE_INIT;

	if (tag_value(r, t, &v) < 0)
		return -1;
	*out = value_is_true(&v);
	return 0;
}

static int render_if(struct render *r, struct tag *t)
{
	bool was_quiet = r->quiet, done = false, taken;
	struct stop stop = { .word = "if", .tag = *t };

	for (;;) {
		bool is_else = strcmp(stop.word, "else") == 0;

		taken = true;
		if (!is_else && is_condition_true(r, &stop.tag, &taken) < 0)
			return -1;
		if (tag_end(r, &stop.tag) < 0)
			return -1;
		r->quiet = was_quiet || done || !taken;
		done = done || taken;
		if (render_block(r, &stop) < 0)
			return -1;
		r->quiet = was_quiet;
		if (strcmp(stop.word, "endif") == 0)
			return tag_end(r, &stop.tag);
		if (stop.word[0] == '\0')
			return template_fail(r, r->at, "missing", "{% endif %}");
		if (is_else)
			return template_fail(
				r, r->at, "after {% else %} comes", stop.word);
		if (strcmp(stop.word, "elif") != 0 && strcmp(stop.word, "else") != 0)
			return template_fail(r, r->at, "out of place:", stop.word);
	}
}

/* "set NAME = EXPR" and each NAME=EXPR of with: a name from here on. */
static int take_binding(struct render *r, struct tag *t, bool *any)
{
	auto_value struct value v = VALUE_INIT;
	char name[TEMPLATE_WORD_MAX];
	struct binding *b;

	tag_word(t, name);
	*any = name[0] != '\0';
	if (!*any)
		return 0;
	if (!tag_take(t, "="))
		return template_fail(r, t->at, "expected = behind", name);
	if (tag_value(r, t, &v) < 0)
		return -1;
	if (r->quiet && !r->judge)
		return 0;
	b = bind(r, arena_strdup(r->arena, name));
	b->value = (struct value){ .kind = v.kind, .number = v.number };
	b->value.text.data = (unsigned char *)arena_strdup(r->arena, buf_str(&v.text));
	b->value.text.len = v.text.len;
	return 0;
}

static int render_set(struct render *r, struct tag *t)
{
	bool any;

	if (take_binding(r, t, &any) < 0)
		return -1;
	return any ? tag_end(r, t)
		   : template_fail(r, t->at, "expected a name behind", "set");
}

static int render_with(struct render *r, struct tag *t)
{
	const struct binding *before = r->scope;
	struct stop stop;
	bool any = true;

	while (any)
		if (take_binding(r, t, &any) < 0)
			return -1;
	if (tag_end(r, t) < 0 || render_until(r, "endwith", "endwith", &stop) < 0)
		return -1;
	r->scope = before;
	return tag_end(r, &stop.tag);
}

static void bind_item(
	struct render *r, const char *name, const struct value *list, int64_t i)
{
	struct binding *item = bind(r, name);

	if (list->kind == VALUE_LIST)
		item->path =
			arena_printf(r->arena, "%s.%" PRId64, buf_str(&list->text), i);
	bind_number(r, "forloop.Counter", VALUE_NUMBER, i + 1);
	bind_number(r, "forloop.Counter0", VALUE_NUMBER, i);
	bind_number(r, "forloop.First", VALUE_BOOL, i == 0);
	bind_number(r, "forloop.Last", VALUE_BOOL, i + 1 == list->number);
}

/* The body once an item; without items once in silence, to find its end. */
static int render_items(
	struct render *r, const char *name, const struct value *list, struct stop *stop)
{
	int64_t count = list->kind == VALUE_LIST && !r->quiet ? list->number : 0;
	const struct binding *before = r->scope;
	bool was_quiet = r->quiet;
	const char *body = r->at;

	if (count == 0) {
		r->quiet = true;
		bind_item(r, name, list, 0);
		if (render_until(r, "endfor", "empty", stop) < 0)
			return -1;
	}
	for (int64_t i = 0; i < count; i++) {
		r->at = body;
		bind_item(r, name, list, i);
		if (render_until(r, "endfor", "empty", stop) < 0)
			return -1;
		r->scope = before;
	}
	r->scope = before;
	r->quiet = was_quiet;
	return 0;
}

static int render_for(struct render *r, struct tag *t)
{
	auto_value struct value list = VALUE_INIT;
	char name[TEMPLATE_WORD_MAX];
	bool was_quiet = r->quiet;
	struct stop stop;

	tag_word(t, name);
	if (!name[0] || !tag_take(t, "in"))
		return template_fail(r, t->at, "expected NAME in LIST behind", "for");
	if (tag_value(r, t, &list) < 0 || tag_end(r, t) < 0 ||
		render_items(r, name, &list, &stop) < 0)
		return -1;
	if (strcmp(stop.word, "endfor") == 0)
		return tag_end(r, &stop.tag);
	r->quiet = was_quiet || list.kind == VALUE_LIST;
	if (tag_end(r, &stop.tag) < 0 || render_until(r, "endfor", "endfor", &stop) < 0)
		return -1;
	r->quiet = was_quiet;
	return tag_end(r, &stop.tag);
}

static const struct {
	const char *word;
	int (*render)(struct render *r, struct tag *t);
} tags[] = {
	{ "if", render_if },
	{ "for", render_for },
	{ "set", render_set },
	{ "with", render_with },
};

static bool ends_block(const char *word)
{
	static const char *const words[] = { "elif", "else", "endif", "empty", "endfor",
		"endwith" };

	for (size_t i = 0; i < ARRAY_COUNT(words); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* 1: the tag ends the block. */
static int render_tag(struct render *r, struct stop *stop)
{
	tag_word(&stop->tag, stop->word);
	if (ends_block(stop->word))
		return 1;
	for (size_t i = 0; i < ARRAY_COUNT(tags); i++)
		if (strcmp(stop->word, tags[i].word) == 0)
			return tags[i].render(r, &stop->tag);
	return template_fail(r, stop->tag.at, "unknown tag", stop->word);
}

static int render_variable(struct render *r, struct tag *t)
{
	auto_value struct value v = VALUE_INIT;

	if (tag_value(r, t, &v) < 0 || tag_end(r, t) < 0)
		return -1;
	if (!r->quiet)
		value_print(&v, r->out);
	return 0;
}

static int render_next(struct render *r, struct stop *stop)
{
	char kind = r->at[1];

	if (++r->steps > STEPS_MAX)
		return template_fail(r, r->at, "more than 10,000 steps at", "{%");
	if (cut_tag(r, &stop->tag) < 0)
		return -1;
	if (kind == '#')
		return 0;
	return kind == '{' ? render_variable(r, &stop->tag) : render_tag(r, stop);
}

/* Up to the end of the text (word "") or the tag that ends this block. */
static int render_block(struct render *r, struct stop *stop)
{
	int rc = 0;

	if (++r->depth > TEMPLATE_DEPTH_MAX)
		return template_fail(r, r->at, "nested too deeply", "{% if %}");
	while (rc == 0) {
		stop->word[0] = '\0';
		copy_text(r);
		if (!*r->at)
			break;
		rc = render_next(r, stop);
	}
	r->depth--;
	return rc < 0 ? -1 : 0;
}

/* ---- whole texts */

static int render_once(struct render *r)
{
	struct arena arena = { 0 };
	struct stop stop;
	int rc;

	/* cppcheck-suppress autoVariables ; taken back before it goes */
	r->arena = &arena;
	r->scope = NULL;
	rc = render_block(r, &stop);
	if (rc == 0 && stop.word[0])
		rc = template_fail(r, r->at, "without its beginning:", stop.word);
	r->arena = NULL;
	arena_release(&arena);
	return rc;
}

int template_render_once(const char *text, const struct template_vars *vars,
	struct buf *out, struct err *e)
{
	struct render r = { .start = text, .at = text, .vars = vars, .out = out, .e = e };

	return render_once(&r) < 0 ? -1 : buf_check(out, "the rendered template", e);
}

static bool has_template(const char *text)
{
	return strstr(text, "{{") || strstr(text, "{%");
}

int template_render(const char *text, const struct template_vars *vars, struct buf *out,
	struct err *e)
{
	auto_buf struct buf before = BUF_INIT(TEMPLATE_VALUE_MAX);

	buf_add_str(&before, text);
	for (int round = 0; round < ROUNDS_MAX; round++) {
		auto_buf struct buf after = BUF_INIT(TEMPLATE_VALUE_MAX);
		const char *start = buf_str(&before);
		struct render r = {
			.start = start, .at = start, .vars = vars, .out = &after, .e = e
		};

		if (buf_check(&before, "the template", e) < 0 || render_once(&r) < 0 ||
			buf_check(&after, "the rendered template", e) < 0)
			return -1;
		if (!has_template(buf_str(&after))) {
			buf_add(out, after.data, after.len);
			return buf_check(out, "the rendered template", e);
		}
		buf_clear(&before);
		buf_add(&before, after.data, after.len);
	}
	return err_set(e, ERR_RECIPE,
		"the template still makes templates after %d rounds; does a value name "
		"itself?",
		ROUNDS_MAX);
}

/* "template line 3: ..." without what the judge says itself. */
static const char *bare_sentence(const char *text, unsigned int *line)
{
	int skip = 0;

	*line = 1;
	if (sscanf(text, "template line %u: %n", line, &skip) == 1 && skip > 0)
		return text + skip;
	return text;
}

void template_check(const char *text, const struct template_vars *vars,
	const struct template_judge *judge)
{
	auto_buf struct buf nothing = BUF_INIT(16);
	struct err e;
	struct render r = { .start = text,
		.at = text,
		.vars = vars,
		.judge = judge,
		.out = &nothing,
		.e = &e,
		.quiet = true };
	const char *sentence;
	unsigned int line;

	if (render_once(&r) == 0)
		return;
	sentence = bare_sentence(e.text, &line);
	judge->say(judge->ctx, line, sentence);
}
