#include "lib/adapt/yaml.h"

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/utf8.h"

#include <yaml.h>

#define DEPTH_MAX     32
#define NODES_MAX     (256U << 10) /* aliases included */
#define ANCHORS_MAX   256U
#define EXPANSION_MAX (1U << 20) /* bytes that aliases may stand for */
#define TEXT_MAX      (1U << 20) /* bytes of one scalar */
#define BINARY_TAG    "tag:yaml.org,2002:binary"
#define MERGE_KEY     "<<"
#define BOM           "\xef\xbb\xbf"

#define TAB_SENTENCE "a tab: indent with spaces"

/* What an alias can stand for, and what it costs. */
struct anchor {
	struct anchor *next;
	const char *name;
	struct ynode *node;
	size_t weight;       /* bytes of the whole subtree, its aliases expanded */
	unsigned int height; /* levels of the subtree */
	bool complete;       /* until then an alias would stand inside of itself */
};

struct yreader {
	yaml_parser_t parser;
	const char *name;
	const struct yaml_faults *faults; /* NULL: the first one ends the reading */
	struct bytes text;
	struct arena *arena;
	struct anchor *anchors; /* the newest first */
	size_t nodes, expanded;
	unsigned int anchor_count;
	size_t chars, bytes; /* see byte_of */
};

/* Measures of a subtree, passed up. */
struct extent {
	size_t weight;
	unsigned int height;
};

static int fail_at(const struct yreader *r, enum err_code code, const yaml_mark_t *at,
	const char *sentence, struct err *e)
{
	return err_set(e, code, "%s:%zu:%zu: %s", r->name, at->line + 1, at->column + 1,
		sentence);
}

/* What is wrong but does not keep the rest from being read. */
static int fault(const struct yreader *r, unsigned int line, unsigned int column,
	const char *sentence, struct err *e)
{
	if (!r->faults)
		return err_set(
			e, ERR_PARSE, "%s:%u:%u: %s", r->name, line, column, sentence);
	r->faults->say(r->faults->ctx, line, column, sentence);
	return 0;
}

static int fault_at(const struct yreader *r, const yaml_mark_t *at, const char *sentence,
	struct err *e)
{
	return fault(
		r, (unsigned int)at->line + 1, (unsigned int)at->column + 1, sentence, e);
}

static void event_release(yaml_event_t *event)
{
	yaml_event_delete(event);
}
#define auto_event with_cleanup(event_release)

/* Where a character stands: marks count characters. Quick as long as marks rise. */
static size_t byte_of(struct yreader *r, size_t character)
{
	if (character < r->chars)
		r->chars = r->bytes = 0;
	for (; r->chars < character && r->bytes < r->text.len; r->chars++)
		do
			r->bytes++;
		while (r->bytes < r->text.len && (r->text.data[r->bytes] & 0xc0) == 0x80);
	return r->bytes;
}

/* The reader of bytes knows offsets only. */
static yaml_mark_t mark_of_offset(const struct yreader *r, size_t offset)
{
	yaml_mark_t at = { 0 };

	for (size_t i = 0; i < offset && i < r->text.len; i++) {
		at.column++;
		if (r->text.data[i] == '\n') {
			at.line++;
			at.column = 0;
		}
	}
	return at;
}

static int parser_fail(struct yreader *r, struct err *e)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "not YAML";
	yaml_mark_t at = p->problem_mark;

	if (p->error == YAML_MEMORY_ERROR)
		err_abort("out of memory");
	if (p->error == YAML_READER_ERROR) {
		at = mark_of_offset(r, p->problem_offset);
	} else {
		size_t offset = byte_of(r, at.index);

		if (offset < r->text.len && r->text.data[offset] == '\t')
			problem = TAB_SENTENCE;
	}
	return fail_at(r, ERR_PARSE, &at, problem, e);
}

static int next_event(struct yreader *r, yaml_event_t *event, struct err *e)
{
	return yaml_parser_parse(&r->parser, event) ? 0 : parser_fail(r, e);
}

static struct anchor *anchor_find(const struct yreader *r, const char *name)
{
	for (struct anchor *a = r->anchors; a; a = a->next)
		if (strcmp(a->name, name) == 0)
			return a;
	return NULL;
}

/* *out stays NULL where there is no anchor. */
static int anchor_begin(struct yreader *r, const yaml_char_t *name, const yaml_mark_t *at,
	struct ynode *node, struct anchor **out, struct err *e)
{
	struct anchor *a;

	if (!name)
		return 0;
	if (++r->anchor_count > ANCHORS_MAX)
		return fail_at(r, ERR_LIMIT, at, "too many anchors", e);
	a = arena_alloc(r->arena, sizeof(*a));
	*a = (struct anchor){ .next = r->anchors, .node = node };
	a->name = arena_strdup(r->arena, (const char *)name);
	*out = r->anchors = a;
	return 0;
}

static int node_new(struct yreader *r, enum ynode_kind kind, const yaml_mark_t *at,
	struct ynode **out, struct err *e)
{
	struct ynode *n;

	if (++r->nodes > NODES_MAX)
		return fail_at(r, ERR_LIMIT, at, "too many nodes", e);
	n = arena_alloc(r->arena, sizeof(*n));
	n->kind = kind;
	n->line = (unsigned int)at->line + 1;
	n->column = (unsigned int)at->column + 1;
	n->text = "";
	*out = n;
	return 0;
}

static int use_alias(struct yreader *r, const yaml_event_t *event, unsigned int depth,
	struct ynode **out, struct extent *extent, struct err *e)
{
	const yaml_mark_t *at = &event->start_mark;
	const struct anchor *a = anchor_find(r, (const char *)event->data.alias.anchor);

	if (++r->nodes > NODES_MAX)
		return fail_at(r, ERR_LIMIT, at, "too many nodes", e);
	if (!a)
		return fail_at(r, ERR_PARSE, at, "an alias without its anchor", e);
	if (!a->complete)
		return fail_at(r, ERR_PARSE, at, "an alias inside of itself", e);
	if (depth + a->height > DEPTH_MAX)
		return fail_at(r, ERR_LIMIT, at, "more than 32 levels deep", e);
	if (a->weight > EXPANSION_MAX - r->expanded)
		return fail_at(r, ERR_LIMIT, at, "aliases stand for more than 1 MiB", e);
	r->expanded += a->weight;
	*extent = (struct extent){ a->weight, a->height };
	*out = a->node;
	return 0;
}

static bool is_tag(const yaml_char_t *tag, const char *name)
{
	return strcmp((const char *)tag, name) == 0;
}

/* !!binary stands for the bytes that its base64 says; white space in it does not count.
 */
static int decode_binary(struct yreader *r, struct ynode *n, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX), bytes = BUF_INIT(TEXT_MAX);
	struct err why;

	for (size_t i = 0; i < n->len; i++)
		if (!strchr(" \t\r\n", n->text[i]))
			buf_add_byte(&text, (unsigned char)n->text[i]);
	if (buf_decode_base64(buf_bytes(&text), &bytes, &why) < 0)
		return fault(r, n->line, n->column, "!!binary is no base64", e);
	for (size_t i = 0, len; i < bytes.len; i += len) {
		uint32_t c;

		len = utf8_decode(bytes_of(bytes.data + i, bytes.len - i), &c);
		if (len == 0 || c == 0)
			return fault(r, n->line, n->column, "!!binary is no text", e);
	}
	n->text = arena_strndup(r->arena, buf_str(&bytes), bytes.len);
	n->len = bytes.len;
	return 0;
}

static int apply_tag(
	struct yreader *r, const yaml_char_t *tag, struct ynode *n, struct err *e)
{
	if (!tag || is_tag(tag, YAML_STR_TAG))
		return 0;
	if (is_tag(tag, BINARY_TAG))
		return decode_binary(r, n, e);
	return fault(
		r, n->line, n->column, "a tag: only !!str and !!binary are known", e);
}

/* `- y` behind a tab would silently continue the `- x` above it. */
static int check_continuation(struct yreader *r, const yaml_event_t *event, struct err *e)
{
	yaml_mark_t at = event->start_mark;
	bool indent = false;

	if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
		at.line == event->end_mark.line)
		return 0;
	for (size_t i = byte_of(r, at.index), end = byte_of(r, event->end_mark.index);
		i < end; i++) {
		unsigned char c = r->text.data[i];

		if (c == '\n') {
			at.line++;
			at.column = 0;
			indent = true;
			continue;
		}
		if (indent && c == '\t')
			return fail_at(r, ERR_PARSE, &at, TAB_SENTENCE, e);
		indent = indent && c == ' ';
		at.column++;
	}
	return 0;
}

static int take_scalar(struct yreader *r, const yaml_event_t *event, struct ynode **out,
	struct extent *extent, struct err *e)
{
	const yaml_mark_t *at = &event->start_mark;
	const yaml_char_t *tag = event->data.scalar.tag;
	const unsigned char *value = event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct ynode *n;

	if (len > TEXT_MAX)
		return fail_at(r, ERR_LIMIT, at, "a string of more than 1 MiB", e);
	if (memchr(value, 0, len) && fault_at(r, at, "a NUL in a string", e) < 0)
		return -1;
	if (check_continuation(r, event, e) < 0 ||
		node_new(r, YNODE_SCALAR, at, &n, e) < 0)
		return -1;

	n->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !tag;
	n->block = event->data.scalar.style == YAML_LITERAL_SCALAR_STYLE;
	n->text = arena_strndup(r->arena, value, len);
	n->len = strlen(n->text);

	struct anchor *a = NULL;

	if (apply_tag(r, tag, n, e) < 0 ||
		anchor_begin(r, event->data.scalar.anchor, at, n, &a, e) < 0)
		return -1;
	*extent = (struct extent){ sizeof(*n) + len, 0 };
	if (a) {
		a->weight = extent->weight;
		a->complete = true;
	}
	*out = n;
	return 0;
}

struct items {
	struct ynode **node;
	size_t count, cap;
};

static void items_release(struct items *items)
{
	free(items->node);
}
#define auto_items with_cleanup(items_release)

static void items_add(struct items *items, struct ynode *node)
{
	if (items->count == items->cap) {
		items->cap = items->cap ? 2 * items->cap : 8;
		items->node = xrealloc(items->node, items->cap * sizeof(struct ynode *));
	}
	items->node[items->count++] = node;
}

static int take_node(struct yreader *r, const yaml_event_t *event, unsigned int depth,
	struct ynode **out, struct extent *extent, struct err *e);

/* Everything up to the end event of a sequence or mapping. */
static int take_items(struct yreader *r, yaml_event_type_t end, unsigned int depth,
	struct ynode *n, struct extent *extent, struct err *e)
{
	auto_items struct items items = { 0 };

	for (;;) {
		auto_event yaml_event_t event = { 0 };
		struct extent below = { 0 };
		struct ynode *item;

		if (next_event(r, &event, e) < 0)
			return -1;
		if (event.type == end)
			break;
		if (take_node(r, &event, depth + 1, &item, &below, e) < 0)
			return -1;
		items_add(&items, item);
		extent->weight += below.weight + sizeof(item);
		if (below.height + 1 > extent->height)
			extent->height = below.height + 1;
	}
	n->item = arena_array(r->arena, items.count + 1, sizeof(struct ynode *));
	if (items.count)
		memcpy(n->item, items.node, items.count * sizeof(struct ynode *));
	n->count = n->kind == YNODE_MAPPING ? items.count / 2 : items.count;
	return 0;
}

/* ---- the keys of a mapping */

struct pair {
	struct ynode *key, *value;
	size_t order;
	bool merged; /* came by "<<" */
};

struct pairs {
	struct pair *item;
	size_t count, cap;
};

static void pairs_release(struct pairs *pairs)
{
	free(pairs->item);
}
#define auto_pairs with_cleanup(pairs_release)

static void pairs_add(struct pairs *p, struct ynode *const *two, bool merged)
{
	if (p->count == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 16;
		p->item = xrealloc(p->item, p->cap * sizeof(*p->item));
	}
	p->item[p->count] = (struct pair){
		.key = two[0], .value = two[1], .order = p->count, .merged = merged
	};
	p->count++;
}

static bool is_merge(const struct ynode *key)
{
	return key->kind == YNODE_SCALAR && key->plain &&
	       strcmp(key->text, MERGE_KEY) == 0;
}

static int merge_one(
	struct yreader *r, const struct ynode *from, struct pairs *into, struct err *e)
{
	if (from->kind != YNODE_MAPPING)
		return fault(r, from->line, from->column,
			"'<<' takes a mapping or a list of mappings", e);
	r->nodes += from->count;
	if (r->nodes > NODES_MAX)
		return err_set(e, ERR_LIMIT, "%s:%u:%u: too many nodes", r->name,
			from->line, from->column);
	for (size_t i = 0; i < from->count; i++)
		pairs_add(into, from->item + 2 * i, true);
	return 0;
}

static int merge(
	struct yreader *r, const struct ynode *from, struct pairs *into, struct err *e)
{
	if (from->kind != YNODE_SEQUENCE)
		return merge_one(r, from, into, e);
	for (size_t i = 0; i < from->count; i++)
		if (merge_one(r, from->item[i], into, e) < 0)
			return -1;
	return 0;
}

static int by_text_then_order(const void *left, const void *right)
{
	const struct pair *a = left, *b = right;
	int order = strcmp(a->key->text, b->key->text);

	return order ? order : (a->order > b->order) - (a->order < b->order);
}

static int by_order(const void *left, const void *right)
{
	const struct pair *a = left, *b = right;

	return (a->order > b->order) - (a->order < b->order);
}

static int check_key(const struct yreader *r, const struct ynode *key, struct err *e)
{
	if (key->kind == YNODE_SCALAR)
		return 0;
	return fault(r, key->line, key->column, "a key that is no string", e);
}

static int say_again(const struct yreader *r, const struct ynode *first,
	const struct ynode *again, struct err *e)
{
	char sentence[256];

	snprintf(sentence, sizeof(sentence), "key '%.100s' again, first in line %u",
		again->text, first->line);
	return fault(r, again->line, again->column, sentence, e);
}

/* Of equal keys the first stays: what stands here before what came by "<<". */
static int drop_equal(const struct yreader *r, struct pairs *p, struct err *e)
{
	size_t kept = 0;

	if (p->count)
		qsort(p->item, p->count, sizeof(*p->item), by_text_then_order);
	for (size_t i = 0; i < p->count; i++) {
		const struct pair *before = kept ? &p->item[kept - 1] : NULL;

		if (!before || strcmp(before->key->text, p->item[i].key->text) != 0)
			p->item[kept++] = p->item[i];
		else if (!p->item[i].merged &&
			 say_again(r, before->key, p->item[i].key, e) < 0)
			return -1;
	}
	p->count = kept;
	if (kept)
		qsort(p->item, kept, sizeof(*p->item), by_order);
	return 0;
}

/* Brings in what "<<" names, and sees to it that each key stands once. */
static int settle_keys(struct yreader *r, struct ynode *map, struct err *e)
{
	auto_pairs struct pairs pairs = { 0 };
	bool merges = false;

	for (size_t i = 0; i < map->count; i++) {
		if (check_key(r, map->item[2 * i], e) < 0)
			return -1;
		if (is_merge(map->item[2 * i]))
			merges = true;
		else if (map->item[2 * i]->kind == YNODE_SCALAR)
			pairs_add(&pairs, map->item + 2 * i, false);
	}
	for (size_t i = 0; merges && i < map->count; i++)
		if (is_merge(map->item[2 * i]) &&
			merge(r, map->item[2 * i + 1], &pairs, e) < 0)
			return -1;
	if (drop_equal(r, &pairs, e) < 0)
		return -1;
	if (pairs.count > map->count)
		map->item = arena_array(r->arena, 2 * pairs.count, sizeof(*map->item));
	map->count = pairs.count;
	for (size_t i = 0; i < pairs.count; i++) {
		map->item[2 * i] = pairs.item[i].key;
		map->item[2 * i + 1] = pairs.item[i].value;
	}
	return 0;
}

static int take_collection(struct yreader *r, const yaml_event_t *event,
	unsigned int depth, struct ynode **out, struct extent *extent, struct err *e)
{
	bool map = event->type == YAML_MAPPING_START_EVENT;
	const yaml_mark_t *at = &event->start_mark;
	const yaml_char_t *tag =
		map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
	struct ynode *n;

	if (tag && fault_at(r, at, "a tag: only !!str and !!binary are known", e) < 0)
		return -1;
	if (depth >= DEPTH_MAX)
		return fail_at(r, ERR_LIMIT, at, "more than 32 levels deep", e);
	if (node_new(r, map ? YNODE_MAPPING : YNODE_SEQUENCE, at, &n, e) < 0)
		return -1;

	struct anchor *a = NULL;

	if (anchor_begin(r,
		    map ? event->data.mapping_start.anchor
			: event->data.sequence_start.anchor,
		    at, n, &a, e) < 0)
		return -1;
	*extent = (struct extent){ sizeof(*n), 0 };
	if (take_items(r, map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT, depth,
		    n, extent, e) < 0)
		return -1;
	if (map && settle_keys(r, n, e) < 0)
		return -1;
	if (a) {
		a->weight = extent->weight;
		a->height = extent->height;
		a->complete = true;
	}
	*out = n;
	return 0;
}

static int take_node(struct yreader *r, const yaml_event_t *event, unsigned int depth,
	struct ynode **out, struct extent *extent, struct err *e)
{
	if (event->type == YAML_ALIAS_EVENT)
		return use_alias(r, event, depth, out, extent, e);
	if (event->type == YAML_SCALAR_EVENT)
		return take_scalar(r, event, out, extent, e);
	return take_collection(r, event, depth, out, extent, e);
}

/* The first document's root; NULL when there is nothing in it. */
static int take_document(struct yreader *r, struct ynode **root, struct err *e)
{
	for (;;) {
		auto_event yaml_event_t event = { 0 };
		struct extent extent;

		if (next_event(r, &event, e) < 0)
			return -1;
		if (event.type == YAML_STREAM_END_EVENT)
			return 0;
		if (event.type == YAML_DOCUMENT_START_EVENT &&
			event.data.document_start.version_directive &&
			event.data.document_start.version_directive->minor != 1)
			return fail_at(r, ERR_PARSE, &event.start_mark, "no YAML 1.1", e);
		if (event.type == YAML_STREAM_START_EVENT ||
			event.type == YAML_DOCUMENT_START_EVENT)
			continue;
		if (take_node(r, &event, 0, root, &extent, e) < 0)
			return -1;
		if ((*root)->kind == YNODE_SCALAR && (*root)->plain && (*root)->len == 0)
			*root = NULL;
		/* What else stands in this document is damage; a second one is not read.
		 */
		auto_event yaml_event_t end = { 0 };

		return next_event(r, &end, e);
	}
}

int yaml_parse(struct bytes text, const char *name, size_t ceiling, struct ydoc *out,
	struct err *e)
{
	return yaml_parse_all(text, name, ceiling, NULL, out, e);
}

int yaml_parse_all(struct bytes text, const char *name, size_t ceiling,
	const struct yaml_faults *faults, struct ydoc *out, struct err *e)
{
	struct arena *arena;
	struct yreader r = { .name = name, .text = text, .faults = faults };
	struct ynode *root = NULL;

	if (text.len > ceiling)
		return err_set(e, ERR_LIMIT, "%s: larger than %zu bytes", name, ceiling);
	if (!yaml_parser_initialize(&r.parser))
		err_abort("out of memory");
	r.arena = arena = xcalloc(1, sizeof(*arena));
	if (text.len >= 3 && memcmp(text.data, BOM, 3) == 0)
		r.text = text = bytes_of(text.data + 3, text.len - 3);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&r.parser, text.len ? text.data : (const unsigned char *)"", text.len);

	int result = take_document(&r, &root, e);

	yaml_parser_delete(&r.parser);
	if (result < 0) {
		arena_release(arena);
		free(arena);
		return -1;
	}
	*out = (struct ydoc){ .root = root, .memory = arena };
	return 0;
}

void yaml_release(struct ydoc *doc)
{
	if (doc->memory)
		arena_release(doc->memory);
	free(doc->memory);
	*doc = (struct ydoc){ 0 };
}

const struct ynode *yaml_get(const struct ynode *map, const char *key)
{
	if (map->kind != YNODE_MAPPING)
		return NULL;
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->item[2 * i]->text, key) == 0)
			return map->item[2 * i + 1];
	return NULL;
}
