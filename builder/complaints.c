#include "builder/complaints.h"

#include "lib/base/buf.h"
#include "lib/base/jsonw.h"

#define COMPLAINTS_MAX 100
#define SENTENCE_MAX   1024
#define JSON_LINE_MAX  16384

void complaints_init(struct complaints *c, const char *document)
{
	*c = (struct complaints){ .document = document };
}

void complaints_release(struct complaints *c)
{
	arena_release(&c->arena);
	free(c->item);
	*c = (struct complaints){ 0 };
}

static void printf_like(5, 0) add(struct complaints *c, unsigned int line,
	unsigned int column, bool warning, const char *fmt, va_list ap)
{
	char text[SENTENCE_MAX];

	if (!warning)
		c->errors++;
	if (c->count == COMPLAINTS_MAX) {
		c->dropped++;
		return;
	}
	if (c->count == c->room) {
		c->room = c->room ? c->room * 2 : 16;
		c->item = xrealloc(c->item, c->room * sizeof(*c->item));
	}
	vsnprintf(text, sizeof(text), fmt, ap);
	c->item[c->count++] = (struct complaint){ .line = line,
		.column = column,
		.warning = warning,
		.text = arena_strdup(&c->arena, text) };
}

void complain(struct complaints *c, unsigned int line, unsigned int column,
	const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(c, line, column, false, fmt, ap);
	va_end(ap);
}

void complain_warn(struct complaints *c, unsigned int line, unsigned int column,
	const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(c, line, column, true, fmt, ap);
	va_end(ap);
}

void complain_of_yaml(
	void *ctx, unsigned int line, unsigned int column, const char *sentence)
{
	complain(ctx, line, column, "%s", sentence);
}

static int by_place(const void *a, const void *b)
{
	const struct complaint *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return 0;
}

static void sort(struct complaints *c)
{
	if (c->count > 1)
		qsort(c->item, c->count, sizeof(*c->item), by_place);
}

/* "image.yaml:3:5: sentence" as an error value. */
static int as_error(
	const struct complaints *c, const struct complaint *one, struct err *e)
{
	if (one->line == 0)
		return err_set(e, ERR_RECIPE, "%s: %s", c->document, one->text);
	return err_set(e, ERR_RECIPE, "%s:%u:%u: %s", c->document, one->line, one->column,
		one->text);
}

static void print_json(
	const struct complaints *c, const struct complaint *one, struct out *o)
{
	auto_buf struct buf line = BUF_INIT(JSON_LINE_MAX);
	struct jsonw w = jsonw_to(&line);

	jsonw_object(&w);
	jsonw_kstr(&w, "file", c->document);
	jsonw_kint(&w, "line", one->line);
	jsonw_kint(&w, "column", one->column);
	jsonw_kstr(&w, "severity", one->warning ? "warning" : "error");
	jsonw_kstr(&w, "message", one->text);
	jsonw_end_object(&w);
	out_result(o, "%s\n", buf_str(&line));
}

void complaints_print(struct complaints *c, bool errors, struct out *o)
{
	struct err e;

	sort(c);
	for (size_t i = 0; i < c->count; i++) {
		as_error(c, &c->item[i], &e);
		if (o->json)
			print_json(c, &c->item[i], o);
		else if (c->item[i].warning)
			out_warn(o, "%s", e.text);
		else if (errors)
			out_error(o, &e);
	}
	if (c->dropped && !o->json)
		out_warn(o, "%s: %zu more are not shown", c->document, c->dropped);
}

int complaints_check(struct complaints *c, struct err *e)
{
	if (c->errors == 0)
		return 0;
	sort(c);
	for (size_t i = 0; c->errors == 1 && i < c->count; i++)
		if (!c->item[i].warning)
			return as_error(c, &c->item[i], e);
	return err_set(
		e, ERR_RECIPE, "cannot use '%s': %zu faults", c->document, c->errors);
}
