#include "lib/model/template_expr.h"

#include <ctype.h>
#include <inttypes.h>

void value_release(struct value *v)
{
	buf_release(&v->text);
}

void value_print(const struct value *v, struct buf *out)
{
	switch (v->kind) {
	case VALUE_TEXT:
		buf_add(out, v->text.data, v->text.len);
		break;
	case VALUE_NUMBER:
		buf_printf(out, "%" PRId64, v->number);
		break;
	case VALUE_BOOL:
		buf_add_str(out, v->number ? "True" : "False");
		break;
	case VALUE_LIST:
	case VALUE_NONE:
		break;
	}
}

bool value_is_true(const struct value *v)
{
	if (v->kind != VALUE_TEXT)
		return v->number != 0;
	return v->text.len > 0 && strcmp(buf_str(&v->text), "False") != 0;
}

static void set_number(struct value *v, enum value_kind kind, int64_t number)
{
	v->kind = kind;
	v->number = number;
	buf_clear(&v->text);
}

int template_fail(struct render *r, const char *at, const char *what, const char *detail)
{
	unsigned int line = 1;

	for (const char *p = r->start; p < at; p++)
		line += *p == '\n';
	return err_set(r->e, ERR_RECIPE, "template line %u: %s '%s'", line, what, detail);
}

/* ---- words */

static void skip_blanks(struct tag *t)
{
	while (t->at < t->end && isspace((unsigned char)*t->at))
		t->at++;
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

void tag_word(struct tag *t, char out[TEMPLATE_WORD_MAX])
{
	size_t len = 0;

	skip_blanks(t);
	while (t->at < t->end && is_word_char(*t->at) && len < TEMPLATE_WORD_MAX - 1)
		out[len++] = *t->at++;
	out[len] = '\0';
}

bool tag_take(struct tag *t, const char *symbol)
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

int tag_end(struct render *r, struct tag *t)
{
	char word[TEMPLATE_WORD_MAX];

	skip_blanks(t);
	if (t->at == t->end)
		return 0;
	tag_word(t, word);
	return template_fail(r, t->at, "unexpected", word[0] ? word : "symbol");
}

/* ---- operands */

static const struct binding *bound(const struct render *r, const char *word, size_t len)
{
	for (const struct binding *b = r->scope; b; b = b->next)
		if (strlen(b->name) == len && memcmp(b->name, word, len) == 0)
			return b;
	return NULL;
}

static int say_unknown(struct render *r, const char *at, const char *word)
{
	char sentence[TEMPLATE_WORD_MAX + 64];
	unsigned int line = 1;

	for (const char *p = r->start; p < at; p++)
		line += *p == '\n';
	snprintf(sentence, sizeof(sentence),
		"nothing is called '%s': it renders as empty", word);
	r->judge->say(r->judge->ctx, line, sentence);
	return 0;
}

static int find_path(
	struct render *r, const char *at, const char *path, struct value *out)
{
	const struct template_vars *vars = r->vars;

	if (r->judge)
		return vars->know && !vars->know(vars->ctx, path)
			       ? say_unknown(r, at, path)
			       : 0;
	if (vars->find(vars->ctx, path, &out->text)) {
		out->kind = VALUE_TEXT;
		return buf_check(&out->text, "a template's value", r->e);
	}
	if (!vars->count || !(out->number = (int64_t)vars->count(vars->ctx, path)))
		return 0;
	out->kind = VALUE_LIST;
	buf_add_str(&out->text, path);
	return 0;
}

/* A name is the template's own, or a path of which the first part may be. */
static int find_word(
	struct render *r, const char *at, const char *word, struct value *out)
{
	const struct binding *b = bound(r, word, strlen(word));
	char path[2 * TEMPLATE_WORD_MAX];

	if (b && !b->path) {
		out->kind = b->value.kind;
		out->number = b->value.number;
		buf_add(&out->text, b->value.text.data, b->value.text.len);
		return 0;
	}
	if (!b)
		b = bound(r, word, strcspn(word, "."));
	if (!b)
		return find_path(r, at, word, out);
	if (!b->path || snprintf(path, sizeof(path), "%s%s", b->path,
				word + strcspn(word, ".")) >= (int)sizeof(path))
		return 0;
	return find_path(r, at, path, out);
}

static int take_string(struct render *r, struct tag *t, struct value *out)
{
	char quote = *t->at++;

	out->kind = VALUE_TEXT;
	while (t->at < t->end && *t->at != quote) {
		t->at += *t->at == '\\' && t->at + 1 < t->end;
		buf_add_byte(&out->text, (unsigned char)*t->at++);
	}
	if (t->at == t->end)
		return template_fail(r, t->at, "unterminated", "string");
	t->at++;
	return 0;
}

/* true and false, and numbers; false: neither. */
static bool take_literal(const char *word, struct value *out)
{
	char *end;

	if (strcasecmp(word, "true") == 0 || strcasecmp(word, "false") == 0) {
		set_number(out, VALUE_BOOL, strcasecmp(word, "true") == 0);
		return true;
	}
	if (!isdigit((unsigned char)word[0]))
		return false;
	set_number(out, VALUE_NUMBER, strtoll(word, &end, 10));
	if (*end) {
		out->kind = VALUE_TEXT;
		buf_add_str(&out->text, word);
	}
	return true;
}

static int expression(struct render *r, struct tag *t, struct value *out);

/* NAME("KEY", DEFAULT): behind its bracket. */
static int take_call(struct render *r, struct tag *t, const char *at, const char *name,
	struct value *out)
{
	auto_value struct value key = VALUE_INIT, other = VALUE_INIT;
	char path[2 * TEMPLATE_WORD_MAX];

	if (++r->depth > TEMPLATE_DEPTH_MAX)
		return template_fail(r, t->at, "nested too deeply", name);
	if (expression(r, t, &key) < 0 ||
		(tag_take(t, ",") && expression(r, t, &other) < 0))
		return -1;
	r->depth--;
	if (!tag_take(t, ")"))
		return template_fail(r, t->at, "expected", ")");
	if (snprintf(path, sizeof(path), "%s.%s", name, buf_str(&key.text)) >=
		(int)sizeof(path))
		return template_fail(r, at, "too long a key for", name);
	if (find_path(r, at, path, out) < 0)
		return -1;
	if (out->kind == VALUE_NONE) {
		out->kind = other.kind;
		out->number = other.number;
		buf_add(&out->text, other.text.data, other.text.len);
	}
	return 0;
}

static int take_operand(struct render *r, struct tag *t, struct value *out)
{
	char word[TEMPLATE_WORD_MAX];
	const char *at;

	skip_blanks(t);
	at = t->at;
	if (t->at < t->end && (*t->at == '"' || *t->at == '\''))
		return take_string(r, t, out);
	tag_word(t, word);
	if (word[0] == '\0')
		return template_fail(r, t->at, "expected a value at",
			t->at < t->end ? "symbol" : "end");
	if (take_literal(word, out))
		return 0;
	return tag_take(t, "(") ? take_call(r, t, at, word, out)
				: find_word(r, at, word, out);
}

static int take_filters(struct render *r, struct tag *t, struct value *v)
{
	while (skip_blanks(t),
		t->at + 1 < t->end && t->at[1] != '|' && tag_take(t, "|")) {
		auto_value struct value arg = VALUE_INIT;
		char name[TEMPLATE_WORD_MAX];

		tag_word(t, name);
		if (tag_take(t, ":") && take_operand(r, t, &arg) < 0)
			return -1;
		if (filter_apply(r, t->at, name, v, &arg) < 0)
			return -1;
	}
	return 0;
}

/* ---- operators: or < and < not < comparison < sum < product < operand */

static int64_t as_number(const struct value *v)
{
	return v->kind == VALUE_TEXT ? strtoll(buf_str(&v->text), NULL, 10) : v->number;
}

static int factor(struct render *r, struct tag *t, struct value *out)
{
	bool minus = tag_take(t, "-");
	int rc;

	if (tag_take(t, "(")) {
		if (expression(r, t, out) < 0)
			return -1;
		rc = tag_take(t, ")") ? 0 : template_fail(r, t->at, "expected", ")");
	} else {
		rc = take_operand(r, t, out);
	}
	if (rc < 0)
		return -1;
	if (minus)
		set_number(out, VALUE_NUMBER,
			-(as_number(out) + (as_number(out) == INT64_MIN)));
	return take_filters(r, t, out);
}

static int calculate(struct render *r, const char *at, char op, struct value *left,
	const struct value *right)
{
	int64_t a = as_number(left), b = as_number(right), result = 0;
	bool over = false;

	if (op == '+' && (left->kind == VALUE_TEXT || right->kind == VALUE_TEXT))
		return filter_apply(r, at, "add", left, right);
	if (op == '+')
		over = __builtin_add_overflow(a, b, &result);
	else if (op == '-')
		over = __builtin_sub_overflow(a, b, &result);
	else if (op == '*')
		over = __builtin_mul_overflow(a, b, &result);
	else if (b == 0 || (b == -1 && a == INT64_MIN))
		over = !r->judge;
	else
		result = op == '/' ? a / b : a % b;
	if (over)
		return template_fail(r, at, "no number comes of", (char[]){ op, '\0' });
	set_number(left, VALUE_NUMBER, result);
	return 0;
}

typedef int operand_fn(struct render *r, struct tag *t, struct value *out);

/* A chain of one level's operators, from left to right. */
static int chain(struct render *r, struct tag *t, struct value *out, const char *ops,
	operand_fn *operand)
{
	if (operand(r, t, out) < 0)
		return -1;
	for (;;) {
		auto_value struct value right = VALUE_INIT;
		char op;

		skip_blanks(t);
		if (t->at == t->end || !strchr(ops, *t->at))
			return 0;
		op = *t->at++;
		if (operand(r, t, &right) < 0 || calculate(r, t->at, op, out, &right) < 0)
			return -1;
	}
}

static int product(struct render *r, struct tag *t, struct value *out)
{
	return chain(r, t, out, "*/%", factor);
}

static int sum(struct render *r, struct tag *t, struct value *out)
{
	return chain(r, t, out, "+-", product);
}

static int order_of(const struct value *a, const struct value *b)
{
	auto_buf struct buf left = BUF_INIT(TEMPLATE_VALUE_MAX);
	auto_buf struct buf right = BUF_INIT(TEMPLATE_VALUE_MAX);

	if (a->kind != VALUE_TEXT && b->kind != VALUE_TEXT)
		return (a->number > b->number) - (a->number < b->number);
	value_print(a, &left);
	value_print(b, &right);
	return strcmp(buf_str(&left), buf_str(&right));
}

static bool is_inside(
	const struct render *r, const struct value *what, const struct value *list)
{
	auto_buf struct buf text = BUF_INIT(TEMPLATE_VALUE_MAX);

	value_print(what, &text);
	if (list->kind != VALUE_LIST)
		return strstr(buf_str(&list->text), buf_str(&text)) != NULL;
	for (int64_t i = 0; i < list->number; i++) {
		auto_buf struct buf item = BUF_INIT(TEMPLATE_VALUE_MAX);
		char path[2 * TEMPLATE_WORD_MAX];

		snprintf(path, sizeof(path), "%s.%" PRId64, buf_str(&list->text), i);
		if (r->vars->find(r->vars->ctx, path, &item) &&
			strcmp(buf_str(&item), buf_str(&text)) == 0)
			return true;
	}
	return false;
}

enum comparison { EQ, NE, LE, GE, LT, GT, IN, NOT_IN, NONE };

static enum comparison take_comparison(struct tag *t)
{
	static const char *const symbols[] = { "==", "!=", "<=", ">=", "<", ">", "in" };

	for (size_t i = 0; i < ARRAY_COUNT(symbols); i++)
		if (tag_take(t, symbols[i]))
			return (enum comparison)i;
	if (tag_take(t, "not"))
		return tag_take(t, "in") ? NOT_IN : NONE;
	return NONE;
}

static bool compare(const struct render *r, enum comparison op, const struct value *a,
	const struct value *b)
{
	int order = op < IN ? order_of(a, b) : 0;

	switch (op) {
	case EQ:
		return order == 0;
	case NE:
		return order != 0;
	case LE:
		return order <= 0;
	case GE:
		return order >= 0;
	case LT:
		return order < 0;
	case GT:
		return order > 0;
	default:
		return is_inside(r, a, b) == (op == IN);
	}
}

static int comparison(struct render *r, struct tag *t, struct value *out)
{
	auto_value struct value right = VALUE_INIT;
	enum comparison op;

	if (sum(r, t, out) < 0)
		return -1;
	op = take_comparison(t);
	if (op == NONE)
		return 0;
	if (sum(r, t, &right) < 0)
		return -1;
	set_number(out, VALUE_BOOL, compare(r, op, out, &right));
	return 0;
}

static int negation(struct render *r, struct tag *t, struct value *out)
{
	bool no = false, any = false;

	while (tag_take(t, "not") ||
		(t->at + 1 < t->end && t->at[1] != '=' && tag_take(t, "!"))) {
		no = !no;
		any = true;
	}
	if (comparison(r, t, out) < 0)
		return -1;
	if (any)
		set_number(out, VALUE_BOOL, value_is_true(out) != no);
	return 0;
}

static int conjunction(struct render *r, struct tag *t, struct value *out)
{
	if (negation(r, t, out) < 0)
		return -1;
	while (tag_take(t, "and") || tag_take(t, "&&")) {
		auto_value struct value more = VALUE_INIT;

		if (negation(r, t, &more) < 0)
			return -1;
		set_number(out, VALUE_BOOL, value_is_true(out) && value_is_true(&more));
	}
	return 0;
}

static int expression(struct render *r, struct tag *t, struct value *out)
{
	if (++r->depth > TEMPLATE_DEPTH_MAX)
		return template_fail(r, t->at, "nested too deeply", "condition");
	if (conjunction(r, t, out) < 0)
		return -1;
	while (tag_take(t, "or") || tag_take(t, "||")) {
		auto_value struct value more = VALUE_INIT;

		if (conjunction(r, t, &more) < 0)
			return -1;
		set_number(out, VALUE_BOOL, value_is_true(out) || value_is_true(&more));
	}
	r->depth--;
	return 0;
}

int tag_value(struct render *r, struct tag *t, struct value *out)
{
	return expression(r, t, out);
}
