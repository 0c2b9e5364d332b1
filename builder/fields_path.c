#include "builder/fields.h"

#include <ctype.h>

/* Dotted paths over the table: what -o sets and what templates look up. */

struct list {
	void *item;
	size_t count;
};

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
		const struct field *f = fields_key(table, path, len);

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

			if (*path == '\0')
				return true;
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

static int set_text(const struct field *f, struct text *slot, const char *path,
	const char *value, struct arena *arena, struct err *e)
{
	const char *hint;

	if (*value && !fields_allow(f, value, &hint))
		return err_set(e, ERR_USAGE, "option '%s' cannot be '%s'%s%s%s", path,
			value, hint ? "; did you mean '" : "", hint ? hint : "",
			hint ? "'?" : "");
	*slot = (struct text){ .text = arena_strdup(arena, value) };
	return 0;
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
		return set_text(leaf.field, leaf.slot, path, value, arena, e);
	case FIELD_UINT:
		return fields_uint_word(value, leaf.slot)
			       ? 0
			       : not_that(path, value, "a whole number", e);
	case FIELD_BOOL:
		word = strlen(value) == 1 && strchr("1tT", *value) ? 1
		       : strlen(value) == 1 && strchr("0fF", *value)
			       ? 0
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

bool fields_know(const struct field *table, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "."), index;
		const struct field *f = fields_key(table, path, len);

		if (!f)
			return false;
		path += len + (path[len] == '.');
		if (*path == '\0' || f->kind == FIELD_MAP)
			return true;
		if (f->kind >= FIELD_TEXTS && f->kind != FIELD_STRUCT &&
			!parse_index(&path, &index))
			return false;
		if (f->kind == FIELD_TEXTS || !f->sub)
			return *path == '\0';
		table = f->sub;
		if (*path == '\0')
			return true;
	}
	return false;
}

size_t fields_count(const struct field *table, const void *in, const char *path)
{
	struct leaf leaf = { 0 };

	if (!walk(table, (void *)(uintptr_t)in, path, &leaf) || leaf.indexed)
		return 0;
	if (leaf.field->kind != FIELD_TEXTS && leaf.field->kind != FIELD_STRUCTS)
		return 0;
	return ((const struct list *)leaf.slot)->count;
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
