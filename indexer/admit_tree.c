#include "indexer/admit_tree.h"

#include "indexer/meter.h"
#include "lib/adapt/xz.h"
#include "lib/adapt/zst.h"
#include "lib/base/fs.h"
#include "lib/model/manifest.h"
#include "lib/model/tarwrite.h"
#include "lib/model/unpackpolicy.h"

#include <fcntl.h>

#define CHUNK      65536
#define IDS        65536
#define XZ_THREADS 4
#define HEADER_MAX (4U << 20) /* pax header of one entry with all its xattrs */

struct walk {
	struct tar *tar;
	struct unpack_state policy;
	struct unpack_entry judged;
	struct manifest derived;
	struct hasher canonical; /* of the tar that tarwrite would have made */
	uint64_t canonical_size;
	struct buf header;
	unsigned char chunk[CHUNK];
};

static void walk_release(struct walk *w)
{
	tar_close(&w->tar);
	manifest_release(&w->derived);
	hasher_release(&w->canonical);
	buf_release(&w->header);
}

static int untrusted(struct err *e, const char *what, const struct digest *got,
	const struct digest *want)
{
	char g[DIGEST_HEX], w[DIGEST_HEX];

	digest_hex(got, g);
	digest_hex(want, w);
	return err_set(e, ERR_UNTRUSTED, "%s is %s, build.json says %s", what, g, w);
}

static void add_zeros(struct walk *w, uint64_t count)
{
	memset(w->chunk, 0, sizeof(w->chunk));
	w->canonical_size += count;
	while (count) {
		size_t n = count < CHUNK ? (size_t)count : CHUNK;

		hasher_add(&w->canonical, w->chunk, n);
		count -= n;
	}
}

static int read_content(struct walk *w, const struct tar_entry *t,
	struct manifest_entry *slot, struct err *e)
{
	auto_hasher struct hasher content;
	uint64_t size = 0;
	ssize_t n;

	hasher_init(&content);
	while ((n = tar_read(w->tar, w->chunk, sizeof(w->chunk), e)) > 0) {
		hasher_add(&content, w->chunk, (size_t)n);
		hasher_add(&w->canonical, w->chunk, (size_t)n);
		size += (uint64_t)n;
	}
	if (n < 0)
		return -1;
	if (size != slot->size)
		return err_set(e, ERR_PARSE, "'%s' has %llu of %llu bytes", t->path,
			(unsigned long long)size, (unsigned long long)slot->size);
	w->canonical_size += size;
	if (size)
		slot->sha256 = hasher_final(&content);
	add_zeros(w, tarwrite_padding(size));
	return 0;
}

static int walk_entry(struct walk *w, const struct tar_entry *t, struct err *e)
{
	struct manifest_entry *slot;

	switch (unpack_judge(&w->policy, t, &w->judged, e)) {
	case UNPACK_KEEP:
	case UNPACK_ROOT:
		break;
	case UNPACK_SKIP:
		return err_set(e, ERR_PARSE, "'%s' is of a kind that no client unpacks",
			t->path);
	case UNPACK_REFUSE:
	default:
		return -1;
	}
	if (manifest_add_tar(&w->derived, t, &slot, e) < 0)
		return -1;

	buf_clear(&w->header);
	tarwrite_header(slot, w->derived.count - 1, &w->header);
	if (buf_check(&w->header, "a tar header", e) < 0)
		return -1;
	hasher_add(&w->canonical, w->header.data, w->header.len);
	w->canonical_size += w->header.len;
	return slot->type == '0' ? read_content(w, t, slot, e) : 0;
}

static int walk_entries(struct walk *w, const struct reader *plain, struct err *e)
{
	struct tar_entry t;
	int rc;

	if (tar_open(plain, &w->tar, e) < 0)
		return -1;
	while ((rc = tar_next(w->tar, &t, e)) > 0)
		if (walk_entry(w, &t, e) < 0)
			return -1;
	if (rc < 0)
		return -1;
	add_zeros(w, tarwrite_trailer(w->canonical_size));
	return 0;
}

static int compare(struct walk *w, const struct build *b, struct bytes man,
	const struct digest *raw, uint64_t raw_size, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(MANIFEST_BYTES_MAX);
	struct digest canonical = hasher_final(&w->canonical);

	if (!digest_equal(raw, &b->diff_id))
		return untrusted(e, "the tar in 'rootfs.tar.zst'", raw, &b->diff_id);
	if (!digest_equal(raw, &canonical))
		return err_set(e, ERR_UNTRUSTED,
			"the tar in 'rootfs.tar.zst' is not of our dialect: headers or "
			"padding differ");

	w->derived.tar_size = raw_size;
	w->derived.diff_id = *raw;
	if (manifest_format(&w->derived, &text, e) < 0)
		return -1;
	if (!bytes_equal(buf_bytes(&text), man))
		return err_set(e, ERR_UNTRUSTED,
			"'rootfs.man' does not describe the tar in 'rootfs.tar.zst'");
	return 0;
}

static int check_zst(int dir_fd, const struct build *b, struct bytes man,
	uint64_t tar_size, struct err *e)
{
	auto_fd int fd = fs_open_beneath(dir_fd, "rootfs.tar.zst", O_RDONLY, 0, e);
	auto_meter struct meter meter = { 0 };
	auto_zst struct zst_reader *zst = NULL;
	struct walk *w;
	struct reader in = reader_of_fd(&fd), plain;
	struct digest raw;
	int rc;

	if (fd < 0 || zst_open(&in, &zst, e) < 0)
		return -1;
	w = xcalloc(1, sizeof(*w));
	w->policy.limits = (struct unpack_limits){ .entries = b->entries,
		.unpacked_size = b->unpacked_size,
		.ids = IDS,
		.strict = true };
	w->header.ceiling = HEADER_MAX;
	manifest_init(&w->derived);
	hasher_init(&w->canonical);
	meter_begin(&meter, zst_as_reader(zst), "rootfs.tar.zst", tar_size);
	plain = meter_as_reader(&meter);

	rc = walk_entries(w, &plain, e);
	if (rc == 0)
		rc = meter_end(&meter, &raw, e);
	if (rc == 0)
		rc = compare(w, b, man, &raw, meter.seen, e);
	walk_release(w);
	free(w);
	return rc < 0 ? err_wrap(e, "'rootfs.tar.zst'") : 0;
}

/* The same bytes as those walked above, so they need no second walk. */
static int check_xz(int dir_fd, const struct build *b, uint64_t tar_size, struct err *e)
{
	auto_fd int fd = fs_open_beneath(dir_fd, "rootfs.tar.xz", O_RDONLY, 0, e);
	auto_meter struct meter meter = { 0 };
	auto_xz struct xz_reader *xz = NULL;
	struct reader in = reader_of_fd(&fd);
	struct digest raw;

	if (fd < 0 || xz_open(&in, XZ_THREADS, &xz, e) < 0)
		return -1;
	meter_begin(&meter, xz_as_reader(xz), "rootfs.tar.xz", tar_size);
	if (meter_end(&meter, &raw, e) < 0)
		return err_wrap(e, "'rootfs.tar.xz'");
	if (!digest_equal(&raw, &b->diff_id))
		return untrusted(e, "the tar in 'rootfs.tar.xz'", &raw, &b->diff_id);
	return 0;
}

static int compare_numbers(const struct manifest *m, const struct build *b, struct err *e)
{
	uint64_t size = manifest_unpacked_size(m);

	if (!digest_equal(&m->diff_id, &b->diff_id))
		return untrusted(
			e, "the diff id in 'rootfs.man'", &m->diff_id, &b->diff_id);
	if (m->count != b->entries)
		return err_set(e, ERR_UNTRUSTED,
			"'rootfs.man' has %zu entries, build.json says %llu", m->count,
			(unsigned long long)b->entries);
	if (size != b->unpacked_size)
		return err_set(e, ERR_UNTRUSTED,
			"'rootfs.man' unpacks to %llu bytes, build.json says %llu",
			(unsigned long long)size, (unsigned long long)b->unpacked_size);
	return 0;
}

static bool is_systemd(const char *path)
{
	return strcmp(path, "usr/lib/systemd/systemd") == 0 ||
	       strcmp(path, "lib/systemd/systemd") == 0;
}

/* What systemd-nspawn and others execute as the first process. */
static bool is_init(const char *path)
{
	return strcmp(path, "sbin/init") == 0 || strcmp(path, "usr/sbin/init") == 0 ||
	       strcmp(path, "usr/bin/init") == 0 || is_systemd(path);
}

static void note_facts(const struct manifest *m, struct tree_facts *out)
{
	manifest_max_ids(m, &out->max_uid, &out->max_gid);
	out->tar_size = m->tar_size;
	for (size_t i = 0; i < m->count; i++) {
		const struct manifest_entry *entry = &m->entry[i];

		if ((entry->type == '0' || entry->type == '1') && is_systemd(entry->path))
			out->has_systemd = true;
		if (entry->type != '5' && is_init(entry->path))
			out->has_init = true;
		out->inodes += entry->type != '1';
	}
}

static int read_manifest(
	int dir_fd, const struct build *build, struct buf *out, struct err *e)
{
	struct digest id;

	if (fs_read_at(dir_fd, "rootfs.man", out, e) < 0)
		return -1;
	id = digest_of(buf_bytes(out));
	if (digest_equal(&id, &build->id))
		return 0;
	return untrusted(e, "the digest of 'rootfs.man'", &id, &build->id);
}

int tree_facts_read(
	int dir_fd, const struct build *build, struct tree_facts *out, struct err *e)
{
	auto_buf struct buf man = BUF_INIT(MANIFEST_BYTES_MAX);
	auto_manifest struct manifest m = { 0 };

	manifest_init(&m);
	if (read_manifest(dir_fd, build, &man, e) < 0)
		return -1;
	if (manifest_parse(buf_bytes(&man), &m, e) < 0)
		return err_wrap(e, "'rootfs.man'");
	if (compare_numbers(&m, build, e) < 0 || admit_shape(&m, e) < 0)
		return -1;
	note_facts(&m, out);
	return 0;
}

int admit_tree(int dir_fd, const struct build *build, uint64_t tar_size, struct err *e)
{
	auto_buf struct buf man = BUF_INIT(MANIFEST_BYTES_MAX);

	if (read_manifest(dir_fd, build, &man, e) < 0 ||
		check_zst(dir_fd, build, buf_bytes(&man), tar_size, e) < 0)
		return -1;
	return check_xz(dir_fd, build, tar_size, e);
}
