/* tls.h -- the certificate and key of the server, and what clients resume with; the only
 * code that knows gnutls sessions.
 * In      PEM texts: the chain with the server's own certificate first, an unencrypted
 *         key; optionally the authorities that client certificates must come from
 * Rules   replaced as a whole while connections go on: one that began with an identity
 *         ends with it; ticket keys are new every TLS_TICKET_MS and after each
 *         replacement, and never leave this process
 * Errors  ERR_PARSE: not PEM, or key and certificate do not belong together
 * Owns    everything; safe for any number of threads
 * Source  gnutls priority strings; RFC 8446 4.6.1, RFC 5077; protocols section 0, point 3
 */
#ifndef HTTPD_TLS_H
#define HTTPD_TLS_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#define TLS_TICKET_MS (12 * 3600 * 1000)
#define TLS_NAME_MAX  256

/* TLS 1.2 and 1.3 with forward secrecy; the ciphers and groups that cost least first. */
extern const char tls_priorities[];

struct tls_texts {
	struct bytes cert, key;
	struct bytes client_ca; /* data NULL: clients need no certificate */
};

struct hello;
struct tls;
struct tls_identity;

int tls_new(const struct tls_texts *texts, struct tls **out,
	struct err *e) must_check nonnull;
void tls_free(struct tls **t) nonnull;

/* The next connection sees the new texts; on failure the old ones stay. */
int tls_replace(
	struct tls *t, const struct tls_texts *texts, struct err *e) must_check nonnull;

/* New ticket keys when theirs are old. */
void tls_rotate(struct tls *t, int64_t now_ms) nonnull;

/* Prepares a gnutls session that has not begun, to receive through hello, which lives at
 * least as long; the caller keeps what is returned as long as the session lives. NULL: the session cannot be served. */
struct tls_identity *tls_begin(
	struct tls *t, void *session, struct hello *hello) must_check nonnull;
void tls_end(struct tls_identity *i) nonnull;

/* Did this session begin with a ticket of an earlier one? */
bool tls_is_resumed(void *session) nonnull;

/* When the server's own certificate ends, in Unix seconds. */
int64_t tls_expires(struct tls *t) nonnull;

/* The name to send a client to: the one it asked for when the certificate carries it,
 * else the first that does. False when there is none. */
bool tls_choose_name(struct tls *t, struct bytes asked, char out[TLS_NAME_MAX]) nonnull;

#endif
