/* OCI manifests and indexes: what parses has what it must have. */
#include "lib/model/oci.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_doc d auto_oci_doc = { .count = 0 };
	struct err e;

	if (oci_parse(bytes_of(data, size), &d, &e) < 0)
		return 0;
	for (size_t i = 0; i < d.count; i++)
		if (!d.item[i].media_type || !d.item[i].architecture)
			err_abort("a descriptor without its type");
	if (strcmp(d.media_type, OCI_MANIFEST) == 0 && !d.config.media_type)
		err_abort("a manifest without its config");
	return 0;
}
