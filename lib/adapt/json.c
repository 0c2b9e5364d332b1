#include "lib/adapt/json.h"

#include <jansson.h>

#include <inttypes.h>

/* The library's macro of one argument hides our function of two. */
#undef json_is_object

#define DEPTH_MAX 32

struct json_doc {
	json_t *root;
};

static const struct json *node_of(const json_t *value)
{
	return (const struct json *)value;
}

static const json_t *value_of(const struct json *node)
{
	return (const json_t *)node;
}

/* jansson's iterators want a value they may write to, and do not write. */
static json_t *value_for_iter(const struct json *node)
{
	return (json_t *)(uintptr_t)node;
}

/* No floats and no depth: neither has an option in the library. */
static int check_value(json_t *v, unsigned int depth, struct err *e)
{
	size_t i;
	const char *key;
	json_t *member;

	if (json_is_real(v))
		return err_set(e, ERR_PARSE, "%g: not an integer", json_real_value(v));
	if (json_typeof(v) != JSON_OBJECT && json_typeof(v) != JSON_ARRAY)
		return 0;
	if (depth == DEPTH_MAX)
		return err_set(e, ERR_PARSE, "more than %d levels deep", DEPTH_MAX);
	json_array_foreach(
		v, i, member) if (check_value(member, depth + 1, e) < 0) return -1;
	json_object_foreach(v, key, member) if (check_value(member, depth + 1, e) <
						0) return err_wrap(e, "'%s'", key);
	return 0;
}

int json_open(struct bytes text, struct json_doc **out, struct err *e)
{
	json_error_t where;
	const char *data = text.len ? (const char *)text.data : "";
	json_t *root = json_loadb(
		data, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);

	if (!root && json_error_code(&where) == json_error_out_of_memory)
		err_abort("out of memory");
	if (!root)
		return err_set(e, ERR_PARSE, "JSON: line %d, column %d: %s", where.line,
			where.column, where.text);
	if (check_value(root, 0, e) < 0) {
		json_decref(root);
		return err_wrap(e, "JSON");
	}
	*out = xmalloc(sizeof(**out));
	(*out)->root = root;
	return 0;
}

void json_close(struct json_doc **doc)
{
	if (!*doc)
		return;
	json_decref((*doc)->root);
	free(STEAL(*doc));
}

int json_root(const struct json_doc *doc, const struct json **out, struct err *e)
{
	if (json_is_object(node_of(doc->root), e) < 0)
		return -1;
	*out = node_of(doc->root);
	return 0;
}

const struct json *json_any(const struct json_doc *doc)
{
	return node_of(doc->root);
}

/* The node of a required key. */
static const struct json *member(const struct json *o, const char *key, struct err *e)
{
	const json_t *v = json_object_get(value_of(o), key);

	if (!v)
		err_set(e, ERR_PARSE, "'%s': missing", key);
	return node_of(v);
}

int json_str(const struct json *n, const char **out, struct err *e)
{
	const char *s = json_string_value(value_of(n));

	if (!s)
		return err_set(e, ERR_PARSE, "not a string");
	*out = s;
	return 0;
}

int json_int(const struct json *n, int64_t min, int64_t max, int64_t *out, struct err *e)
{
	json_int_t v = json_integer_value(value_of(n));

	if (json_typeof(value_of(n)) != JSON_INTEGER || v < min || v > max)
		return err_set(e, ERR_PARSE, "not an integer of %" PRId64 "..%" PRId64,
			min, max);
	*out = v;
	return 0;
}

int json_is_object(const struct json *n, struct err *e)
{
	if (json_typeof(value_of(n)) != JSON_OBJECT)
		return err_set(e, ERR_PARSE, "not an object");
	return 0;
}

int json_get_str(const struct json *o, const char *key, const char **out, struct err *e)
{
	const struct json *n = member(o, key, e);

	if (!n)
		return -1;
	return json_str(n, out, e) < 0 ? err_wrap(e, "'%s'", key) : 0;
}

int json_get_int(const struct json *o, const char *key, int64_t min, int64_t max,
	int64_t *out, struct err *e)
{
	const struct json *n = member(o, key, e);

	if (!n)
		return -1;
	return json_int(n, min, max, out, e) < 0 ? err_wrap(e, "'%s'", key) : 0;
}

int json_get_bool(const struct json *o, const char *key, bool *out, struct err *e)
{
	const struct json *n = member(o, key, e);

	if (!n)
		return -1;
	if (!json_is_boolean(value_of(n)))
		return err_set(e, ERR_PARSE, "'%s': not true or false", key);
	*out = json_is_true(value_of(n));
	return 0;
}

int json_get_object(
	const struct json *o, const char *key, const struct json **out, struct err *e)
{
	const struct json *n = member(o, key, e);

	if (!n)
		return -1;
	if (json_is_object(n, e) < 0)
		return err_wrap(e, "'%s'", key);
	*out = n;
	return 0;
}

int json_get_array(
	const struct json *o, const char *key, const struct json **out, struct err *e)
{
	const struct json *n = member(o, key, e);

	if (!n)
		return -1;
	if (!json_is_array(value_of(n)))
		return err_set(e, ERR_PARSE, "'%s': not an array", key);
	*out = n;
	return 0;
}

bool json_has(const struct json *o, const char *key)
{
	return json_object_get(value_of(o), key) != NULL;
}

int json_opt_str(const struct json *o, const char *key, const char **out, struct err *e)
{
	return json_has(o, key) ? json_get_str(o, key, out, e) : 0;
}

int json_opt_int(const struct json *o, const char *key, int64_t min, int64_t max,
	int64_t *out, struct err *e)
{
	return json_has(o, key) ? json_get_int(o, key, min, max, out, e) : 0;
}

size_t json_count(const struct json *a)
{
	return json_array_size(value_of(a));
}

const struct json *json_at(const struct json *a, size_t i)
{
	return node_of(json_array_get(value_of(a), i));
}

void *json_next(
	const struct json *o, void *iter, const char **key, const struct json **value)
{
	json_t *object = value_for_iter(o);
	void *at = iter ? json_object_iter_next(object, iter) : json_object_iter(object);

	if (!at)
		return NULL;
	*key = json_object_iter_key(at);
	*value = node_of(json_object_iter_value(at));
	return at;
}

/* ---- what was read, shorter */

void json_drop(struct json_doc *doc, const struct json *o, const char *key)
{
	(void)doc; /* whose owner alone may change it */
	json_object_del(value_for_iter(o), key);
}

static int add_text(const char *text, size_t len, void *out)
{
	buf_add(out, text, len);
	return 0;
}

void json_format(const struct json_doc *doc, struct buf *out)
{
	if (json_dump_callback(doc->root, add_text, out, JSON_COMPACT | JSON_ENCODE_ANY) <
		0)
		err_abort("out of memory");
	buf_add_byte(out, '\n');
}
