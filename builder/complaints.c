#include "builder/complaints.h"

#include "lib/base/buf.h"

#define COMPLAINTS_MAX 100
#define SENTENCE_MAX   1024

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
	if (c->count == COMPLAINTS_MAX)
		return;
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

void complaints_print(struct complaints *c, struct out *o)
{
	struct err e;

	sort(c);
	for (size_t i = 0; i < c->count; i++) {
		as_error(c, &c->item[i], &e);
		if (c->item[i].warning)
			out_warn(o, "%s", e.text);
		else
			out_error(o, &e);
	}
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
