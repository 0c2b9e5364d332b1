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
	return n->kind == YNODE_SCALAR && n->plain &&
	       (n->len == 0 || strcmp(n->text, "~") == 0 || strcmp(n->text, "null") == 0);
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

static void check_allowed(const struct field *f, struct text *t, struct complaints *c)
{
	const char *hint;
	size_t count = 0;

	if (!f->allowed)
		return;
	for (; f->allowed[count]; count++)
		if (strcmp(f->allowed[count], t->text) == 0)
			return;
	t->bad = true;
	hint = opt_nearest(t->text, f->allowed, count);
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
	if (memchr(n->text, '\0', n->len)) {
		complain(c, n->line, n->column, "'%s' has a NUL byte", f->key);
		return;
	}
	*out = (struct text){ .text = is_null(n) ? ""
				      : f->trim  ? trimmed(n->text, arena)
						 : arena_strdup(arena, n->text),
		.line = n->line,
		.column = n->column };
	check_allowed(f, out, c);
}

static bool parse_uint(const char *text, uint64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*out = strtoull(text, &end, 0);
	return errno == 0 && *end == '\0';
}

static void read_scalar(
	const struct field *f, const struct ynode *n, void *slot, struct complaints *c)
{
	int word;

	if (!wants(n, YNODE_SCALAR, f, c))
		return;
	if (f->kind == FIELD_UINT) {
		if (!n->plain || !parse_uint(n->text, slot))
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
	for (size_t i = 0; i < n->count; i++)
		if (wants(n->item[i], YNODE_MAPPING, f, c))
			fields_read(f->sub, n->item[i],
				(char *)out->item + f->sub_size * out->count++, arena, c);
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
	if (f->kind > FIELD_UINT && is_null(n))
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
	}
}

static const struct field *find(const struct field *table, const char *key, size_t len)
{
	for (const struct field *f = table; f->key; f++)
		if (strlen(f->key) == len && memcmp(f->key, key, len) == 0)
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

void fields_read(const struct field *table, const struct ynode *map, void *out,
	struct arena *arena, struct complaints *c)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct ynode *key = map->item[2 * i], *value = map->item[2 * i + 1];
		const struct field *f = NULL;

		if (key->kind != YNODE_SCALAR) {
			complain(c, key->line, key->column, "a key must be a scalar");
			continue;
		}
		f = find(table, key->text, key->len);
		if (f)
			read_field(f, value, (char *)out + f->offset, arena, c);
		else
			unknown_key(table, key, c);
	}
}

/* ---- by dotted path */

struct leaf {
	const struct field *field;
	void *slot;
	size_t index; /* of FIELD_TEXTS */
	bool indexed;
};

static bool parse_index(const char **path, size_t *out)
{
	char *end;

	if (!isdigit((unsigned char)**path))
		return false;
	*out = strtoul(*path, &end, 10);
	if (*end != '\0' && *end != '.')
		return false;
	*path = *end ? end + 1 : end;
	return true;
}

/* Walks to the leaf; false when the path names none. */
static bool walk(
	const struct field *table, void *base, const char *path, struct leaf *out)
{
	while (*path) {
		size_t len = strcspn(path, ".");
		const struct field *f = find(table, path, len);

		if (!f)
			return false;
		path += len + (path[len] == '.');
		out->field = f;
		out->slot = (char *)base + f->offset;
		out->indexed = false;
		if (f->kind == FIELD_STRUCT) {
			base = out->slot;
			table = f->sub;
		} else if (f->kind == FIELD_STRUCTS) {
			struct list *list = out->slot;
			size_t i;

			if (!parse_index(&path, &i) || i >= list->count)
				return false;
			base = (char *)list->item + i * f->sub_size;
			table = f->sub;
		} else if (f->kind == FIELD_TEXTS && *path) {
			out->indexed = parse_index(&path, &out->index);
			return out->indexed && *path == '\0';
		} else {
			return *path == '\0';
		}
	}
	return false;
}

static void set_list_item(
	struct texts *list, size_t i, const char *value, struct arena *arena)
{
	struct text *grown;

	if (i == list->count) {
		grown = arena_array(arena, list->count + 1, sizeof(*grown));
		if (list->count)
			memcpy(grown, list->item, list->count * sizeof(*grown));
		list->item = grown;
		list->count++;
	}
	list->item[i] = (struct text){ .text = arena_strdup(arena, value) };
}

static int not_that(const char *path, const char *value, const char *want, struct err *e)
{
	return err_set(
		e, ERR_USAGE, "option '%s' must be %s, not '%s'", path, want, value);
}

int fields_set(const struct field *table, void *out, const char *path, const char *value,
	struct arena *arena, struct err *e)
{
	struct leaf leaf = { 0 };
	int word;

	if (!walk(table, out, path, &leaf))
		return err_set(
			e, ERR_USAGE, "option '%s' names nothing in the recipe", path);
	switch (leaf.field->kind) {
	case FIELD_TEXT:
		*(struct text *)leaf.slot =
			(struct text){ .text = arena_strdup(arena, value) };
		return 0;
	case FIELD_UINT:
		return parse_uint(value, leaf.slot)
			       ? 0
			       : not_that(path, value, "a whole number", e);
	case FIELD_BOOL:
		word = strcmp(value, "1") == 0   ? 1
		       : strcmp(value, "0") == 0 ? 0
						 : fields_bool_word(value);
		if (word < 0)
			return not_that(path, value, "true or false", e);
		*(bool *)leaf.slot = word == 1;
		return 0;
	case FIELD_TEXTS:
		if (leaf.indexed && leaf.index <= ((struct texts *)leaf.slot)->count) {
			set_list_item(leaf.slot, leaf.index, value, arena);
			return 0;
		}
		break;
	default:
		break;
	}
	return err_set(
		e, ERR_USAGE, "option '%s' is no single value that can be set", path);
}

bool fields_find(
	const struct field *table, const void *in, const char *path, struct buf *out)
{
	struct leaf leaf = { 0 };
	const struct texts *list;

	/* walk only computes addresses; nothing is written through them here. */
	if (!walk(table, (void *)(uintptr_t)in, path, &leaf))
		return false;
	list = leaf.slot;
	switch (leaf.field->kind) {
	case FIELD_TEXT:
		if (!text_is_set(leaf.slot))
			return false;
		buf_add_str(out, text_str(leaf.slot));
		return true;
	case FIELD_BOOL:
		buf_add_str(out, *(bool *)leaf.slot ? "True" : "False");
		return true;
	case FIELD_UINT:
		buf_printf(out, "%llu", (unsigned long long)*(uint64_t *)leaf.slot);
		return true;
	case FIELD_TEXTS:
		if (!leaf.indexed || leaf.index >= list->count)
			return false;
		buf_add_str(out, text_str(&list->item[leaf.index]));
		return true;
	default:
		return false;
	}
}
