/* Any bytes as a definition: read, judged, written; what was written reads back the same. */
#include "builder/recipe_lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct recipe *r)
{
	auto_buf struct buf first = BUF_INIT(8U << 20), second = BUF_INIT(8U << 20);
	auto_complaints struct complaints c;
	auto_recipe struct recipe again;
	struct err e;

	complaints_init(&c, "again");
	recipe_init(&again);
	if (recipe_format(r, &first, &e) < 0 || first.len == 0)
		return;
	if (recipe_parse(&again, buf_bytes(&first), &c, &e) < 0 || c.errors ||
		recipe_format(&again, &second, &e) < 0 ||
		!bytes_equal(buf_bytes(&first), buf_bytes(&second)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_complaints struct complaints c;
	auto_recipe struct recipe r;
	struct err e;

	complaints_init(&c, "fuzz.yaml");
	recipe_init(&r);
	if (recipe_parse(&r, bytes_of(data, size), &c, &e) == 0 && c.errors == 0) {
		recipe_lint(&r, NULL, &c);
		write_again(&r);
		recipe_finish(&r, "x86_64", &c);
		recipe_check(&r, &c);
	}
	return 0;
}
