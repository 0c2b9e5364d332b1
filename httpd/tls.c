#include "httpd/tls.h"

#include "lib/base/fs.h"

#include <gnutls/gnutls.h>

#include <fcntl.h>

#define PEM_MAX (256 << 10)

const char tls_priorities[] =
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-CIPHER-ALL:+AES-128-"
	"GCM:"
	"+CHACHA20-POLY1305:+AES-256-GCM:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:"
	"+GROUP-SECP384R1:%SERVER_PRECEDENCE";

static int read_pem(const char *path, struct buf *out, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	return fs_read_fd(fd, path, out, e);
}

/* gnutls checks here that the key signs for the certificate. */
static int check_pair(const struct tls *t, struct err *e)
{
	gnutls_datum_t cert = { t->cert.data, (unsigned int)t->cert.len };
	gnutls_datum_t key = { t->key.data, (unsigned int)t->key.len };
	gnutls_certificate_credentials_t made;
	int rc = gnutls_certificate_allocate_credentials(&made);

	if (rc < 0)
		return err_set(e, ERR_FAILED, "%s", gnutls_strerror(rc));
	rc = gnutls_certificate_set_x509_key_mem2(
		made, &cert, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_certificate_free_credentials(made);
	if (rc < 0)
		return err_set(e, ERR_PARSE, "%s", gnutls_strerror(rc));
	return 0;
}

int tls_load(const char *cert_path, const char *key_path, struct tls *out, struct err *e)
{
	auto_tls struct tls t = { .cert = BUF_INIT(PEM_MAX), .key = BUF_INIT(PEM_MAX) };

	if (read_pem(cert_path, &t.cert, e) < 0 || read_pem(key_path, &t.key, e) < 0)
		return err_wrap(e, "cannot read the TLS certificate and key");
	if (check_pair(&t, e) < 0)
		return err_wrap(e, "cannot use certificate '%s' with key '%s'", cert_path,
			key_path);
	*out = t;
	t = (struct tls){ .cert = { .data = NULL } };
	return 0;
}

void tls_release(struct tls *t)
{
	if (t->key.data)
		explicit_bzero(t->key.data, t->key.cap);
	buf_release(&t->cert);
	buf_release(&t->key);
}
