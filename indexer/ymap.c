#include "indexer/ymap.h"

int ymap_complain(const struct ynode *n, const char *name, const char *why, struct err *e)
{
	return err_set(e, ERR_PARSE, "%s:%u:%u: %s", name, n->line, n->column, why);
}

static const struct ymap_field *find_field(
	const struct ymap_field *fields, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i].key, key) == 0)
			return &fields[i];
	return NULL;
}

int ymap_check(const struct ynode *map, const struct ymap_field *fields, size_t count,
	const char *name, struct err *e)
{
	if (map->kind != YNODE_MAPPING)
		return ymap_complain(map, name, "not a mapping", e);

	for (size_t i = 0; i < map->count; i++) {
		const struct ynode *key = map->item[2 * i], *value = map->item[2 * i + 1];
		const struct ymap_field *f =
			find_field(fields, count, key->text ? key->text : "");

		if (!f)
			return err_set(e, ERR_PARSE, "%s:%u:%u: unknown key '%s'", name,
				key->line, key->column, key->text ? key->text : "");
		if (value->kind != f->kind)
			return err_set(e, ERR_PARSE, "%s:%u:%u: '%s' must be %s", name,
				value->line, value->column, f->key,
				f->kind == YNODE_SCALAR     ? "a scalar"
				: f->kind == YNODE_SEQUENCE ? "a list"
							    : "a mapping");
	}

	for (size_t i = 0; i < count; i++)
		if (fields[i].required && !yaml_get(map, fields[i].key))
			return err_set(e, ERR_PARSE, "%s:%u:%u: '%s' is missing", name,
				map->line, map->column, fields[i].key);
	return 0;
}

int ymap_number(const struct ynode *n, const char *name, int64_t min, int64_t max,
	int64_t *out, struct err *e)
{
	int64_t value = 0;

	for (size_t i = 0; i < n->len && value <= max; i++)
		value = n->text[i] >= '0' && n->text[i] <= '9'
				? value * 10 + (n->text[i] - '0')
				: max + 1;
	if (!n->len || value < min || value > max)
		return err_set(e, ERR_PARSE, "%s:%u:%u: not a number of %lld to %lld",
			name, n->line, n->column, (long long)min, (long long)max);
	*out = value;
	return 0;
}
