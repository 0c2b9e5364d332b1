/* html.h -- text inside HTML, SVG and Atom, in elements and in quoted attributes.
 * Rules   & < > " ' become references; invalid UTF-8, control bytes and what turns the
 *         direction of writing around become U+FFFD
 * Source  HTML 13.1.4, XML 1.0 2.2 */
#ifndef LIB_BASE_HTML_H
#define LIB_BASE_HTML_H

#include "lib/base/buf.h"

void html_text(struct buf *out, const char *text) nonnull;

/* printf with %s escaped: only %s, %d, %lld, %llu and %% are known. */
void html_printf(struct buf *out, const char *fmt, ...) nonnull printf_like(2, 3);

/* 1,400,000 -> "1.4 MB" */
void html_size(struct buf *out, uint64_t bytes) nonnull;

/* <time datetime="2026-11-23T02:07:00Z">2026-11-23</time> */
void html_date(struct buf *out, int64_t time_s) nonnull;

/* "2026-11-23T02:07:00Z" */
#define HTML_TIME_MAX 32
void html_time(int64_t time_s, char out[HTML_TIME_MAX]) nonnull;

#endif
