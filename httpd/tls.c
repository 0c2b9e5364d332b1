#include "httpd/tls.h"

#include "httpd/hello.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <pthread.h>
#include <stdatomic.h>

const char tls_priorities[] =
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-CIPHER-ALL:+AES-128-"
	"GCM:"
	"+CHACHA20-POLY1305:+AES-256-GCM:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:"
	"+GROUP-SECP384R1:%SERVER_PRECEDENCE";

struct tls_identity {
	atomic_uint refs;
	gnutls_certificate_credentials_t credentials;
	gnutls_x509_crt_t leaf;
	bool wants_client;
};

struct tls {
	pthread_mutex_t lock;
	struct tls_identity *identity;
	gnutls_datum_t ticket_key;
	int64_t rotated_ms;
};

static gnutls_datum_t datum(struct bytes b)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)b.data,
		(unsigned int)b.len };
}

static int fail(int rc, enum err_code code, struct err *e)
{
	return err_set(e, code, "%s", gnutls_strerror(rc));
}

void tls_end(struct tls_identity *i)
{
	if (atomic_fetch_sub(&i->refs, 1) != 1)
		return;
	if (i->leaf)
		gnutls_x509_crt_deinit(i->leaf);
	gnutls_certificate_free_credentials(i->credentials);
	free(i);
}

/* gnutls checks here that the key signs for the certificate. */
static int load_pair(struct tls_identity *i, const struct tls_texts *texts, struct err *e)
{
	gnutls_datum_t cert = datum(texts->cert), key = datum(texts->key);
	int rc = gnutls_certificate_set_x509_key_mem2(
		i->credentials, &cert, &key, GNUTLS_X509_FMT_PEM, NULL, 0);

	if (rc < 0)
		return fail(rc, ERR_PARSE, e);
	rc = gnutls_x509_crt_init(&i->leaf);
	if (rc < 0)
		return fail(rc, ERR_FAILED, e);
	rc = gnutls_x509_crt_import(i->leaf, &cert, GNUTLS_X509_FMT_PEM);
	return rc < 0 ? fail(rc, ERR_PARSE, e) : 0;
}

static int load_authorities(
	struct tls_identity *i, const struct tls_texts *texts, struct err *e)
{
	gnutls_datum_t ca = datum(texts->client_ca);
	int rc = gnutls_certificate_set_x509_trust_mem(
		i->credentials, &ca, GNUTLS_X509_FMT_PEM);

	if (rc < 0)
		fail(rc, ERR_PARSE, e);
	else if (rc == 0)
		err_set(e, ERR_PARSE, "no certificate in it");
	i->wants_client = true;
	return rc > 0 ? 0 : err_wrap(e, "cannot use the authorities of clients");
}

static int identity_new(
	const struct tls_texts *texts, struct tls_identity **out, struct err *e)
{
	struct tls_identity *i = xcalloc(1, sizeof(*i));
	int rc = gnutls_certificate_allocate_credentials(&i->credentials);

	if (rc < 0) {
		free(i);
		return fail(rc, ERR_FAILED, e);
	}
	i->refs = 1;
	if (load_pair(i, texts, e) < 0 ||
		(texts->client_ca.data && load_authorities(i, texts, e) < 0)) {
		tls_end(i);
		return -1;
	}
	*out = i;
	return 0;
}

static void forget_ticket_key(struct tls *t)
{
	if (!t->ticket_key.data)
		return;
	explicit_bzero(t->ticket_key.data, t->ticket_key.size);
	gnutls_free(t->ticket_key.data);
	t->ticket_key.data = NULL;
}

/* Without a key nobody resumes, which costs a handshake and nothing else. */
static void renew_ticket_key(struct tls *t)
{
	forget_ticket_key(t);
	if (gnutls_session_ticket_key_generate(&t->ticket_key) < 0)
		t->ticket_key.data = NULL;
}

int tls_new(const struct tls_texts *texts, struct tls **out, struct err *e)
{
	struct tls *t = xcalloc(1, sizeof(*t));

	if (identity_new(texts, &t->identity, e) < 0) {
		free(t);
		return -1;
	}
	pthread_mutex_init(&t->lock, NULL);
	renew_ticket_key(t);
	*out = t;
	return 0;
}

void tls_free(struct tls **slot)
{
	struct tls *t = *slot;

	if (!t)
		return;
	tls_end(t->identity);
	forget_ticket_key(t);
	pthread_mutex_destroy(&t->lock);
	free(t);
	*slot = NULL;
}

int tls_replace(struct tls *t, const struct tls_texts *texts, struct err *e)
{
	struct tls_identity *fresh, *old;

	if (identity_new(texts, &fresh, e) < 0)
		return -1;
	pthread_mutex_lock(&t->lock);
	old = t->identity;
	t->identity = fresh;
	/* A ticket vouches for a client that the new authorities may not know. */
	renew_ticket_key(t);
	pthread_mutex_unlock(&t->lock);
	tls_end(old);
	return 0;
}

void tls_rotate(struct tls *t, int64_t now_ms)
{
	pthread_mutex_lock(&t->lock);
	if (t->rotated_ms == 0)
		t->rotated_ms = now_ms;
	if (now_ms - t->rotated_ms >= TLS_TICKET_MS) {
		t->rotated_ms = now_ms;
		renew_ticket_key(t);
	}
	pthread_mutex_unlock(&t->lock);
}

static struct tls_identity *current(struct tls *t)
{
	struct tls_identity *i;

	pthread_mutex_lock(&t->lock);
	i = t->identity;
	atomic_fetch_add(&i->refs, 1);
	pthread_mutex_unlock(&t->lock);
	return i;
}

static int enable_tickets(struct tls *t, gnutls_session_t session)
{
	int rc = 0;

	pthread_mutex_lock(&t->lock);
	if (t->ticket_key.data)
		rc = gnutls_session_ticket_enable_server(session, &t->ticket_key);
	pthread_mutex_unlock(&t->lock);
	return rc;
}

static ssize_t receive(gnutls_transport_ptr_t hello, void *p, size_t size)
{
	return hello_receive(hello, p, size);
}

struct tls_identity *tls_begin(struct tls *t, void *session, struct hello *hello)
{
	struct tls_identity *i = current(t);

	if (gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, i->credentials) < 0 ||
		enable_tickets(t, session) < 0) {
		tls_end(i);
		return NULL;
	}
	gnutls_transport_set_ptr2(
		session, hello, (gnutls_transport_ptr_t)(intptr_t)hello->sock_fd);
	gnutls_transport_set_pull_function(session, receive);
	if (i->wants_client) {
		gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
		gnutls_session_set_verify_cert(session, NULL, 0);
	}
	return i;
}

bool tls_is_resumed(void *session)
{
	return gnutls_session_is_resumed(session) != 0;
}

int64_t tls_expires(struct tls *t)
{
	struct tls_identity *i = current(t);
	int64_t when = gnutls_x509_crt_get_expiration_time(i->leaf);

	tls_end(i);
	return when;
}

/* The first name that says one host. */
static bool first_name(gnutls_x509_crt_t leaf, char out[TLS_NAME_MAX])
{
	for (unsigned int n = 0;; n++) {
		size_t size = TLS_NAME_MAX;
		int rc = gnutls_x509_crt_get_subject_alt_name(leaf, n, out, &size, NULL);

		if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return false;
		if (rc == GNUTLS_SAN_DNSNAME && size > 0 && size < TLS_NAME_MAX) {
			out[size] = '\0';
			if (!strchr(out, '*') && strlen(out) == size)
				return true;
		}
	}
}

bool tls_choose_name(struct tls *t, struct bytes asked, char out[TLS_NAME_MAX])
{
	struct tls_identity *i = current(t);
	bool is_found = false;

	if (asked.len > 0 && asked.len < TLS_NAME_MAX) {
		memcpy(out, asked.data, asked.len);
		out[asked.len] = '\0';
		is_found = gnutls_x509_crt_check_hostname2(i->leaf, out, 0) != 0;
	}
	is_found = is_found || first_name(i->leaf, out);
	tls_end(i);
	return is_found;
}
