/* response.h -- a reply and its file as the HTTP library wants them: how bytes are sent.
 * Rules   memory is sent from anywhere, a mapping only in clear (the kernel reads it, not
 *         we), all else block by block
 * Owns    a response holds a reference of the body until the library has sent it
 * Source  performance section 6; SEC-77 */
#ifndef HTTPD_RESPONSE_H
#define HTTPD_RESPONSE_H

#include "httpd/file.h"
#include "httpd/reply.h"

struct MHD_Connection;

/* Refusals that everybody gets alike, made once each. */
struct responses;

struct responses *responses_new(void) must_check;
void responses_free(struct responses **s) nonnull;

/* Hands the reply to the library; false: out of memory, drop the connection. */
bool response_queue(struct responses *s, struct MHD_Connection *connection,
	const struct reply *r, const struct file *f, bool is_tls) must_check
	nonnull_args(1, 2, 3);

/* Most requests want all of a file, or to hear that it is the same: those responses are
 * made once. A cache_prepare. */
void response_prepare(void *ctx, const char *path, struct file *f) nonnull_args(2, 3);

#endif
