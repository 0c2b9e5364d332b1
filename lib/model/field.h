/* field.h -- the fields that our documents share: schema, digest, size, path, serial,
 * image.
 * Errors  ERR_PARSE names the key and the value
 * Source  formats chapter; SEC-17 for paths */
#ifndef LIB_MODEL_FIELD_H
#define LIB_MODEL_FIELD_H

#include "lib/adapt/digest.h"
#include "lib/adapt/json.h"
#include "lib/base/arena.h"
#include "lib/model/image.h"

#define FIELD_INT_MAX ((INT64_C(1) << 53) - 1)

/* "schema" must be 1. */
int field_schema(const struct json *o, struct err *e) must_check nonnull;

int field_digest(const struct json *o, const char *key, struct digest *out,
	struct err *e) must_check nonnull;
int field_size(const struct json *o, const char *key, uint64_t *out,
	struct err *e) must_check nonnull;

/* A path that signed documents may name (relative, portable), copied into the arena. */
int field_path(const struct json *o, const char *key, struct arena *a, const char **out,
	struct err *e) must_check nonnull;

/* One component of such a path, not hidden: what a published directory may hold. */
int field_name(const struct json *o, const char *key, struct arena *a, const char **out,
	struct err *e) must_check nonnull;

/* A string copied into the arena. */
int field_str(const struct json *o, const char *key, struct arena *a, const char **out,
	struct err *e) must_check nonnull;
int field_serial(const struct json *o, const char *key, char out[SERIAL_MAX],
	struct err *e) must_check nonnull;

/* A string that must be one of the words of a NULL-terminated list; *out points into the
 * list. */
int field_word(const struct json *o, const char *key, const char *const *words,
	const char **out, struct err *e) must_check nonnull;

/* An array of objects: element i is checked to be one. At most max elements. */
int field_array(const struct json *o, const char *key, size_t max,
	const struct json **out, size_t *count, struct err *e) must_check nonnull;
int field_object_at(const struct json *array, size_t i, const struct json **out,
	struct err *e) must_check nonnull;

/* An array of strings copied into the arena. */
int field_strings(const struct json *o, const char *key, size_t max, struct arena *a,
	const char ***out, size_t *count, struct err *e) must_check nonnull;

#endif
