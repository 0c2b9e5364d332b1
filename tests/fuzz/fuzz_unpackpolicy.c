/* What is kept must stay inside: names are relpaths, ids inside the map, sums inside the
 * limits. */
#include "lib/model/manifest.h"
#include "lib/model/unpackpolicy.h"
#include "tests/fuzz/mend_tar.h"
#include "tests/unit/memory_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct unpack_state *s, const struct unpack_entry *u)
{
	struct relpath p;
	struct err e;

	if (relpath_parse(u->path.text, &p, &e) < 0 || u->uid >= 65536 ||
		u->gid >= 65536 || u->mode > 07777 ||
		s->bytes > s->limits.unpacked_size || s->entries > s->limits.entries)
		err_abort("kept what must be refused");
	if (u->type == TAR_HARDLINK && relpath_parse(u->link.text, &p, &e) < 0)
		err_abort("kept a hard link that leaves");
	for (size_t i = 0; i < u->xattr_count; i++)
		if (!unpack_xattr_is_allowed(u->xattr[i].name))
			err_abort("kept an attribute that is not on the list");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unpack_state state = {
		.limits = { .entries = 64, .unpacked_size = 1 << 20, .ids = 65536 }
	};
	auto_free unsigned char *archive = xmalloc(size);
	struct memory_reader memory = { .rest = bytes_of(archive, size) };
	struct reader in = memory_reader_of(&memory);
	auto_manifest struct manifest m;
	auto_tar struct tar *tar = NULL;
	struct manifest_entry *slot;
	struct unpack_entry u;
	struct tar_entry t;
	struct err e;

	memcpy(archive, data, size);
	mend_tar(archive, size);
	manifest_init(&m);
	if (tar_open(&in, &tar, &e) < 0)
		return 0;
	while (tar_next(tar, &t, &e) > 0) {
		enum unpack_verdict v = unpack_judge(&state, &t, &u, &e);

		if (v == UNPACK_REFUSE)
			break;
		if (v == UNPACK_KEEP)
			check(&state, &u);
		if (manifest_add_tar(&m, &t, &slot, &e) < 0)
			break;
	}
	return 0;
}
