#include "builder/template.h"

#include <ctype.h>

#define ROUNDS_MAX 8
#define DEPTH_MAX  16
#define WORD_MAX   256
#define VALUE_MAX  (1U << 20)

/* One {{ }} or {% %}: a cursor over its inside. */
struct tag {
	const char *at, *end;
};

struct render {
	const char *start, *at;
	const struct template_vars *vars;
	struct buf *out;
	struct err *e;
	unsigned int depth;
	bool quiet; /* inside a branch not taken: parse, print nothing */
};

static int fail(struct render *r, const char *at, const char *what, const char *detail)
{
	unsigned int line = 1;

	for (const char *p = r->start; p < at; p++)
		line += *p == '\n';
	return err_set(r->e, ERR_RECIPE, "template line %u: %s '%s'", line, what, detail);
}

/* ---- words of a tag */

static void skip_blanks(struct tag *t)
{
	while (t->at < t->end && isspace((unsigned char)*t->at))
		t->at++;
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-';
}

/* A run of name characters; "" when there is none. */
static void take_word(struct tag *t, char out[WORD_MAX])
{
	size_t len = 0;

	skip_blanks(t);
	while (t->at < t->end && is_word_char(*t->at) && len < WORD_MAX - 1)
		out[len++] = *t->at++;
	out[len] = '\0';
}

static bool take(struct tag *t, const char *symbol)
{
	size_t len = strlen(symbol);

	skip_blanks(t);
	if ((size_t)(t->end - t->at) < len || strncmp(t->at, symbol, len) != 0)
		return false;
	if (isalpha((unsigned char)symbol[0]) && t->at + len < t->end &&
		is_word_char(t->at[len]))
		return false;
	t->at += len;
	return true;
}

/* A literal or a variable, appended to out; sets *defined. */
static int take_operand(struct render *r, struct tag *t, struct buf *out, bool *defined)
{
	char word[WORD_MAX];
	char quote;

	skip_blanks(t);
	*defined = true;
	if (t->at < t->end && (*t->at == '"' || *t->at == '\'')) {
		quote = *t->at++;
		while (t->at < t->end && *t->at != quote) {
			t->at += *t->at == '\\' && t->at + 1 < t->end;
			buf_add_byte(out, (unsigned char)*t->at++);
		}
		if (t->at == t->end)
			return fail(r, t->at, "unterminated", "string");
		t->at++;
		return 0;
	}
	take_word(t, word);
	if (word[0] == '\0')
		return fail(r, t->at, "expected a value at",
			t->at < t->end ? "symbol" : "end");
	if (isdigit((unsigned char)word[0]))
		buf_add_str(out, word);
	else
		*defined = r->vars->find(r->vars->ctx, word, out);
	return 0;
}

/* ---- filters */

static void filter_capfirst(struct buf *value, const char *arg)
{
	(void)arg;
	if (value->len)
		value->data[0] = (unsigned char)toupper(value->data[0]);
}

static void filter_upper(struct buf *value, const char *arg)
{
	(void)arg;
	for (size_t i = 0; i < value->len; i++)
		value->data[i] = (unsigned char)toupper(value->data[i]);
}

static void filter_lower(struct buf *value, const char *arg)
{
	(void)arg;
	for (size_t i = 0; i < value->len; i++)
		value->data[i] = (unsigned char)tolower(value->data[i]);
}

static void filter_default(struct buf *value, const char *arg)
{
	if (value->len == 0)
		buf_add_str(value, arg);
}

static void filter_length(struct buf *value, const char *arg)
{
	size_t len = value->len;

	(void)arg;
	buf_clear(value);
	buf_printf(value, "%zu", len);
}

struct filter_entry {
	const char *name;
	void (*apply)(struct buf *value, const char *arg);
};

static const struct filter_entry filters[] = {
	{ "capfirst", filter_capfirst },
	{ "upper", filter_upper },
	{ "lower", filter_lower },
	{ "default", filter_default },
	{ "length", filter_length },
};

static int take_filters(struct render *r, struct tag *t, struct buf *value)
{
	while (take(t, "|")) {
		auto_buf struct buf arg = BUF_INIT(VALUE_MAX);
		const struct filter_entry *f = NULL;
		char name[WORD_MAX];
		bool defined;

		take_word(t, name);
		for (size_t i = 0; i < ARRAY_COUNT(filters); i++)
			if (strcmp(filters[i].name, name) == 0)
				f = &filters[i];
		if (!f)
			return fail(r, t->at, "unknown filter", name);
		if (take(t, ":") && take_operand(r, t, &arg, &defined) < 0)
			return -1;
		f->apply(value, buf_str(&arg));
	}
	return 0;
}

static int take_value(struct render *r, struct tag *t, struct buf *out)
{
	bool defined;

	if (take_operand(r, t, out, &defined) < 0)
		return -1;
	return take_filters(r, t, out);
}

/* ---- conditions: or < and < not < comparison */

static int condition(struct render *r, struct tag *t, bool *out);

static bool is_true(const struct buf *value)
{
	const char *s = buf_str(value);

	return s[0] != '\0' && strcmp(s, "False") != 0 && strcmp(s, "0") != 0;
}

static int comparison(struct render *r, struct tag *t, bool *out)
{
	auto_buf struct buf left = BUF_INIT(VALUE_MAX), right = BUF_INIT(VALUE_MAX);
	bool differ = false, inside = false;

	if (take(t, "(")) {
		if (condition(r, t, out) < 0)
			return -1;
		return take(t, ")") ? 0 : fail(r, t->at, "expected", ")");
	}
	if (take_value(r, t, &left) < 0)
		return -1;
	if (!take(t, "==") && !(differ = take(t, "!=")) && !(inside = take(t, "in"))) {
		*out = is_true(&left);
		return 0;
	}
	if (take_value(r, t, &right) < 0)
		return -1;
	if (inside)
		*out = strstr(buf_str(&right), buf_str(&left)) != NULL;
	else
		*out = bytes_equal(buf_bytes(&left), buf_bytes(&right)) != differ;
	return 0;
}

static int negation(struct render *r, struct tag *t, bool *out)
{
	bool no = false;

	while (take(t, "not") || (t->at + 1 < t->end && t->at[1] != '=' && take(t, "!")))
		no = !no;
	if (comparison(r, t, out) < 0)
		return -1;
	*out = *out != no;
	return 0;
}

static int conjunction(struct render *r, struct tag *t, bool *out)
{
	bool more;

	if (negation(r, t, out) < 0)
		return -1;
	while (take(t, "and") || take(t, "&&")) {
		if (negation(r, t, &more) < 0)
			return -1;
		*out = *out && more;
	}
	return 0;
}

static int condition(struct render *r, struct tag *t, bool *out)
{
	bool more;

	if (++r->depth > DEPTH_MAX)
		return fail(r, t->at, "nested too deeply", "condition");
	if (conjunction(r, t, out) < 0)
		return -1;
	while (take(t, "or") || take(t, "||")) {
		if (conjunction(r, t, &more) < 0)
			return -1;
		*out = *out || more;
	}
	r->depth--;
	return 0;
}

static int tag_ends(struct render *r, struct tag *t)
{
	char word[WORD_MAX];

	skip_blanks(t);
	if (t->at == t->end)
		return 0;
	take_word(t, word);
	return fail(r, t->at, "unexpected", word[0] ? word : "symbol");
}

/* ---- text and tags */

/* Cuts the tag that begins at r->at ("{{", "{%" or "{#") and moves behind it. */
static int cut_tag(struct render *r, struct tag *out)
{
	const char close[3] = { r->at[1] == '{' ? '}' : r->at[1], '}', '\0' };
	const char *start = r->at, *end = strstr(start + 2, close);
	bool trim_left, trim_right;

	if (!end)
		return fail(r, start, "unterminated", start[1] == '{' ? "{{" : "{%");
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

static int render_block(struct render *r, struct tag *stop, char stop_word[WORD_MAX]);

static int render_if(struct render *r, struct tag *t)
{
	bool was_quiet = r->quiet, done = false, taken;
	char word[WORD_MAX] = "if";

	for (;;) {
		bool is_else = strcmp(word, "else") == 0;

		taken = true;
		if (!is_else && condition(r, t, &taken) < 0)
			return -1;
		if (tag_ends(r, t) < 0)
			return -1;
		r->quiet = was_quiet || done || !taken;
		done = done || taken;
		if (render_block(r, t, word) < 0)
			return -1;
		r->quiet = was_quiet;
		if (strcmp(word, "endif") == 0)
			return tag_ends(r, t);
		if (word[0] == '\0')
			return fail(r, r->at, "missing", "{% endif %}");
		if (is_else)
			return fail(r, r->at, "after {% else %} comes", word);
	}
}

static bool ends_block(const char *word)
{
	return strcmp(word, "elif") == 0 || strcmp(word, "else") == 0 ||
	       strcmp(word, "endif") == 0;
}

static int render_tag(struct render *r, struct tag *t, char word[WORD_MAX])
{
	take_word(t, word);
	if (ends_block(word))
		return 1;
	if (strcmp(word, "if") == 0)
		return render_if(r, t);
	return fail(r, t->at, "unknown tag", word);
}

static int render_variable(struct render *r, struct tag *t)
{
	auto_buf struct buf value = BUF_INIT(VALUE_MAX);

	if (take_value(r, t, &value) < 0 || tag_ends(r, t) < 0)
		return -1;
	if (!r->quiet)
		buf_add(r->out, value.data, value.len);
	return 0;
}

/* Up to the end of the text (stop_word "") or the tag that ends this block. */
static int render_block(struct render *r, struct tag *stop, char stop_word[WORD_MAX])
{
	struct tag t;
	int rc;

	if (++r->depth > DEPTH_MAX)
		return fail(r, r->at, "nested too deeply", "{% if %}");
	stop_word[0] = '\0';
	for (;;) {
		char kind;

		copy_text(r);
		if (!*r->at)
			break;
		kind = r->at[1];
		if (cut_tag(r, &t) < 0)
			return -1;
		if (kind == '#')
			continue;
		rc = kind == '{' ? render_variable(r, &t) : render_tag(r, &t, stop_word);
		if (rc < 0)
			return -1;
		if (rc > 0) {
			*stop = t;
			break;
		}
		stop_word[0] = '\0';
	}
	r->depth--;
	return 0;
}

static int render_once(const char *text, const struct template_vars *vars,
	struct buf *out, struct err *e)
{
	struct render r = { .start = text, .at = text, .vars = vars, .out = out, .e = e };
	char word[WORD_MAX];
	struct tag stop;

	if (render_block(&r, &stop, word) < 0)
		return -1;
	if (word[0])
		return fail(&r, r.at, "without {% if %}:", word);
	return buf_check(out, "the rendered template", e);
}

static bool has_template(const char *text)
{
	return strstr(text, "{{") || strstr(text, "{%");
}

int template_render(const char *text, const struct template_vars *vars, struct buf *out,
	struct err *e)
{
	auto_buf struct buf before = BUF_INIT(VALUE_MAX);

	buf_add_str(&before, text);
	for (int round = 0; round < ROUNDS_MAX; round++) {
		auto_buf struct buf after = BUF_INIT(VALUE_MAX);

		if (buf_check(&before, "the template", e) < 0 ||
			render_once(buf_str(&before), vars, &after, e) < 0)
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
