#include "indexer/emit.h"
#include "lib/model/sums.h"

void emit_sums(const struct catalog_file *file, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++)
		if (file[i].is_signed)
			sums_line(out, &file[i].sha256, file[i].name);
}

void emit_nspawn(bool has_init, struct buf *out)
{
	buf_printf(out, "[Exec]\nBoot=%s\n", has_init ? "yes" : "no");
}
