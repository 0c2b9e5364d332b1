/* template_expr.h -- the inside of a template's tags: words, values, operators, filters.
 * Shape   a tag is a cursor over the text between its brackets
 * Errors  ERR_RECIPE through template_fail, with the line inside the text
 * Owns    a value owns its text; names bound by set, for and with live in the arena */
#ifndef LIB_MODEL_TEMPLATE_EXPR_H
#define LIB_MODEL_TEMPLATE_EXPR_H

#include "lib/model/template_vars.h"

#include "lib/base/arena.h"

#define TEMPLATE_DEPTH_MAX 16
#define TEMPLATE_WORD_MAX  256
#define TEMPLATE_VALUE_MAX (1U << 20)

enum value_kind { VALUE_NONE, VALUE_TEXT, VALUE_NUMBER, VALUE_BOOL, VALUE_LIST };

struct value {
	enum value_kind kind;
	int64_t number;  /* of NUMBER and BOOL; of LIST: how many */
	struct buf text; /* of TEXT; of LIST: its path */
};

#define VALUE_INIT                                                                       \
	{                                                                                \
		.text = BUF_INIT(TEMPLATE_VALUE_MAX)                                     \
	}
void value_release(struct value *v) nonnull;
#define auto_value with_cleanup(value_release)

/* As it is printed. */
void value_print(const struct value *v, struct buf *out) nonnull;
bool value_is_true(const struct value *v) nonnull;

/* A name of the template's own, before those of the recipe. */
struct binding {
	const struct binding *next;
	const char *name;
	const char *path;   /* stands for this path, or */
	struct value value; /* for this */
};

struct tag {
	const char *at, *end;
};

struct render {
	const char *start, *at;
	const struct template_vars *vars;
	const struct template_judge *judge; /* checking: nothing has a value */
	const struct binding *scope;
	struct arena *arena;
	struct buf *out;
	struct err *e;
	unsigned int depth, steps;
	bool quiet; /* inside a branch not taken: parse, print nothing */
};

int template_fail(struct render *r, const char *at, const char *what,
	const char *detail) must_check nonnull;

/* A run of name characters; "" when there is none. */
void tag_word(struct tag *t, char out[TEMPLATE_WORD_MAX]) nonnull;

/* Is this symbol or word next? Then it is taken. */
bool tag_take(struct tag *t, const char *symbol) nonnull;

/* ERR_RECIPE when something is left. */
int tag_end(struct render *r, struct tag *t) must_check nonnull;

/* A whole expression, filters included. */
int tag_value(struct render *r, struct tag *t, struct value *out) must_check nonnull;

/* Puts a filter's name to work; ERR_RECIPE when it is unknown. */
int filter_apply(struct render *r, const char *at, const char *name, struct value *v,
	const struct value *arg) must_check nonnull;

#endif
