#include "indexer/retention.h"

#include <fnmatch.h>

#define DAY_S      INT64_C(86400)
#define MARGIN_S   (2 * DAY_S) /* behind the last expiry */
#define KEEP       5
#define KEEP_MIN   3
#define GRACE_DAYS 10
#define GRACE_MIN  9 /* a `current` is good for seven, and the margin */

const char *const fate_words[] = {
	[FATE_NEWEST] = "newest",
	[FATE_COUNTED] = "kept",
	[FATE_YOUNG] = "young",
	[FATE_TESTED] = "tested",
	[FATE_PINNED] = "pinned",
	[FATE_HELD] = "held",
	[FATE_RETIRES] = "retires",
	[FATE_WAITS] = "waits",
	[FATE_GOES] = "goes",
};

static const struct ymap_field fields[] = {
	{ "match", YNODE_SCALAR, false },
	{ "keep", YNODE_SCALAR, false },
	{ "keep_days", YNODE_SCALAR, false },
	{ "keep_tested", YNODE_SCALAR, false },
	{ "grace_days", YNODE_SCALAR, false },
	{ "deprecate_days", YNODE_SCALAR, false },
	{ "images", YNODE_SEQUENCE, false },
};

static int read_days(const struct ynode *map, const char *key, const char *name,
	int64_t min, int64_t max, int64_t *out, struct err *e)
{
	const struct ynode *n = yaml_get(map, key);

	return n ? ymap_number(n, name, min, max, out, e) : 0;
}

/* Over what `out` says already. */
static int read_rule(const struct ynode *map, const char *name,
	struct retention_rule *out, struct err *e)
{
	const struct ynode *n;

	if (ymap_check(map, fields, ARRAY_COUNT(fields), name, e) < 0 ||
		read_days(map, "keep", name, KEEP_MIN, 10000, &out->keep, e) < 0 ||
		read_days(map, "keep_days", name, 0, 36500, &out->keep_days, e) < 0 ||
		read_days(map, "grace_days", name, GRACE_MIN, 3650, &out->grace_days, e) <
			0 ||
		read_days(map, "deprecate_days", name, 0, 36500, &out->deprecate_days,
			e) < 0)
		return -1;
	n = yaml_get(map, "keep_tested");
	if (!n)
		return 0;
	if (strcmp(n->text, "true") != 0 && strcmp(n->text, "false") != 0)
		return ymap_complain(n, name, "'keep_tested' must be true or false", e);
	out->keep_tested = n->text[0] == 't';
	return 0;
}

static int read_image(const struct ynode *map, const char *name, struct arena *a,
	struct retention_rule *out, struct err *e)
{
	const struct ynode *n;

	if (read_rule(map, name, out, e) < 0)
		return -1;
	n = yaml_get(map, "match");
	if (!n || !n->len || strlen(n->text) != n->len || n->len >= IMAGE_NAME_MAX)
		return ymap_complain(
			map, name, "'match' must say which images: \"debian/*\"", e);
	if (yaml_get(map, "images"))
		return ymap_complain(map, name, "'images' cannot stand here", e);
	out->match = arena_strndup(a, n->text, n->len);
	return 0;
}

int retention_read(const struct ynode *n, const char *name, struct arena *a,
	struct retention *out, struct err *e)
{
	struct retention r = { .all = { .match = "",
				       .keep = KEEP,
				       .grace_days = GRACE_DAYS,
				       .keep_tested = true } };
	const struct ynode *images = n ? yaml_get(n, "images") : NULL;

	if (n && read_rule(n, name, &r.all, e) < 0)
		return -1;
	if (n && yaml_get(n, "match"))
		return ymap_complain(n, name, "'match' belongs into 'images'", e);
	if (images && images->count > RETENTION_RULES_MAX)
		return ymap_complain(images, name, "too many rules", e);
	r.rule = arena_array(a, images ? images->count + 1 : 1, sizeof(*r.rule));
	for (size_t i = 0; images && i < images->count; i++) {
		struct retention_rule *rule = &r.rule[r.rule_count++];

		*rule = r.all;
		if (read_image(images->item[i], name, a, rule, e) < 0)
			return -1;
	}
	*out = r;
	return 0;
}

const struct retention_rule *retention_find(
	const struct retention *r, const struct image *image)
{
	char name[IMAGE_NAME_MAX];

	image_format(image, name);
	for (size_t i = 0; i < r->rule_count; i++)
		if (fnmatch(r->rule[i].match, name, 0) == 0)
			return &r->rule[i];
	return &r->all;
}

static bool is(const struct retention_build *b, const char *state)
{
	return strcmp(b->state, state) == 0;
}

static void decide_left(
	const struct retention_rule *r, struct retention_build *b, int64_t now_s)
{
	int64_t grace = b->left_s + r->grace_days * DAY_S;
	int64_t named = b->named_until_s + MARGIN_S;

	b->until_s = grace > named ? grace : named;
	b->fate = b->is_listed || b->until_s > now_s ? FATE_WAITS : FATE_GOES;
}

void retention_decide(const struct retention_rule *r, bool is_over,
	struct retention_build *b, size_t count, int64_t now_s)
{
	int64_t keep = is_over ? 1 : r->keep, seen = 0;
	bool tested = false;

	for (size_t i = 0; i < count; i++) {
		bool good = is(&b[i], "active");
		bool first_tested = good && b[i].is_tested && !tested;

		tested = tested || first_tested;
		seen += good;
		if (b[i].is_pinned)
			b[i].fate = FATE_PINNED;
		else if (is(&b[i], "withdrawn"))
			decide_left(r, &b[i], now_s);
		else if (good && seen == 1)
			b[i].fate = FATE_NEWEST;
		else if (good && seen <= keep)
			b[i].fate = FATE_COUNTED;
		else if (b[i].admitted_s + r->keep_days * DAY_S > now_s)
			b[i].fate = good ? FATE_YOUNG : FATE_HELD;
		else if (!good && !seen)
			b[i].fate = FATE_HELD; /* newer than what is offered */
		else if (first_tested && r->keep_tested && !is_over)
			b[i].fate = FATE_TESTED;
		else
			b[i].fate = FATE_RETIRES;
	}
}
