/* template_vars.h -- what a template may name, and who is told of its mistakes.
 * Shape   a value is looked up by its dotted path */
#ifndef LIB_MODEL_TEMPLATE_VARS_H
#define LIB_MODEL_TEMPLATE_VARS_H

#include "lib/base/buf.h"

struct template_vars {
	/* Appends the value of a dotted path; false: undefined. */
	bool (*find)(const void *ctx, const char *path, struct buf *out);
	/* Items of the list that a path names, each PATH.0, PATH.1 ...; NULL: no lists. */
	size_t (*count)(const void *ctx, const char *path);
	/* Could it ever be defined; NULL: who knows. */
	bool (*know)(const void *ctx, const char *path);
	const void *ctx;
};

/* Whom a check tells; line counts from 1 inside the text. */
struct template_judge {
	void (*say)(void *ctx, unsigned int line, const char *sentence);
	void *ctx;
};

#endif
