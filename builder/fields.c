#include "builder/fields.h"

#include "lib/base/opt.h"

#include <ctype.h>

#define KEYS_MAX 64

struct list {
	void *item;
	size_t count;
};

const char *text_str(const struct text *t)
{
	return t->text ? t->text : "";
}

bool text_is_set(const struct text *t)
{
	return t->text && t->text[0] != '\0';
}

bool texts_have(const struct texts *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(text_str(&list->item[i]), text) == 0)
			return true;
	return false;
}

int fields_bool_word(const char *word)
{
	static const char *const yes[] = { "true", "True", "TRUE", "yes", "Yes", "YES",
		"on", "On", "ON", "y", "Y" };
	static const char *const no[] = { "false", "False", "FALSE", "no", "No", "NO",
		"off", "Off", "OFF", "n", "N" };

	for (size_t i = 0; i < ARRAY_COUNT(yes); i++)
		if (strcmp(word, yes[i]) == 0)
			return 1;
	for (size_t i = 0; i < ARRAY_COUNT(no); i++)
		if (strcmp(word, no[i]) == 0)
			return 0;
	return -1;
}

static bool is_null(const struct ynode *n)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };

	for (size_t i = 0; i < ARRAY_COUNT(words); i++)
		if (n->kind == YNODE_SCALAR && n->plain && strcmp(n->text, words[i]) == 0)
			return true;
	return false;
}

static const char *kind_name(enum ynode_kind kind)
{
	static const char *const name[] = { "a scalar", "a list", "a mapping" };

	return name[kind];
}

static bool wants(const struct ynode *n, enum ynode_kind kind, const struct field *f,
	struct complaints *c)
{
	if (n->kind == kind)
		return true;
	complain(c, n->line, n->column, "'%s' must be %s, not %s", f->key,
		kind_name(kind), kind_name(n->kind));
	return false;
}

/* ---- leaves */

static const char *trimmed(const char *text, struct arena *arena)
{
	size_t len = strlen(text);

	while (len > 0 && isspace((unsigned char)text[0])) {
		text++;
		len--;
	}
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	return arena_strndup(arena, text, len);
}

bool fields_allow(const struct field *f, const char *text, const char **hint)
{
	size_t count = 0;

	*hint = NULL;
	if (!f->allowed)
		return true;
	for (; f->allowed[count]; count++)
		if (strcmp(f->allowed[count], text) == 0)
			return true;
	*hint = opt_nearest(text, f->allowed, count);
	return false;
}

static void check_allowed(const struct field *f, struct text *t, struct complaints *c)
{
	const char *hint;

	/* An empty word is as good as none; in a list it stands for nothing. */
	if ((f->kind == FIELD_TEXT && !*t->text) || fields_allow(f, t->text, &hint))
		return;
	t->bad = true;
	if (hint)
		complain(c, t->line, t->column, "unknown %s '%s'; did you mean '%s'?",
			f->key, t->text, hint);
	else
		complain(c, t->line, t->column, "unknown %s '%s'", f->key, t->text);
}

static void read_text(const struct field *f, const struct ynode *n, struct text *out,
	struct arena *arena, struct complaints *c)
{
	if (!wants(n, YNODE_SCALAR, f, c)) {
		out->bad = true;
		return;
	}
	*out = (struct text){ .text = is_null(n) ? ""
				      : f->trim  ? trimmed(n->text, arena)
						 : arena_strdup(arena, n->text),
		.line = n->line,
		.column = n->column,
		.block = n->block };
	check_allowed(f, out, c);
}

/* "0b11", "0o17", "0x1F", "017" as YAML 1.1 writes them; *digits moves behind the prefix.
 */
static int base_of(const char **digits)
{
	const char *p = *digits;

	if (p[0] != '0' || p[1] == '\0')
		return 10;
	*digits = p + (strchr("box", p[1]) ? 2 : 1);
	return p[1] == 'b' ? 2 : p[1] == 'x' ? 16 : 8;
}

/* "1.5" and "1e3": the real tool cuts the fraction off. */
static bool parse_fraction(const char *text, uint64_t *out)
{
	char *end;
	double value;

	if (text[strspn(text, "0123456789.eE+-")] != '\0')
		return false;
	value = strtod(text, &end);
	if (*end || end == text || !(value >= 0 && value < 18446744073709551616.0))
		return false;
	*out = (uint64_t)value;
	return true;
}

bool fields_uint_word(const char *text, uint64_t *out)
{
	char plain[64];
	const char *digits = plain;
	size_t len = 0;
	char *end;
	int base;

	for (text += *text == '+'; *text && len < sizeof(plain) - 1; text++)
		if (*text != '_')
			plain[len++] = *text;
	plain[len] = '\0';
	if (*text || !isdigit((unsigned char)plain[0]))
		return strcmp(plain, "-0") == 0 && (*out = 0, true);
	base = base_of(&digits);
	errno = 0;
	*out = strtoull(digits, &end, base);
	if (errno == ERANGE)
		return false;
	return (*end == '\0' && end != digits) || parse_fraction(plain, out);
}

static void read_scalar(
	const struct field *f, const struct ynode *n, void *slot, struct complaints *c)
{
	int word;

	if (!wants(n, YNODE_SCALAR, f, c))
		return;
	if (f->kind == FIELD_UINT) {
		if (!n->plain || !fields_uint_word(n->text, slot))
			complain(c, n->line, n->column,
				"'%s' must be a whole number, not '%s'", f->key, n->text);
		return;
	}
	word = n->plain ? fields_bool_word(n->text) : -1;
	if (word < 0)
		complain(c, n->line, n->column, "'%s' must be true or false, not '%s'",
			f->key, n->text);
	else
		*(bool *)slot = word == 1;
}

static void read_texts(const struct field *f, const struct ynode *n, struct texts *out,
	struct arena *arena, struct complaints *c)
{
	if (!wants(n, YNODE_SEQUENCE, f, c))
		return;
	out->item = arena_array(arena, n->count, sizeof(*out->item));
	for (size_t i = 0; i < n->count; i++)
		read_text(f, n->item[i], &out->item[out->count++], arena, c);
}

static void read_map(const struct field *f, const struct ynode *n, struct text_map *out,
	struct arena *arena, struct complaints *c)
{
	if (!wants(n, YNODE_MAPPING, f, c))
		return;
	out->item = arena_array(arena, n->count, sizeof(*out->item));
	for (size_t i = 0; i < n->count; i++, out->count++) {
		read_text(f, n->item[2 * i], &out->item[out->count].key, arena, c);
		read_text(f, n->item[2 * i + 1], &out->item[out->count].value, arena, c);
	}
}

/* ---- structs */

static void read_structs(const struct field *f, const struct ynode *n, struct list *out,
	struct arena *arena, struct complaints *c)
{
	if (!wants(n, YNODE_SEQUENCE, f, c))
		return;
	out->item = arena_array(arena, n->count, f->sub_size);
	for (size_t i = 0; i < n->count; i++) {
		struct ynode none = { .kind = YNODE_MAPPING,
			.line = n->item[i]->line,
			.column = n->item[i]->column };
		const struct ynode *item = is_null(n->item[i]) ? &none : n->item[i];

		if (wants(item, YNODE_MAPPING, f, c))
			fields_read(f->sub, item,
				(char *)out->item + f->sub_size * out->count++, arena, c);
	}
}

static void read_struct_map(const struct field *f, const struct ynode *n,
	struct list *out, struct arena *arena, struct complaints *c)
{
	if (!wants(n, YNODE_MAPPING, f, c))
		return;
	out->item = arena_array(arena, n->count, f->sub_size);
	for (size_t i = 0; i < n->count; i++) {
		void *slot = (char *)out->item + f->sub_size * out->count;

		read_text(f, n->item[2 * i], slot, arena, c);
		if (!wants(n->item[2 * i + 1], YNODE_MAPPING, f, c))
			continue;
		fields_read(f->sub, n->item[2 * i + 1], slot, arena, c);
		out->count++;
	}
}

static void read_field(const struct field *f, const struct ynode *n, void *slot,
	struct arena *arena, struct complaints *c)
{
	if (f->kind != FIELD_TEXT && is_null(n))
		return;
	switch (f->kind) {
	case FIELD_TEXT:
		read_text(f, n, slot, arena, c);
		break;
	case FIELD_BOOL:
	case FIELD_UINT:
		read_scalar(f, n, slot, c);
		break;
	case FIELD_TEXTS:
		read_texts(f, n, slot, arena, c);
		break;
	case FIELD_MAP:
		read_map(f, n, slot, arena, c);
		break;
	case FIELD_STRUCT:
		if (wants(n, YNODE_MAPPING, f, c))
			fields_read(f->sub, n, slot, arena, c);
		break;
	case FIELD_STRUCTS:
		read_structs(f, n, slot, arena, c);
		break;
	case FIELD_STRUCT_MAP:
		read_struct_map(f, n, slot, arena, c);
		break;
	case FIELD_MARK:
		break;
	}
}

const struct field *fields_key(const struct field *table, const char *key, size_t len)
{
	for (const struct field *f = table; f->key; f++)
		if (f->kind != FIELD_MARK && strlen(f->key) == len &&
			memcmp(f->key, key, len) == 0)
			return f;
	return NULL;
}

static const char *nearest_key(const struct field *table, const char *key)
{
	const char *keys[KEYS_MAX];
	size_t count = 0;

	for (; count < KEYS_MAX && table[count].key; count++)
		keys[count] = table[count].key;
	return opt_nearest(key, keys, count);
}

static void unknown_key(
	const struct field *table, const struct ynode *key, struct complaints *c)
{
	const char *hint = nearest_key(table, key->text);

	if (hint)
		complain(c, key->line, key->column,
			"unknown key '%s'; did you mean '%s'?", key->text, hint);
	else
		complain(c, key->line, key->column, "unknown key '%s'", key->text);
}

/* What is not given has the place of the mapping that lacks it. */
static void set_places(const struct field *table, const struct ynode *map, void *out)
{
	for (const struct field *f = table; f->key; f++) {
		void *slot = (char *)out + f->offset;

		if (f->kind == FIELD_MARK)
			*(struct mark *)slot = (struct mark){ map->line, map->column };
		else if (f->kind == FIELD_TEXT && !((struct text *)slot)->text)
			*(struct text *)slot =
				(struct text){ .line = map->line, .column = map->column };
	}
}

void fields_read(const struct field *table, const struct ynode *map, void *out,
	struct arena *arena, struct complaints *c)
{
	set_places(table, map, out);
	for (size_t i = 0; i < map->count; i++) {
		const struct ynode *key = map->item[2 * i], *value = map->item[2 * i + 1];
		const struct field *f = fields_key(table, key->text, key->len);

		if (f)
			read_field(f, value, (char *)out + f->offset, arena, c);
		else
			unknown_key(table, key, c);
	}
}
