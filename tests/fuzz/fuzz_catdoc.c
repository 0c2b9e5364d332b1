/* Catalog and image document: what parses must format to what parses. */
#include "lib/model/catdoc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool fact)
{
	if (!fact)
		err_abort("a document that parses is not what is written");
}

static void try_catalog(struct bytes in)
{
	struct catdoc c auto_catdoc = { .line_count = 0 };
	struct catdoc back auto_catdoc = { .line_count = 0 };
	struct buf out auto_buf = BUF_INIT(CATALOG_MAX);
	const struct catdoc_line *line;
	struct err e;

	if (catdoc_parse(in, &c, &e) < 0)
		return;
	catdoc_header(&out, c.generation, c.site, c.mirror, c.mirror_count, c.line_count);
	for (size_t i = 0; i < c.line_count; i++) {
		struct image_ref ref = { .image = c.line[i].image };

		catdoc_image(&out, &c.line[i].image, c.line[i].serial, c.line[i].state,
			c.line[i].doc_size, &c.line[i].doc);
		if (catdoc_find(&c, &ref, &line, &e) < 0)
			need(c.alias_count > 0); /* an alias may hide a release */
	}
	for (size_t i = 0; i < c.alias_count; i++)
		catdoc_alias(&out, c.alias[i].alias, c.alias[i].target);
	need(catdoc_parse(buf_bytes(&out), &back, &e) == 0);
	need(back.line_count == c.line_count && back.alias_count == c.alias_count);
}

static void try_document(struct bytes in)
{
	struct imagedoc d auto_imagedoc = { .state = "" };
	struct imagedoc back auto_imagedoc = { .state = "" };
	struct buf out auto_buf = BUF_INIT(16 * IMAGE_DOC_MAX);
	struct err e;

	if (imagedoc_parse(in, &d, &e) < 0)
		return;
	for (size_t i = 0; i < d.build_count; i++)
		need(imagedoc_build(&d, d.build[i].serial, "") != NULL);
	need(imagedoc_format(&d, &out, &e) == 0);
	if (out.len <= IMAGE_DOC_MAX)
		need(imagedoc_parse(buf_bytes(&out), &back, &e) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_catalog(bytes_of(data, size));
	try_document(bytes_of(data, size));
	return 0;
}
