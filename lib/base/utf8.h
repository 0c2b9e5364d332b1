/* utf8.h -- one code point at a time, strictly.
 * Errors  a length of 0: the first byte begins no valid sequence (overlong forms,
 *         surrogates and everything above U+10FFFF included)
 * Source  RFC 3629 section 4 */
#ifndef LIB_BASE_UTF8_H
#define LIB_BASE_UTF8_H

#include "lib/base/auto.h"
#include "lib/base/bytes.h"

/* Length in bytes of the code point text begins with, and its value; 0 when invalid or
 * empty. */
size_t utf8_decode(struct bytes text, uint32_t *code_point) must_check nonnull;

#endif
