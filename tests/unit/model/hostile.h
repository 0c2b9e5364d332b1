/* hostile.h -- one good document, and what an enemy changes in it.
 * Shape   each crime replaces the first `from` by `to`; the parser must refuse with this
 *         code and a sentence that holds `says` */
#ifndef TESTS_UNIT_MODEL_HOSTILE_H
#define TESTS_UNIT_MODEL_HOSTILE_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define HEX_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define HEX_2 "2222222222222222222222222222222222222222222222222222222222222222"
#define HEX_3 "3333333333333333333333333333333333333333333333333333333333333333"
#define FPR_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define FPR_B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

struct crime {
	const char *from, *to;
	const char *says;
};

typedef int hostile_parse(struct bytes text, struct err *e);

static inline char *hostile_edit(const char *good, const char *from, const char *to)
{
	const char *at = strstr(good, from);

	if (!at)
		fail_msg("the good document has no '%s'", from);
	return xasprintf("%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
}

static inline void hostile_refused(
	hostile_parse *parse, struct bytes text, enum err_code code, const char *says)
{
	struct err e = { .text = "" };

	if (parse(text, &e) == 0)
		fail_msg("accepted, expected '%s': %.*s", says,
			(int)(text.len < 2000 ? text.len : 2000),
			(const char *)text.data);
	if (e.code != code || !strstr(e.text, says))
		fail_msg("expected %d '%s', not %d '%s'", (int)code, says, (int)e.code,
			e.text);
}

static inline void hostile_all(
	hostile_parse *parse, const char *good, const struct crime *crimes, size_t count)
{
	struct err e = { .text = "" };

	if (parse(bytes_of_str(good), &e) < 0)
		fail_msg("the good document is refused: %s", e.text);
	for (size_t i = 0; i < count; i++) {
		char *bad = hostile_edit(good, crimes[i].from, crimes[i].to);

		hostile_refused(parse, bytes_of_str(bad), ERR_PARSE, crimes[i].says);
		free(bad);
	}
}

/* Every shorter text must be refused, and no byte behind the end be read. */
static inline void hostile_cut(hostile_parse *parse, const char *good)
{
	size_t len = strlen(good);
	struct err e;

	for (size_t n = 0; n + 1 < len; n++) { /* the last newline may be missing */
		char *copy = xmalloc(n + 1);

		memcpy(copy, good, n);
		if (parse(bytes_of(n ? copy : NULL, n), &e) == 0)
			fail_msg("accepted when cut at %zu", n);
		free(copy);
	}
}

/* A text of exactly this length that ends in blanks: for ceilings. */
static inline char *hostile_padded(const char *good, size_t len)
{
	char *text = xmalloc(len + 1);

	memset(text, ' ', len);
	memcpy(text, good, strlen(good));
	text[len] = '\0';
	return text;
}

#endif
