#include "lib/model/unpackpolicy.h"

#include <inttypes.h>

#define XATTR_VALUE_MAX 65535U /* what a manifest can say */
#define LINK_TARGET_MAX 4095U

/* linux/capability.h and linux/posix_acl_xattr.h, as bytes in little endian */
#define CAP_REVISION_2 0x02000000U
#define CAP_REVISION_3 0x03000000U
#define CAP_REVISION   0xff000000U
#define CAP_SIZE_2     20U
#define CAP_SIZE_3     24U
#define ACL_VERSION    2U
#define ACL_HEADER     4U
#define ACL_ENTRY      8U
#define ACL_USER       0x02U
#define ACL_GROUP      0x08U

int unpack_path(const char *text, char out[RELPATH_MAX + 1], struct err *e)
{
	struct relpath checked;
	size_t len;

	if (!*text)
		return err_set(e, ERR_PARSE, "a path is empty");
	while (text[0] == '.' && text[1] == '/')
		text += 2;
	len = strlen(text);
	while (len > 1 && text[len - 1] == '/')
		len--;
	if (len > RELPATH_MAX)
		return err_set(e, ERR_LIMIT, "a path is %zu bytes long, %d are allowed",
			len, RELPATH_MAX);
	if (len == 1 && text[0] == '.')
		len = 0;
	memcpy(out, text, len);
	out[len] = '\0';
	return len ? relpath_parse(out, &checked, e) : 0;
}

/* ---- extended attributes */

bool unpack_xattr_is_allowed(const char *name)
{
	static const char user[] = "user.", overlay[] = "user.overlay.";

	if (strncmp(name, user, sizeof(user) - 1) == 0)
		return name[sizeof(user) - 1] &&
		       strncmp(name, overlay, sizeof(overlay) - 1) != 0;
	return strcmp(name, "security.capability") == 0 ||
	       strcmp(name, "system.posix_acl_access") == 0 ||
	       strcmp(name, "system.posix_acl_default") == 0;
}

static bool capability_is_valid(const unsigned char *p, size_t len, uint32_t ids)
{
	uint32_t revision = len >= 4 ? bytes_le32(p) & CAP_REVISION : 0;

	if (len == CAP_SIZE_2)
		return revision == CAP_REVISION_2;
	return len == CAP_SIZE_3 && revision == CAP_REVISION_3 &&
	       bytes_le32(p + CAP_SIZE_2) < ids;
}

static bool acl_is_valid(const unsigned char *p, size_t len, uint32_t ids)
{
	if (len < ACL_HEADER || (len - ACL_HEADER) % ACL_ENTRY ||
		bytes_le32(p) != ACL_VERSION)
		return false;
	for (size_t at = ACL_HEADER; at < len; at += ACL_ENTRY) {
		unsigned int tag = bytes_le16(p + at), perm = bytes_le16(p + at + 2);
		bool named = tag == ACL_USER || tag == ACL_GROUP;

		/* user_obj 1, user 2, group_obj 4, group 8, mask 0x10, other 0x20 */
		if (tag == 0 || tag > 0x20 || tag & (tag - 1) || perm > 7)
			return false;
		if (named && bytes_le32(p + at + 4) >= ids)
			return false;
	}
	return true;
}

/* Would the kernel take it on this kind of file, and does it mean anything there? */
static bool xattr_is_kept(
	const struct tar_entry *t, const struct tar_xattr *x, uint32_t ids)
{
	bool dir = t->type == TAR_DIR;

	if ((!dir && t->type != TAR_FILE) || !unpack_xattr_is_allowed(x->name))
		return false;
	if (strcmp(x->name, "security.capability") == 0)
		return !dir && capability_is_valid(x->value, x->len, ids);
	if (strcmp(x->name, "system.posix_acl_default") == 0)
		return dir && acl_is_valid(x->value, x->len, ids);
	if (strcmp(x->name, "system.posix_acl_access") == 0)
		return acl_is_valid(x->value, x->len, ids);
	return true;
}

static int judge_xattrs(const struct unpack_state *s, const struct tar_entry *t,
	struct unpack_entry *out, struct err *e)
{
	if (t->too_many_xattrs || t->xattr_count > TAR_XATTR_MAX)
		return err_set(
			e, ERR_LIMIT, "more than %d extended attributes", TAR_XATTR_MAX);
	out->xattr_count = 0;
	for (size_t i = 0; i < t->xattr_count; i++) {
		const struct tar_xattr *x = &t->xattr[i];

		if (x->len > XATTR_VALUE_MAX)
			return err_set(e, ERR_LIMIT,
				"extended attribute '%.255s' has %zu bytes, %u are "
				"allowed",
				x->name, x->len, XATTR_VALUE_MAX);
		if (xattr_is_kept(t, x, s->limits.ids))
			out->xattr[out->xattr_count++] = *x;
	}
	return 0;
}

/* ---- the entry */

static int judge_ids(const struct unpack_state *s, const struct tar_entry *t,
	struct unpack_entry *out, struct err *e)
{
	const int64_t ids = s->limits.ids;

	if (t->uid < 0 || t->uid >= ids)
		return err_set(e, ERR_PARSE,
			"uid %" PRId64 " is outside of the %" PRId64 " ids", t->uid, ids);
	if (t->gid < 0 || t->gid >= ids)
		return err_set(e, ERR_PARSE,
			"gid %" PRId64 " is outside of the %" PRId64 " ids", t->gid, ids);
	out->uid = (uint32_t)t->uid;
	out->gid = (uint32_t)t->gid;
	out->mode = (unsigned int)(t->mode & 07777);
	out->mtime_s = t->mtime_s;
	return 0;
}

static int judge_size(struct unpack_state *s, const struct tar_entry *t,
	struct unpack_entry *out, struct err *e)
{
	out->size = 0;
	if (t->type != TAR_FILE)
		return 0;
	if (t->size < 0)
		return err_set(e, ERR_PARSE, "its size is negative");
	if ((uint64_t)t->size > s->limits.unpacked_size - s->bytes)
		return err_set(e, ERR_LIMIT, "the tree is larger than %" PRIu64 " bytes",
			s->limits.unpacked_size);
	s->bytes += (uint64_t)t->size;
	out->size = (uint64_t)t->size;
	return 0;
}

static int judge_link(const struct tar_entry *t, struct unpack_entry *out, struct err *e)
{
	size_t len = strlen(t->link);

	out->target = "";
	if (t->type == TAR_SYMLINK) {
		if (len == 0 || len > LINK_TARGET_MAX)
			return err_set(e, ERR_PARSE,
				"a symbolic link's target has 1 to %u bytes, not %zu",
				LINK_TARGET_MAX, len);
		out->target = t->link;
	}
	if (t->type == TAR_HARDLINK) {
		if (unpack_path(t->link, out->storage[1], e) < 0 ||
			relpath_parse(out->storage[1], &out->link, e) < 0)
			return err_wrap(
				e, "hard link to '%.*s'", RELPATH_NAME_MAX, t->link);
		if (strcmp(out->storage[0], out->storage[1]) == 0)
			return err_set(e, ERR_PARSE, "it is a hard link to itself");
	}
	return 0;
}

/* Counts the entry and takes its name; out->storage[0] is "" for the root. */
static int judge_name(struct unpack_state *s, const struct tar_entry *t,
	struct unpack_entry *out, struct err *e)
{
	if (s->entries >= s->limits.entries)
		return err_set(
			e, ERR_LIMIT, "more than %" PRIu64 " entries", s->limits.entries);
	s->entries++;
	if (unpack_path(t->path, out->storage[0], e) < 0)
		return -1;
	out->type = t->type;
	out->link = (struct relpath){ 0 };
	if (*out->storage[0])
		return relpath_parse(out->storage[0], &out->path, e);

	out->path = (struct relpath){ 0 };
	if (t->type != TAR_DIR)
		return err_set(e, ERR_PARSE, "the root is not a directory");
	return 0;
}

static enum unpack_verdict judge_skipped(
	struct unpack_state *s, const struct tar_entry *t, struct err *e)
{
	if (s->limits.strict) {
		err_set(e, ERR_PARSE, "it is a device node or of an unknown type");
		err_wrap(e, "cannot unpack '%s'", t->path);
		return UNPACK_REFUSE;
	}
	s->skipped++;
	return UNPACK_SKIP;
}

enum unpack_verdict unpack_judge(struct unpack_state *s, const struct tar_entry *t,
	struct unpack_entry *out, struct err *e)
{
	if (judge_name(s, t, out, e) < 0 || judge_ids(s, t, out, e) < 0 ||
		judge_size(s, t, out, e) < 0 || judge_xattrs(s, t, out, e) < 0 ||
		judge_link(t, out, e) < 0) {
		err_wrap(e, "cannot unpack '%.*s'", RELPATH_MAX / 4, t->path);
		return UNPACK_REFUSE;
	}
	if (!*out->storage[0]) {
		/* Owner and mode of the root are ours: nobody else may own the whole
		 * tree. */
		out->mode &= 0755;
		out->uid = out->gid = 0;
		return UNPACK_ROOT;
	}

	switch (t->type) {
	case TAR_FILE:
	case TAR_HARDLINK:
	case TAR_SYMLINK:
	case TAR_DIR:
	case TAR_FIFO:
		return UNPACK_KEEP;
	case TAR_CHAR:
	case TAR_BLOCK:
	case TAR_OTHER:
		break;
	}
	return judge_skipped(s, t, e);
}
