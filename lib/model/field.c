#include "lib/model/field.h"

#include "lib/base/relpath.h"

int field_schema(const struct json *o, struct err *e)
{
	int64_t schema = 0;

	if (json_get_int(o, "schema", 0, FIELD_INT_MAX, &schema, e) < 0)
		return -1;
	if (schema != 1)
		return err_set(e, ERR_PARSE,
			"'schema' is %lld, this version reads 1; update rootyard",
			(long long)schema);
	return 0;
}

int field_digest(const struct json *o, const char *key, struct digest *out, struct err *e)
{
	const char *hex;

	if (json_get_str(o, key, &hex, e) < 0)
		return -1;
	if (digest_parse(hex, out, e) < 0)
		return err_wrap(e, "'%s'", key);
	return 0;
}

int field_size(const struct json *o, const char *key, uint64_t *out, struct err *e)
{
	int64_t value;

	if (json_get_int(o, key, 0, FIELD_INT_MAX, &value, e) < 0)
		return -1;
	*out = (uint64_t)value;
	return 0;
}

int field_path(const struct json *o, const char *key, struct arena *a, const char **out,
	struct err *e)
{
	struct relpath path;
	const char *text;

	if (json_get_str(o, key, &text, e) < 0)
		return -1;
	if (relpath_parse(text, &path, e) < 0)
		return err_wrap(e, "'%s'", key);
	if (!relpath_is_portable(&path))
		return err_set(e, ERR_PARSE,
			"'%s': '%s' is not made of [A-Za-z0-9._:+~/-]{1,200}", key, text);
	*out = arena_strdup(a, text);
	return 0;
}

int field_name(const struct json *o, const char *key, struct arena *a, const char **out,
	struct err *e)
{
	const char *name;

	if (field_path(o, key, a, &name, e) < 0)
		return -1;
	if (strchr(name, '/') || name[0] == '.')
		return err_set(
			e, ERR_PARSE, "'%s': '%s' is no plain file name", key, name);
	*out = name;
	return 0;
}

int field_str(const struct json *o, const char *key, struct arena *a, const char **out,
	struct err *e)
{
	const char *text;

	if (json_get_str(o, key, &text, e) < 0)
		return -1;
	*out = arena_strdup(a, text);
	return 0;
}

int field_serial(
	const struct json *o, const char *key, char out[SERIAL_MAX], struct err *e)
{
	const char *text;

	if (json_get_str(o, key, &text, e) < 0)
		return -1;
	if (!serial_is_valid(text))
		return err_set(e, ERR_PARSE, "'%s': '%s' is no serial (YYYYMMDD_HHMM)",
			key, text);
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

int field_word(const struct json *o, const char *key, const char *const *words,
	const char **out, struct err *e)
{
	const char *text;

	if (json_get_str(o, key, &text, e) < 0)
		return -1;
	for (; *words; words++) {
		if (strcmp(*words, text) == 0) {
			*out = *words;
			return 0;
		}
	}
	return err_set(e, ERR_PARSE, "'%s': unknown word '%s'", key, text);
}

int field_array(const struct json *o, const char *key, size_t max,
	const struct json **out, size_t *count, struct err *e)
{
	if (json_get_array(o, key, out, e) < 0)
		return -1;
	*count = json_count(*out);
	if (*count > max)
		return err_set(e, ERR_LIMIT,
			"'%s' has %zu items, at most %zu are allowed", key, *count, max);
	return 0;
}

int field_object_at(
	const struct json *array, size_t i, const struct json **out, struct err *e)
{
	*out = json_at(array, i);
	return json_is_object(*out, e);
}

int field_strings(const struct json *o, const char *key, size_t max, struct arena *a,
	const char ***out, size_t *count, struct err *e)
{
	const struct json *array;
	size_t n;

	if (field_array(o, key, max, &array, &n, e) < 0)
		return -1;
	*out = arena_array(a, n, sizeof(**out));
	for (size_t i = 0; i < n; i++) {
		const char *text;

		if (json_str(json_at(array, i), &text, e) < 0)
			return err_wrap(e, "'%s'", key);
		(*out)[i] = arena_strdup(a, text);
	}
	*count = n;
	return 0;
}
