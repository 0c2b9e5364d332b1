/* digest.h -- SHA-256 of everything we name by content.
 * The only file that knows libcrypto.
 * Shape   32 bytes; as text 64 lower-case hex digits
 * Source  FIPS 180-4 */
#ifndef LIB_ADAPT_DIGEST_H
#define LIB_ADAPT_DIGEST_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"
#include "lib/base/reader.h"

#define DIGEST_SIZE 32
#define DIGEST_HEX  65 /* with the NUL */

struct digest {
	unsigned char byte[DIGEST_SIZE];
};

struct hasher {
	void *state;
	uint64_t len; /* bytes seen */
};

void hasher_init(struct hasher *h) nonnull;
void hasher_add(struct hasher *h, const void *p, size_t len) nonnull_args(1);
struct digest hasher_final(struct hasher *h) nonnull; /* and releases it */
void hasher_release(struct hasher *h) nonnull;
#define auto_hasher with_cleanup(hasher_release)

struct digest digest_of(struct bytes in);

/* Digest and size of the rest of a descriptor (from offset 0 with pread; the offset is
 * not moved). */
int digest_of_fd(int fd, const char *name_for_errors, struct digest *out, uint64_t *size,
	struct err *e) must_check nonnull;

/* SHA-512 as hex, for the clients that know no other; the offset is not moved. */
#define SHA512_HEX 129
int digest512_of_fd(int fd, const char *name_for_errors, char out[SHA512_HEX],
	struct err *e) must_check nonnull;

/* MD5 as hex, which dpkg's database knows conffiles by: it proves nothing to us. */
#define MD5_HEX 33
int digest_md5_of_fd(int fd, const char *name_for_errors, char out[MD5_HEX],
	struct err *e) must_check nonnull;

void digest_hex(const struct digest *d, char out[DIGEST_HEX]) nonnull;

/* Exactly 64 lower-case hex digits; ERR_PARSE otherwise. */
int digest_parse(const char *hex, struct digest *out, struct err *e) must_check nonnull;
bool digest_equal(const struct digest *a, const struct digest *b) nonnull;

#endif
