/* image.h -- names of images, builds, and what a person types for them.
 * Shape   image: distro/release/arch/variant, e.g. debian/trixie/amd64/default; each
 *         part [a-z0-9][a-z0-9._+-]{0,63} (a release may have upper case), arch in
 *         Debian style
 *         serial: YYYYMMDD_HHMM (UTC); imported trees may carry YYYYMMDD_HH:MM, readers
 *         accept it
 *         reference: [REMOTE:]DISTRO[/RELEASE][/ARCH][/VARIANT][@SERIAL|@sha256:HEX], ARCH and
 *         VARIANT in either order (a part that is a known arch is the arch)
 * Errors  ERR_PARSE names the part and what is allowed
 * Source  design section 2 */
#ifndef LIB_MODEL_IMAGE_H
#define LIB_MODEL_IMAGE_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#define IMAGE_PART_MAX 64
#define IMAGE_NAME_MAX (4 * IMAGE_PART_MAX + 4)
#define SERIAL_MAX     16

struct image {
	char distro[IMAGE_PART_MAX + 1];
	char release[IMAGE_PART_MAX + 1];
	char arch[IMAGE_PART_MAX + 1];
	char variant[IMAGE_PART_MAX + 1];
};

struct image_ref {
	char remote[IMAGE_PART_MAX + 1]; /* "" when not given */
	struct image image;              /* "" for each part not given */
	char serial[SERIAL_MAX];         /* "" when not given */
	char id[65];                     /* 64 hex digits, "" when not given */
};

/* All four parts, exactly. */
int image_parse(const char *text, struct image *out, struct err *e) must_check nonnull;
void image_format(const struct image *i, char out[IMAGE_NAME_MAX]) nonnull;
int image_compare(const struct image *a,
	const struct image *b) nonnull; /* part by part, by bytes */
bool image_equal(const struct image *a, const struct image *b) nonnull;

int image_ref_parse(
	const char *text, struct image_ref *out, struct err *e) must_check nonnull;

/* Is it one part of a name (distro, release, variant, remote)? */
bool image_part_is_valid(const char *part) nonnull;

/* Known architectures, Debian style: amd64 arm64 armhf armel i386 riscv64 ppc64el s390x
 * ... */
bool arch_is_known(const char *name) nonnull;
const char *arch_of_this_machine(void);
const char *arch_to_kernel(
	const char *name) nonnull; /* amd64 -> x86_64; NULL if unknown */
const char *arch_from_kernel(
	const char *name) nonnull; /* x86_64 -> amd64; NULL if unknown */

bool serial_is_valid(const char *serial) nonnull;
int serial_to_time(const char *serial, int64_t *out_s, struct err *e) must_check nonnull;
void serial_from_time(int64_t time_s, char out[SERIAL_MAX]) nonnull;
int serial_compare(const char *a, const char *b) nonnull; /* by time, then bytes */

#endif
