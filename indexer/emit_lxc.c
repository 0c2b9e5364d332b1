#include "indexer/emit.h"
#include "lib/model/lxcindex.h"

/* Clients of level 7 ask for the suffixed name first, three times if it is absent. */
const struct emit_lxc_file emit_lxc_files[] = {
	{ "meta/1.0/index-system" },
	{ "meta/1.0/index-system.7" },
	{ "meta/1.0/index-user" },
	{ "meta/1.0/index-user.7" },
};
const size_t emit_lxc_file_count = ARRAY_COUNT(emit_lxc_files);

void emit_lxc_line(struct buf *out, const struct image *image, const char *serial)
{
	lxcindex_line(out, image, serial);
}
