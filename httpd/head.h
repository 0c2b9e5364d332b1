/* head.h -- the fields of one request head: judged one by one, the needed ones kept.
 * In      names and values as the HTTP library split them
 * Out     refuse: 0 while all is well, else the status to answer with (400, 431)
 * Owns    nothing: values are borrowed for as long as the request lives
 * Source  RFC 9110 5.1, 5.5; RFC 9112 3.2, 6.1; SEC-71, SEC-75 */
#ifndef HTTPD_HEAD_H
#define HTTPD_HEAD_H

#include "httpd/cond.h"

#define HEAD_BYTES_MAX  6144
#define HEAD_FIELDS_MAX 64

struct head {
	struct cond cond;
	struct bytes range;
	struct bytes user_agent;
	struct bytes accept_encoding;
	struct bytes host;
	struct bytes authorization;
	unsigned int fields;
	size_t size;
	unsigned int hosts, lengths, codings, ranges;
	bool has_body;
	unsigned int refuse;
};

/* The request line comes first: its length counts too. */
void head_begin(struct head *h, size_t target_len) nonnull;
void head_add(struct head *h, struct bytes name, struct bytes value) nonnull;

/* After the last field: what only the whole head can show. */
void head_end(struct head *h, bool is_http_1_1) nonnull;

/* systemd-pull before 257 loses a transfer that ends together with another one. */
bool head_needs_close(const struct head *h) nonnull;

#endif
