/* body.h -- the bytes of one opened file, kept for as long as somebody sends them.
 * Shape   in memory when small; mapped when large, immutable and wanted in clear; read
 *         block by block otherwise
 * Rules   nothing of a mapping is touched by our own instructions: a file that was cut
 *         costs one connection (EFAULT in the kernel), never the process
 * Owns    memory, mapping, descriptor; counted, safe for any number of threads
 * Source  performance section 6; SEC-77 */
#ifndef HTTPD_BODY_H
#define HTTPD_BODY_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#include <stdatomic.h>
#include <sys/types.h>

#define BODY_MEMORY_MAX (1 << 20)    /* one file in memory */
#define BODY_MAP_MAX    (1ULL << 36) /* one mapping */
#define BODY_BUDGET     (64 << 20)   /* all files in memory, and all page tables */

struct body {
	atomic_uint refs;
	uint64_t size;
	unsigned char *memory; /* NULL: not in memory */
	unsigned char *map;    /* NULL: not mapped */
	int fd;                /* -1 when in memory */
	atomic_size_t *budget; /* what is still free of BODY_BUDGET; NULL: not
				* accounted */
};

/* Takes fd on success. can_map: the content never changes in place. */
int body_open(int fd, uint64_t size, bool can_map, atomic_size_t *budget,
	struct body **out, struct err *e) must_check nonnull;

/* Takes memory from malloc. */
struct body *body_of_memory(unsigned char *memory, uint64_t size) must_check;

struct body *body_ref(struct body *b) nonnull;
void body_unref(struct body *b) nonnull;

/* Reads up to size bytes at an offset; 0 means the file is shorter than it was. */
ssize_t body_read(const struct body *b, uint64_t offset, void *p, size_t size) nonnull;

#endif
