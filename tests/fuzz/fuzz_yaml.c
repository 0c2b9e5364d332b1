/* Any bytes as YAML; what is read as a string must survive being written and read again.
 */
#include "lib/adapt/yaml.h"

#include "lib/base/buf.h"

#define CEILING ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void rewrite(const struct ynode *node)
{
	auto_buf struct buf text = BUF_INIT(8 * CEILING);
	auto_yaml struct ydoc doc = { 0 };
	struct err e;

	yaml_write_scalar(&text, node->text);
	if (yaml_parse(buf_bytes(&text), "again", 8 * CEILING, &doc, &e) < 0 ||
		!doc.root || strcmp(doc.root->text, node->text) != 0)
		abort();
}

static void walk(const struct ynode *node)
{
	size_t items = node->kind == YNODE_MAPPING ? 2 * node->count : node->count;

	if (node->kind == YNODE_SCALAR)
		rewrite(node);
	for (size_t i = 0; i < items; i++)
		walk(node->item[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_yaml struct ydoc doc = { 0 };
	struct err e;

	if (yaml_parse(bytes_of(data, size), "fuzz.yaml", CEILING, &doc, &e) == 0 &&
		doc.root)
		walk(doc.root);
	return 0;
}
