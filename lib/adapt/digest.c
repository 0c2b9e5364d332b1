#include "lib/adapt/digest.h"

#include <openssl/evp.h>

#include <sys/types.h>

#define READ_SIZE ((size_t)256 << 10)

void hasher_init(struct hasher *h)
{
	h->len = 0;
	h->state = EVP_MD_CTX_new();
	if (!h->state || EVP_DigestInit_ex(h->state, EVP_sha256(), NULL) != 1)
		err_abort("cannot start SHA-256");
}

void hasher_add(struct hasher *h, const void *p, size_t len)
{
	h->len += len;
	if (len > 0 && EVP_DigestUpdate(h->state, p, len) != 1)
		err_abort("cannot compute SHA-256");
}

struct digest hasher_final(struct hasher *h)
{
	struct digest d;

	if (EVP_DigestFinal_ex(h->state, d.byte, NULL) != 1)
		err_abort("cannot finish SHA-256");
	hasher_release(h);
	return d;
}

void hasher_release(struct hasher *h)
{
	EVP_MD_CTX_free(h->state);
	h->state = NULL;
}

struct digest digest_of(struct bytes in)
{
	struct digest d;
	unsigned char nothing = 0;

	if (EVP_Digest(in.len ? in.data : &nothing, in.len, d.byte, NULL, EVP_sha256(),
		    NULL) != 1)
		err_abort("cannot compute SHA-256");
	return d;
}

int digest_of_fd(int fd, const char *name_for_errors, struct digest *out, uint64_t *size,
	struct err *e)
{
	auto_free unsigned char *chunk = xmalloc(READ_SIZE);
	auto_hasher struct hasher h = { 0 };

	hasher_init(&h);
	for (;;) {
		ssize_t n = pread(fd, chunk, READ_SIZE, (off_t)h.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read '%s'", name_for_errors);
		if (n == 0)
			break;
		hasher_add(&h, chunk, (size_t)n);
	}
	*size = h.len;
	*out = hasher_final(&h);
	return 0;
}

static void release_state(EVP_MD_CTX **state)
{
	EVP_MD_CTX_free(*state);
}

static int hex_of_fd(
	int fd, const char *name_for_errors, const EVP_MD *kind, char *out, struct err *e)
{
	with_cleanup(release_state) EVP_MD_CTX *state = EVP_MD_CTX_new();
	auto_free unsigned char *chunk = xmalloc(READ_SIZE);
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int sum_len = 0;
	off_t at = 0;
	ssize_t n;

	if (!state || EVP_DigestInit_ex(state, kind, NULL) != 1)
		err_abort("cannot start a digest");
	while ((n = pread(fd, chunk, READ_SIZE, at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read '%s'", name_for_errors);
		if (EVP_DigestUpdate(state, chunk, (size_t)n) != 1)
			err_abort("cannot compute a digest");
		at += n;
	}
	if (EVP_DigestFinal_ex(state, sum, &sum_len) != 1)
		err_abort("cannot finish a digest");
	for (unsigned int i = 0; i < sum_len; i++)
		snprintf(out + 2 * i, 3, "%02x", sum[i]);
	return 0;
}

int digest512_of_fd(
	int fd, const char *name_for_errors, char out[SHA512_HEX], struct err *e)
{
	return hex_of_fd(fd, name_for_errors, EVP_sha512(), out, e);
}

int digest_md5_of_fd(
	int fd, const char *name_for_errors, char out[MD5_HEX], struct err *e)
{
	return hex_of_fd(fd, name_for_errors, EVP_md5(), out, e);
}
