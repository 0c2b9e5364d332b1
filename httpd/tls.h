/* tls.h -- the certificate and key of the server, read and checked before rights go.
 * In      PEM files: the chain with the server's own certificate first, an unencrypted
 *         key
 * Errors  ERR_NOTFOUND, ERR_SYS: a file; ERR_PARSE: not PEM, or they do not belong
 *         together
 * Owns    both texts; the key is wiped when released
 * Source  gnutls priority strings; protocols section 0, point 3 */
#ifndef HTTPD_TLS_H
#define HTTPD_TLS_H

#include "lib/base/buf.h"

/* TLS 1.2 and 1.3 with forward secrecy; the ciphers and groups that cost least first. */
extern const char tls_priorities[];

struct tls {
	struct buf cert;
	struct buf key;
};

int tls_load(const char *cert_path, const char *key_path, struct tls *out,
	struct err *e) must_check nonnull;
void tls_release(struct tls *t) nonnull;
#define auto_tls with_cleanup(tls_release)

#endif
