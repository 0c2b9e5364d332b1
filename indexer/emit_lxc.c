#include "indexer/emit.h"
#include "lib/model/lxcindex.h"

enum { NEWEST, TEXTS };

#define BOTH(suffix)                                                                     \
	{ "meta/1.0/index-system" suffix, NEWEST, EMIT_ASC },                            \
	{                                                                                \
		"meta/1.0/index-user" suffix, NEWEST, EMIT_ASC                           \
	}

/* Clients of level 7 ask for the suffixed name first, three times if it is absent. */
static const struct emit_file files[] = { BOTH(""), BOTH(".7") };

static void image(const struct emit_site *s, const struct emit_image *i, void *state,
	struct buf *text)
{
	(void)s;
	(void)state;
	lxcindex_line(&text[NEWEST], &i->listed->image, i->listed->serial);
}

const struct emitter emit_lxc = {
	.client = "lxc",
	.file = files,
	.file_count = ARRAY_COUNT(files),
	.text_count = TEXTS,
	.image = image,
};
