/* Whatever a delta says: applying ends, within bounds. The first byte is the method of a piece,
 * the second the length of the base in it; what reads as a deflate stream is made again. */
#include "lib/model/delta.h"
#include "lib/model/regzip.h"

#define PIECE 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void piece(const uint8_t *data, size_t size)
{
	auto_buf struct buf out = BUF_INIT(2 * PIECE);
	size_t base = data[1] < size - 2 ? data[1] : size - 2;
	struct err e;

	if (deltapiece_apply(data[0], bytes_of(data + 2 + base, size - 2 - base),
		    bytes_of(data + 2, base), PIECE, &out, &e) == 0 &&
		out.len != PIECE)
		err_abort("a piece of another length");
}

static void gz(struct bytes in)
{
	auto_buf struct buf content = BUF_INIT(1U << 20), recipe = BUF_INIT(1U << 16),
			    again = BUF_INIT(1U << 20);
	struct err e;

	if (regzip_analyse(in, &content, &recipe, &e) <= 0)
		return;
	if (regzip_make(buf_bytes(&content), buf_bytes(&recipe), &again, &e) < 0 ||
		!bytes_equal(buf_bytes(&again), in))
		err_abort("a recipe that makes something else");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct delta_head head;
	struct err e;

	if (size >= 2)
		piece(data, size);
	gz(bytes_of(data, size));
	if (size == DELTA_HEAD_SIZE &&
		delta_head_parse(bytes_of(data, size), &head, &e) == 0 &&
		head.manifest_len > MANIFEST_BYTES_MAX)
		err_abort("a head beyond the bounds");
	return 0;
}
