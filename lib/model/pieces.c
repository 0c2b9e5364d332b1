#include "lib/model/pieces.h"

#define SIZE_MIN (UINT64_C(1) << 20)
#define CHUNK    (256U << 10)

uint64_t pieces_size(uint64_t file_size)
{
	uint64_t size = SIZE_MIN;

	while (size < UINT64_C(1) << 60 && file_size > size * PIECES_MAX)
		size <<= 1;
	return size;
}

size_t pieces_count(uint64_t file_size)
{
	uint64_t size = pieces_size(file_size);

	return (size_t)(file_size / size + (file_size % size != 0));
}

int pieces_read(
	const struct reader *in, uint64_t file_size, struct pieces *out, struct err *e)
{
	auto_free unsigned char *chunk = xmalloc(CHUNK);
	uint64_t size = pieces_size(file_size), sum = 0;
	struct pieces p = { 0 };

	if (pieces_count(file_size) > PIECES_MAX)
		return err_set(e, ERR_LIMIT, "a file of too many bytes");
	while (sum < file_size) {
		uint64_t end = file_size - sum < size ? file_size : sum + size;
		auto_hasher struct hasher h = { 0 };

		hasher_init(&h);
		while (sum < end) {
			size_t want = end - sum < CHUNK ? (size_t)(end - sum) : CHUNK;
			ssize_t n = reader_read(in, chunk, want, e);

			if (n < 0)
				return -1;
			if (n == 0)
				return err_set(e, ERR_DAMAGED, "it ends too early");
			hasher_add(&h, chunk, (size_t)n);
			sum += (uint64_t)n;
		}
		p.sha256[p.count++] = hasher_final(&h);
	}
	*out = p;
	return 0;
}

void piecewise_init(struct piecewise *p, const struct pieces *told, uint64_t file_size)
{
	*p = (struct piecewise){ .told = told, .file_size = file_size };
	hasher_init(&p->hash);
}

void piecewise_release(struct piecewise *p)
{
	hasher_release(&p->hash);
}

void piecewise_rewind(struct piecewise *p)
{
	p->at = p->good;
	hasher_release(&p->hash);
	hasher_init(&p->hash);
}

/* The piece that ends at `at`. */
static int end_piece(struct piecewise *p, struct err *e)
{
	size_t number = (size_t)(p->good / pieces_size(p->file_size));
	struct digest is = hasher_final(&p->hash);

	hasher_init(&p->hash);
	if (number >= p->told->count || !digest_equal(&is, &p->told->sha256[number]))
		return err_set(e, ERR_UNTRUSTED,
			"piece %zu of %zu has another sha256 than was signed for",
			number + 1, p->told->count);
	p->good = p->at;
	return 0;
}

int piecewise_add(struct piecewise *p, const void *data, size_t len, struct err *e)
{
	const unsigned char *from = data;
	uint64_t size = pieces_size(p->file_size);

	while (len > 0) {
		uint64_t end =
			p->file_size - p->good < size ? p->file_size : p->good + size;
		size_t n = end - p->at < len ? (size_t)(end - p->at) : len;

		if (n == 0)
			return err_set(e, ERR_UNTRUSTED, "more bytes than it has");
		hasher_add(&p->hash, from, n);
		from += n;
		len -= n;
		p->at += n;
		if (p->at == end && end_piece(p, e) < 0)
			return -1;
	}
	return 0;
}
