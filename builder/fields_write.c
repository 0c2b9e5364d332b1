#include "builder/fields.h"

/* Writing is apart from reading: two directions of one table. */

struct list {
	char *item;
	size_t count;
};

static void add_indent(struct buf *out, unsigned int indent)
{
	buf_add_fill(out, ' ', indent);
}

/* May it stand as a literal block with exactly the final newlines that | or |- give? */
static bool is_block(const char *text)
{
	size_t len = strlen(text);

	if (!strchr(text, '\n') || text[0] == ' ' || text[0] == '\n' || text[0] == '\t')
		return false;
	if (len > 1 && text[len - 1] == '\n' && text[len - 2] == '\n')
		return false;
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if ((*p < 0x20 && *p != '\n' && *p != '\t') || *p >= 0x7f)
			return false;
	return true;
}

static void write_block(const char *text, struct buf *out, unsigned int indent)
{
	size_t len = strlen(text);

	buf_add_str(out, text[len - 1] == '\n' ? "|\n" : "|-\n");
	while (*text) {
		size_t line = strcspn(text, "\n");

		if (line > 0) {
			add_indent(out, indent);
			buf_add(out, text, line);
		}
		buf_add_byte(out, '\n');
		text += line + (text[line] == '\n');
	}
}

static void write_text(const char *text, struct buf *out, unsigned int indent)
{
	if (is_block(text)) {
		write_block(text, out, indent);
		return;
	}
	yaml_write_scalar(out, text);
	buf_add_byte(out, '\n');
}

static bool is_empty(const struct field *table, const void *in);

static bool field_is_empty(const struct field *f, const void *slot)
{
	switch (f->kind) {
	case FIELD_TEXT:
		return ((const struct text *)slot)->text == NULL;
	case FIELD_BOOL:
		return !*(const bool *)slot;
	case FIELD_UINT:
		return *(const uint64_t *)slot == 0;
	case FIELD_STRUCT:
		return is_empty(f->sub, slot);
	case FIELD_MARK:
		return true;
	default:
		return ((const struct list *)slot)->count == 0;
	}
}

static bool is_empty(const struct field *table, const void *in)
{
	for (const struct field *f = table; f->key; f++)
		if (!field_is_empty(f, (const char *)in + f->offset))
			return false;
	return true;
}

/* The first line of a list item stands behind its dash. */
static void write_item(
	const struct field *table, const void *in, struct buf *out, unsigned int indent)
{
	size_t start = out->len;

	fields_write(table, in, out, indent + 2);
	if (out->len == start) {
		add_indent(out, indent);
		buf_add_str(out, "- {}\n");
	} else if (!out->over) {
		out->data[start + indent] = '-';
	}
}

static void write_list(const struct field *f, const struct list *list, struct buf *out,
	unsigned int indent)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *slot = list->item + i * f->sub_size;

		if (f->kind == FIELD_STRUCTS) {
			write_item(f->sub, slot, out, indent);
			continue;
		}
		add_indent(out, indent);
		yaml_write_scalar(out, text_str((const struct text *)(const void *)slot));
		buf_add_str(out, ":\n");
		fields_write(f->sub, slot, out, indent + 2);
	}
}

static void write_field(
	const struct field *f, const void *slot, struct buf *out, unsigned int indent)
{
	const struct texts *texts = slot;
	const struct text_map *map = slot;

	switch (f->kind) {
	case FIELD_TEXT:
		buf_add_byte(out, ' ');
		write_text(((const struct text *)slot)->text, out, indent + 2);
		return;
	case FIELD_BOOL:
		buf_add_str(out, " true\n");
		return;
	case FIELD_UINT:
		buf_printf(out, " %llu\n", (unsigned long long)*(const uint64_t *)slot);
		return;
	case FIELD_TEXTS:
		buf_add_byte(out, '\n');
		for (size_t i = 0; i < texts->count; i++) {
			add_indent(out, indent + 2);
			buf_add_str(out, "- ");
			write_text(text_str(&texts->item[i]), out, indent + 4);
		}
		return;
	case FIELD_MAP:
		buf_add_byte(out, '\n');
		for (size_t i = 0; i < map->count; i++) {
			add_indent(out, indent + 2);
			yaml_write_scalar(out, text_str(&map->item[i].key));
			buf_add_str(out, ": ");
			write_text(text_str(&map->item[i].value), out, indent + 4);
		}
		return;
	case FIELD_STRUCT:
		buf_add_byte(out, '\n');
		fields_write(f->sub, slot, out, indent + 2);
		return;
	case FIELD_STRUCTS:
	case FIELD_STRUCT_MAP:
		buf_add_byte(out, '\n');
		write_list(f, slot, out, indent + 2);
		return;
	case FIELD_MARK:
		return;
	}
}

void fields_write(
	const struct field *table, const void *in, struct buf *out, unsigned int indent)
{
	for (const struct field *f = table; f->key; f++) {
		const void *slot = (const char *)in + f->offset;

		if (field_is_empty(f, slot))
			continue;
		add_indent(out, indent);
		buf_add_str(out, f->key);
		buf_add_byte(out, ':');
		write_field(f, slot, out, indent);
	}
}
