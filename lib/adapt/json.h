/* json.h -- read JSON strictly, and write what was read. The only file that knows jansson.
 * Rules   duplicate keys, floats, trailing bytes, depth over 32, invalid UTF-8 and NUL in
 *         strings are refused; unknown keys are ignored
 * Errors  wrong types and ranges are ERR_PARSE that names the key:
 *         "'size': not an integer of 0..100"
 * Owns    the document owns every node and string; json_close frees all
 * Source  RFC 8259 */
#ifndef LIB_ADAPT_JSON_H
#define LIB_ADAPT_JSON_H

#include "lib/base/buf.h"
#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct json_doc;
struct json; /* a borrowed node */

int json_open(struct bytes text, struct json_doc **out, struct err *e) must_check nonnull;
void json_close(struct json_doc **doc) nonnull;
#define auto_json with_cleanup(json_close)

/* The root, which must be an object (json_root) or anything (json_any). */
int json_root(const struct json_doc *doc, const struct json **out,
	struct err *e) must_check nonnull;
const struct json *json_any(const struct json_doc *doc) nonnull;

/* Members of an object: required forms fail when the key is absent, _opt forms leave the
 * output as it is. */
int json_get_str(const struct json *o, const char *key, const char **out,
	struct err *e) must_check nonnull;
int json_get_int(const struct json *o, const char *key, int64_t min, int64_t max,
	int64_t *out, struct err *e) must_check nonnull;
int json_get_bool(const struct json *o, const char *key, bool *out,
	struct err *e) must_check nonnull;
int json_get_object(const struct json *o, const char *key, const struct json **out,
	struct err *e) must_check nonnull;
int json_get_array(const struct json *o, const char *key, const struct json **out,
	struct err *e) must_check nonnull;
bool json_has(const struct json *o, const char *key) nonnull;
int json_opt_str(const struct json *o, const char *key, const char **out,
	struct err *e) must_check nonnull;
int json_opt_int(const struct json *o, const char *key, int64_t min, int64_t max,
	int64_t *out, struct err *e) must_check nonnull;

/* Elements of an array. */
size_t json_count(const struct json *a) nonnull;
const struct json *json_at(const struct json *a, size_t i) nonnull;
int json_str(const struct json *n, const char **out, struct err *e) must_check nonnull;
int json_int(const struct json *n, int64_t min, int64_t max, int64_t *out,
	struct err *e) must_check nonnull;
int json_is_object(
	const struct json *n, struct err *e) must_check nonnull; /* 0 or ERR_PARSE */

/* Takes a member of an object away; its value and what was found in it are gone. */
void json_drop(struct json_doc *doc, const struct json *o, const char *key) nonnull;

/* The document as text without white space, members in the order they came in. */
void json_format(const struct json_doc *doc, struct buf *out) nonnull;

/* Members of an object one by one: iter NULL starts, NULL back ends. */
void *json_next(const struct json *o, void *iter, const char **key,
	const struct json **value) nonnull_args(1, 3, 4);

#endif
