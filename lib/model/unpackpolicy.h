/* unpackpolicy.h -- one tar entry: keep, skip or refuse. Pure; the unpacker and the
 * indexer's admission use the same judgement, so that nothing is published that a client
 * would refuse.
 * Source  security chapter SEC-30 to SEC-41 */
#ifndef LIB_MODEL_UNPACKPOLICY_H
#define LIB_MODEL_UNPACKPOLICY_H

#include "lib/adapt/tar.h"
#include "lib/base/relpath.h"

enum unpack_verdict {
	UNPACK_KEEP,
	UNPACK_ROOT,   /* the entry is the root itself: mode & 0755, owner 0 */
	UNPACK_SKIP,   /* device nodes, unknown types: counted, not made */
	UNPACK_REFUSE, /* e says why */
};

struct unpack_limits {
	uint64_t entries;       /* signed number, or the hard cap */
	uint64_t unpacked_size; /* bytes, holes included */
	uint32_t ids;           /* uid and gid must be below: 65536 */
	bool strict;            /* refuse what would be skipped */
};

#define UNPACK_LIMITS_HARD                                                               \
	{                                                                                \
		.entries = 500000, .unpacked_size = 64ULL << 30, .ids = 65536            \
	}

/* Running state of one archive. */
struct unpack_state {
	struct unpack_limits limits;
	uint64_t entries, bytes, skipped;
};

/* What is left of an entry once it is judged. Borrows from the tar entry. */
struct unpack_entry {
	enum tar_type type;
	struct relpath path; /* not set for UNPACK_ROOT */
	struct relpath link; /* hard links */
	const char *target;  /* symlinks */
	unsigned int mode;   /* 07777, already cut */
	uint32_t uid, gid;
	int64_t mtime_s;
	uint64_t size;
	struct tar_xattr xattr[TAR_XATTR_MAX]; /* the allowed ones */
	size_t xattr_count;
	char storage[2]
		    [4096]; /* normalised path and link: "./" and trailing "/" are gone */
};

/* Judges t and accounts for it. On UNPACK_REFUSE e names the entry. */
enum unpack_verdict unpack_judge(struct unpack_state *s, const struct tar_entry *t,
	struct unpack_entry *out, struct err *e) must_check nonnull;

/* A member's name as a relpath: "./" in front and slashes behind are gone; "" when it is
 * the root itself. ERR_PARSE for absolute and empty names, "..", and what relpath
 * refuses.
 */
int unpack_path(
	const char *text, char out[RELPATH_MAX + 1], struct err *e) must_check nonnull;

/* May an unpacked tree carry this extended attribute (SEC-39)? */
bool unpack_xattr_is_allowed(const char *name) nonnull;

#endif
