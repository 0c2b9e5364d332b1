/* What may stand behind a "|". */
#include "lib/model/template_expr.h"

#include <ctype.h>
#include <inttypes.h>

struct filtering {
	struct render *r;
	struct value *v;
	const struct value *arg;
};

static void become_text(struct value *v)
{
	auto_buf struct buf text = BUF_INIT(TEMPLATE_VALUE_MAX);

	value_print(v, &text);
	buf_clear(&v->text);
	buf_add(&v->text, text.data, text.len);
	v->kind = VALUE_TEXT;
}

static void become_number(struct value *v, int64_t number)
{
	buf_clear(&v->text);
	v->kind = VALUE_NUMBER;
	v->number = number;
}

static void filter_capfirst(struct filtering *f)
{
	become_text(f->v);
	if (f->v->text.len)
		f->v->text.data[0] = (unsigned char)toupper(f->v->text.data[0]);
}

static void filter_upper(struct filtering *f)
{
	become_text(f->v);
	for (size_t i = 0; i < f->v->text.len; i++)
		f->v->text.data[i] = (unsigned char)toupper(f->v->text.data[i]);
}

static void filter_lower(struct filtering *f)
{
	become_text(f->v);
	for (size_t i = 0; i < f->v->text.len; i++)
		f->v->text.data[i] = (unsigned char)tolower(f->v->text.data[i]);
}

static void filter_title(struct filtering *f)
{
	bool first = true;

	become_text(f->v);
	for (size_t i = 0; i < f->v->text.len; i++) {
		unsigned char *c = &f->v->text.data[i];

		*c = (unsigned char)(first ? toupper(*c) : tolower(*c));
		first = isspace(*c);
	}
}

static void filter_default(struct filtering *f)
{
	if (value_is_true(f->v))
		return;
	buf_clear(&f->v->text);
	f->v->kind = f->arg->kind;
	f->v->number = f->arg->number;
	buf_add(&f->v->text, f->arg->text.data, f->arg->text.len);
}

static void filter_default_if_none(struct filtering *f)
{
	if (f->v->kind == VALUE_NONE)
		filter_default(f);
}

static void filter_length(struct filtering *f)
{
	if (f->v->kind != VALUE_LIST)
		become_text(f->v);
	become_number(
		f->v, f->v->kind == VALUE_LIST ? f->v->number : (int64_t)f->v->text.len);
}

static bool is_number(const struct value *v)
{
	const char *text = buf_str(&v->text);

	if (v->kind != VALUE_TEXT)
		return true;
	text += *text == '-';
	return *text && text[strspn(text, "0123456789")] == '\0';
}

static int64_t number_of(const struct value *v)
{
	return v->kind == VALUE_TEXT ? strtoll(buf_str(&v->text), NULL, 10) : v->number;
}

/* Numbers are added, texts joined. */
static void filter_add(struct filtering *f)
{
	int64_t sum;

	if (is_number(f->v) && is_number(f->arg) &&
		!__builtin_add_overflow(number_of(f->v), number_of(f->arg), &sum)) {
		become_number(f->v, sum);
		return;
	}
	become_text(f->v);
	value_print(f->arg, &f->v->text);
}

static void filter_integer(struct filtering *f)
{
	become_number(f->v, number_of(f->v));
}

/* Takes every occurrence of the argument out. */
static void filter_cut(struct filtering *f)
{
	auto_buf struct buf what = BUF_INIT(TEMPLATE_VALUE_MAX);
	auto_buf struct buf text = BUF_INIT(TEMPLATE_VALUE_MAX);
	const char *p, *hit;

	become_text(f->v);
	value_print(f->arg, &what);
	if (what.len == 0)
		return;
	for (p = buf_str(&f->v->text); (hit = strstr(p, buf_str(&what)));
		p = hit + what.len)
		buf_add(&text, p, (size_t)(hit - p));
	buf_add_str(&text, p);
	buf_clear(&f->v->text);
	buf_add(&f->v->text, text.data, text.len);
}

static void add_item(const struct filtering *f, int64_t i, struct buf *out)
{
	char path[2 * TEMPLATE_WORD_MAX];

	snprintf(path, sizeof(path), "%s.%" PRId64, buf_str(&f->v->text), i);
	f->r->vars->find(f->r->vars->ctx, path, out);
}

/* One item of a list, or one byte of a text. */
static void pick(struct filtering *f, bool last)
{
	auto_buf struct buf item = BUF_INIT(TEMPLATE_VALUE_MAX);

	if (f->v->kind == VALUE_LIST) {
		add_item(f, last ? f->v->number - 1 : 0, &item);
	} else {
		become_text(f->v);
		if (f->v->text.len)
			buf_add_byte(
				&item, f->v->text.data[last ? f->v->text.len - 1 : 0]);
	}
	f->v->kind = VALUE_TEXT;
	buf_clear(&f->v->text);
	buf_add(&f->v->text, item.data, item.len);
}

static void filter_first(struct filtering *f)
{
	pick(f, false);
}

static void filter_last(struct filtering *f)
{
	pick(f, true);
}

static void filter_join(struct filtering *f)
{
	auto_buf struct buf text = BUF_INIT(TEMPLATE_VALUE_MAX);

	if (f->v->kind != VALUE_LIST)
		return;
	for (int64_t i = 0; i < f->v->number && !text.over; i++) {
		if (i > 0)
			value_print(f->arg, &text);
		add_item(f, i, &text);
	}
	f->v->kind = VALUE_TEXT;
	buf_clear(&f->v->text);
	buf_add(&f->v->text, text.data, text.len);
}

/* Nothing is escaped here anyway. */
static void filter_safe(struct filtering *f)
{
	(void)f;
}

static const struct {
	const char *name;
	void (*apply)(struct filtering *f);
} filters[] = {
	{ "add", filter_add },
	{ "capfirst", filter_capfirst },
	{ "cut", filter_cut },
	{ "default", filter_default },
	{ "default_if_none", filter_default_if_none },
	{ "first", filter_first },
	{ "integer", filter_integer },
	{ "join", filter_join },
	{ "last", filter_last },
	{ "length", filter_length },
	{ "lower", filter_lower },
	{ "safe", filter_safe },
	{ "title", filter_title },
	{ "upper", filter_upper },
};

int filter_apply(struct render *r, const char *at, const char *name, struct value *v,
	const struct value *arg)
{
	struct filtering f = { .r = r, .v = v, .arg = arg };

	for (size_t i = 0; i < ARRAY_COUNT(filters); i++)
		if (strcmp(filters[i].name, name) == 0) {
			if (!r->judge)
				filters[i].apply(&f);
			return buf_check(&v->text, "a template's value", r->e);
		}
	return template_fail(r, at, "unknown filter", name);
}
