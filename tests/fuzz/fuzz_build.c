/* What parses must format, and what was formatted is parsed to the same bytes. */
#include "lib/model/build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first auto_buf = BUF_INIT(4 * BUILD_JSON_MAX);
	struct buf second auto_buf = BUF_INIT(4 * BUILD_JSON_MAX);
	struct build b auto_build, back auto_build;
	struct err e;

	build_init(&b);
	build_init(&back);
	if (build_parse(bytes_of(data, size), &b, &e) < 0)
		return 0;
	if (build_format(&b, &first, &e) < 0 ||
		build_parse(buf_bytes(&first), &back, &e) < 0 ||
		build_format(&back, &second, &e) < 0 ||
		!bytes_equal(buf_bytes(&first), buf_bytes(&second)))
		err_abort("a build.json that parses is not what is written");
	return 0;
}
