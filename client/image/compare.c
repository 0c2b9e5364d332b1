#include "client/image/compare.h"

#include <inttypes.h>

static int differs(const struct manifest_entry *want, const char *fact, int64_t got,
	int64_t wanted, struct err *e)
{
	return err_set(e, ERR_UNTRUSTED,
		"'%s' has %s %" PRId64 " where its manifest says %" PRId64,
		*want->path ? want->path : "/", fact, got, wanted);
}

static int compare_numbers(const struct manifest_entry *want,
	const struct manifest_entry *got, struct err *e)
{
	const struct {
		const char *fact;
		int64_t got, want;
	} facts[] = {
		{ "type", got->type, want->type },
		{ "mode", got->mode, want->mode },
		{ "owner", got->uid, want->uid },
		{ "group", got->gid, want->gid },
		{ "time", got->mtime_s, want->mtime_s },
		{ "size", (int64_t)got->size, (int64_t)want->size },
		{ "number of attributes", got->xattr_count, want->xattr_count },
	};

	for (size_t i = 0; i < ARRAY_COUNT(facts); i++)
		if (facts[i].got != facts[i].want)
			return differs(
				want, facts[i].fact, facts[i].got, facts[i].want, e);
	return 0;
}

static int compare_xattrs(const struct manifest_entry *want,
	const struct manifest_entry *got, struct err *e)
{
	for (size_t i = 0; i < want->xattr_count; i++) {
		const struct manifest_xattr *a = &want->xattr[i], *b = &got->xattr[i];

		if (strcmp(a->name, b->name) != 0 ||
			!bytes_equal(
				bytes_of(a->value, a->len), bytes_of(b->value, b->len)))
			return err_set(e, ERR_UNTRUSTED,
				"'%s' has another attribute '%s' than its manifest says",
				want->path, a->name);
	}
	return 0;
}

int compare_entry(
	const struct manifest_entry *want, const struct tar_entry *got, struct err *e)
{
	auto_manifest struct manifest one;
	struct manifest_entry *entry;

	manifest_init(&one);
	if (manifest_add_tar(&one, got, &entry, e) < 0)
		return -1;
	if (strcmp(want->path, entry->path) != 0)
		return err_set(e, ERR_UNTRUSTED,
			"'%s' stands where the manifest says '%s'", entry->path,
			want->path);
	if (compare_numbers(want, entry, e) < 0)
		return -1;
	if (strcmp(want->link, entry->link) != 0)
		return err_set(e, ERR_UNTRUSTED,
			"'%s' links to '%s' where its manifest says '%s'", want->path,
			entry->link, want->link);
	return compare_xattrs(want, entry, e);
}

int compare_content(
	const struct manifest_entry *want, const struct digest *got, struct err *e)
{
	if (want->size == 0 || digest_equal(&want->sha256, got))
		return 0;
	return err_set(e, ERR_UNTRUSTED,
		"'%s' has another content than its manifest says", want->path);
}
