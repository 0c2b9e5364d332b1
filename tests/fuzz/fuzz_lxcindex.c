/* What is read as an entry is written as a line that reads as the same entry. */
#include "lib/model/lxcindex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = bytes_of(data, size), line;
	struct lxcindex_entry entry, back;
	struct err e;

	while (lxcindex_next(&text, &entry, &e) == 1) {
		struct buf out auto_buf = BUF_INIT(1024);

		if (entry.path.data < data ||
			entry.path.data + entry.path.len > data + size)
			err_abort("a path lies outside the text");
		lxcindex_line(&out, &entry.image, entry.serial);
		line = buf_bytes(&out);
		if (lxcindex_next(&line, &back, &e) != 1 ||
			!image_equal(&entry.image, &back.image) ||
			strcmp(entry.serial, back.serial) != 0)
			err_abort("an entry is not what is written");
	}
	return 0;
}
