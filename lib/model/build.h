/* build.h -- build.json: what one build hands over.
 * Shape   formats chapter section 6; deterministic bytes
 * Bounds  256 KiB
 * Owns    the build's arena owns every string and array */
#ifndef LIB_MODEL_BUILD_H
#define LIB_MODEL_BUILD_H

#include "lib/adapt/digest.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/model/image.h"

#define BUILD_JSON_MAX (256U << 10)

struct artifact {
	const char *name; /* one component: rootfs.tar.xz */
	uint64_t size;
	struct digest sha256;
};

struct build_source {
	const char *url;
	struct digest sha256;
	const char *verified; /* "openpgp:FPR", "sha256", "none" */
	const char *kind;     /* "index", "package", "tarball" */
};

struct build_scrub {
	const char *check;
	uint64_t removed;
};

#define BUILD_MIRROR_OF  "mirror of "
#define BUILD_ORIGIN_MAX 255

/* What was over and used all the same, because releases.yaml says so. */
struct build_accepted {
	const char *what; /* "eol": of the release; "expired": of a signed index */
	const char *name;
	int64_t until_s; /* the last second of its validity */
};

struct build {
	struct arena arena;
	struct image image;
	char serial[SERIAL_MAX];
	int64_t epoch_s;
	const char *tool;
	const char *
		origin; /* "rootyard"; "import": a foreign tree, without a recipe; "mirror
				of URL": one that another server publishes */
	struct digest recipe;
	const char *result; /* "ok", "failed" */
	const char *class;  /* "ok flaky upstream recipe test internal": one of them */
	const char *message;
	const char *test_result; /* "passed", "failed", "not tested" */
	const char *test_kind;   /* "systemd", "command", "" */
	const struct build_source *source;
	size_t source_count;
	const struct artifact *artifact;
	size_t artifact_count;
	struct digest id, diff_id; /* zero when failed */
	uint64_t entries, unpacked_size;
	const struct build_accepted *accepted;
	size_t accepted_count;
	const struct build_scrub *scrub;
	size_t scrub_count;
};

void build_init(struct build *b) nonnull;
void build_release(struct build *b) nonnull;
#define auto_build with_cleanup(build_release)

int build_parse(struct bytes json, struct build *out, struct err *e) must_check nonnull;
int build_format(
	const struct build *b, struct buf *out, struct err *e) must_check nonnull;
const struct artifact *build_artifact(
	const struct build *b, const char *name) nonnull; /* or NULL */

#endif
