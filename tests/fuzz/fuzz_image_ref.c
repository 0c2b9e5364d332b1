/* Names that parse are made of parts that cannot leave a directory, and format back. */
#include "lib/base/relpath.h"
#include "lib/model/image.h"
#include "lib/model/places.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xmalloc(size + 1);
	char back[IMAGE_NAME_MAX], serial[SERIAL_MAX], id[72];
	struct image_ref ref;
	struct relpath path;
	struct image image;
	struct err e;

	memcpy(text, data, size);
	text[size] = '\0';
	if (image_parse(text, &image, &e) == 0) {
		image_format(&image, back);
		if (strcmp(back, text) != 0 || relpath_parse(back, &path, &e) < 0)
			err_abort("an image's name is not what was parsed");
	}
	if (image_ref_parse(text, &ref, &e) == 0 &&
		!image_part_is_valid(ref.image.distro))
		err_abort("a reference without a distribution");
	if (ref_parse(bytes_of(data, size), serial, id, &e) == 0 &&
		!serial_is_valid(serial))
		err_abort("a stored reference without a serial");
	return 0;
}
