/* reply.h -- what a request is answered with, decided without the HTTP library.
 * Out     a status, the fields, and either a slice of the file or a short text
 * Owns    texts of its own; `body` is constant, the file is borrowed
 * Source  RFC 9110 13.2.2, 14.2, 15; protocols sections 0 and 5; SEC-72, SEC-73 */
#ifndef HTTPD_REPLY_H
#define HTTPD_REPLY_H

#include "httpd/file.h"
#include "httpd/head.h"

#define REPLY_FIELDS_MAX 16

struct reply {
	unsigned int status;
	bool is_whole;          /* 200 with all of the file: the prepared one will do */
	bool close;             /* the connection ends after it */
	uint64_t first, length; /* slice of the file */
	const char *body;       /* NULL: the slice; else a text */
	size_t common_fields;   /* that many every such refusal has; 0: it is none */
	size_t field_count;
	struct reply_field {
		const char *name, *value;
	} field[REPLY_FIELDS_MAX];
	char range_text[72];
	char digest_text[80];
	char location[3072];
};

/* The facts of a file, as every 200 tells them; path is what was asked for. */
void reply_whole(struct reply *r, const char *path, const struct file *f) nonnull;

/* 304: the client has it. */
void reply_unchanged(struct reply *r, const char *path, const struct file *f) nonnull;

/* Conditions and range of one request for it. */
void reply_file(struct reply *r, const char *path, const struct file *f,
	const struct head *h, bool is_head) nonnull;

/* Does everybody who gets this status and text get the very same reply? */
bool reply_is_common(const struct reply *r) nonnull;

/* A short text; JSON where an OCI client asked. */
void reply_error(struct reply *r, unsigned int status, const char *path) nonnull;

/* GET /v2/ itself. */
void reply_oci_root(struct reply *r) nonnull;

/* 307: the file is at base/path. */
void reply_elsewhere(struct reply *r, const char *base, const char *path) nonnull;

/* 308: the same target on the origin "https://host:port". */
void reply_secure_place(struct reply *r, const char *origin, const char *target,
	const char *query) nonnull;

/* A directory that was asked for without its slash. */
void reply_redirect(struct reply *r, const char *path) nonnull;

#endif
