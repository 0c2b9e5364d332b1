/* Any bytes as JSON: parsed or refused, and every node that comes out can be asked. */
#include "lib/adapt/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct json *node)
{
	struct err e;
	const char *text, *key;
	const struct json *value;
	int64_t number;

	if (json_str(node, &text, &e) == 0 && strlen(text) == SIZE_MAX)
		abort();
	if (json_int(node, 0, 1 << 20, &number, &e) == 0 && number > 1 << 20)
		abort();
	for (size_t i = 0; i < json_count(node); i++)
		walk(json_at(node, i));
	if (json_is_object(node, &e) < 0)
		return;
	for (void *it = json_next(node, NULL, &key, &value); it;
		it = json_next(node, it, &key, &value)) {
		if (!json_has(node, key))
			abort();
		walk(value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_json struct json_doc *doc = NULL;
	struct err e;

	if (json_open(bytes_of(data, size), &doc, &e) == 0)
		walk(json_any(doc));
	return 0;
}
