/* deflatecode.h -- the symbols of deflate and how they are written.
 * Shape   a symbol is a literal (length 0, value the byte) or a copy (length 3..258,
 *         value the distance 1..32768)
 * Source  RFC 1951 3.2 */
#ifndef LIB_MODEL_DEFLATECODE_H
#define LIB_MODEL_DEFLATECODE_H

#include "lib/model/deflate.h"

#define DEFLATE_LITERALS  286 /* literal and length codes */
#define DEFLATE_DISTANCES 30
#define DEFLATE_END       256

struct deflate_symbol {
	uint16_t length, value;
};

/* Length and distance codes: first value of each, and how many bits follow. */
extern const uint16_t deflate_length_base[29], deflate_distance_base[30];
extern const uint8_t deflate_length_bits[29], deflate_distance_bits[30];

/* The order in which the lengths of code lengths are sent. */
extern const uint8_t deflate_order[19];

unsigned int deflate_length_code(unsigned int length);     /* 0..28 */
unsigned int deflate_distance_code(unsigned int distance); /* 0..29 */

/* Bits, lowest first. */
struct bits {
	struct buf *out;
	uint64_t held;
	unsigned int count;
};
void bits_put(struct bits *b, uint32_t value, unsigned int count) nonnull;
void bits_align(struct bits *b) nonnull; /* to a byte, with zeros */

/* One block of symbols: header, codes, symbols, end. */
void deflatecode_write(struct bits *b, enum deflate_kind kind, bool is_last,
	const struct deflate_symbol *symbol, size_t count) nonnull_args(1);

#endif
