/* gate.h -- a file that is read while it still arrives: only as far as it was found good.
 * Shape   a pipe of u64: so many bytes may be read now
 * Rules   the writer's end of it, or its death, ends the reader, who is told of no more
 * Owns    gate_release closes both ends; each process closes the one that is not its own */
#ifndef CLIENT_IMAGE_GATE_H
#define CLIENT_IMAGE_GATE_H

#include "lib/base/reader.h"

#include <stdint.h>

struct gate {
	int in_fd, out_fd;
	uint64_t size;    /* of the whole file */
	uint64_t allowed; /* by the writer */
};

#define GATE_INIT                                                                        \
	{                                                                                \
		.in_fd = -1, .out_fd = -1                                                \
	}

int gate_open(uint64_t size, struct gate *out, struct err *e) must_check nonnull;
void gate_release(struct gate *g) nonnull;
#define auto_gate with_cleanup(gate_release)

/* ERR_INTERRUPTED when nobody reads any more. */
int gate_allow(struct gate *g, uint64_t bytes, struct err *e) must_check nonnull;

/* The reading side. */
struct gated {
	const struct gate *gate; /* borrowed */
	int fd;                  /* borrowed; its offset is not used */
	uint64_t at, allowed;
};

struct reader reader_of_gated(struct gated *g) nonnull;

#endif
