/* rawtar.h -- the tar that an archive holds: read, decoded and hashed by threads of its own.
 * In      a descriptor at offset 0, or a gate while it arrives
 * Out     a reader; at its end the sha256 of all it gave
 * Errors  ERR_PARSE, ERR_LIMIT of the coding; ERR_INTERRUPTED, ERR_DAMAGED of the gate
 * Owns    the decoder and its threads; borrows descriptor and gate until the process ends,
 *         as a thread may still wait there after rawtar_close */
#ifndef CLIENT_IMAGE_RAWTAR_H
#define CLIENT_IMAGE_RAWTAR_H

#include "client/image/gate.h"
#include "lib/adapt/digest.h"
#include "lib/base/reader.h"

enum unpack_coding {
	UNPACK_TAR,
	UNPACK_XZ,
	UNPACK_ZST,
	UNPACK_DELTA, /* not an archive: what to change in a stored tree (patch.h) */
};

struct rawtar_from {
	int fd;
	const struct gate *gate; /* NULL: it is all there */
	enum unpack_coding coding;
	bool hashed;
};

struct rawtar;

int rawtar_open(const struct rawtar_from *from, struct rawtar **out,
	struct err *e) must_check nonnull;
struct reader rawtar_as_reader(struct rawtar *r) nonnull;

/* Once, when the reader has ended; it was opened hashed. */
struct digest rawtar_digest(struct rawtar *r) nonnull;

void rawtar_close(struct rawtar **r) nonnull;
#define auto_rawtar with_cleanup(rawtar_close)

#endif
