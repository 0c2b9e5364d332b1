/* What parses must format to the very same bytes, and its tar must have the size it says.
 */
#include "lib/model/manifest.h"
#include "lib/model/tarwrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf struct buf back = BUF_INIT(MANIFEST_BYTES_MAX);
	auto_manifest struct manifest m;
	struct err e;

	manifest_init(&m);
	if (manifest_parse(bytes_of(data, size), &m, &e) < 0)
		return 0;
	if (manifest_format(&m, &back, &e) < 0 ||
		!bytes_equal(buf_bytes(&back), bytes_of(data, size)) ||
		tarwrite_size(&m) % 10240 != 0)
		err_abort("a manifest that parses is not what is written");
	return 0;
}
