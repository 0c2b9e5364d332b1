#include "indexer/listed.h"

#include "indexer/emit.h"
#include "lib/base/fs.h"

static int read_exact(
	int base_fd, const struct trust_object *o, struct buf *out, struct err *e)
{
	struct digest d;

	if (fs_read_at(base_fd, o->path, out, e) < 0)
		return -1;
	d = digest_of(buf_bytes(out));
	if (out->len != o->size || !digest_equal(&d, &o->sha256))
		return err_set(e, ERR_UNTRUSTED,
			"'%s' is not what this generation's list of "
			"files says it is",
			o->path);
	return 0;
}

static bool ends(const char *path, const char *suffix)
{
	size_t len = strlen(path), suffix_len = strlen(suffix);

	return len > suffix_len && strcmp(path + len - suffix_len, suffix) == 0;
}

static const struct trust_object *find(const struct listed *l, const char *path)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->file[i].path, path) == 0)
			return &l->file[i];
	return NULL;
}

/* Two names of one signature are checked once. */
static bool is_twin(
	const struct listed *l, const struct trust_object *gpg, const char *base)
{
	auto_free char *asc = xasprintf("%s.asc", base);
	const struct trust_object *o = ends(gpg->path, ".gpg") ? find(l, asc) : NULL;

	return o && digest_equal(&o->sha256, &gpg->sha256);
}

static int check_detached(const struct listed *l, const struct trust_object *o,
	struct bytes sig, struct err *e)
{
	auto_free char *base = xasprintf("%.*s", (int)strlen(o->path) - 4, o->path);
	const struct trust_object *signed_file = find(l, base);
	auto_buf struct buf text = BUF_INIT(EMIT_INDEX_MAX);

	if (!signed_file)
		return err_set(e, ERR_UNTRUSTED, "'%s' signs a file that is not listed",
			o->path);
	if (is_twin(l, o, base))
		return 0;
	if (read_exact(l->base_fd, signed_file, &text, e) < 0)
		return -1;
	return notary_check(l->n, buf_bytes(&text), sig, base, e);
}

int listed_check(const struct listed *l, size_t at, struct err *e)
{
	const struct trust_object *o = &l->file[at];
	auto_buf struct buf text = BUF_INIT(EMIT_INDEX_MAX),
			    inside = BUF_INIT(EMIT_INDEX_MAX);

	if (read_exact(l->base_fd, o, &text, e) < 0)
		return -1;
	if (!l->n)
		return 0;
	if (ends(o->path, ".asc") || ends(o->path, ".gpg"))
		return check_detached(l, o, buf_bytes(&text), e);
	if (ends(o->path, ".sjson"))
		return notary_check_clearsigned(
			l->n, buf_bytes(&text), o->path, &inside, e);
	return 0;
}
