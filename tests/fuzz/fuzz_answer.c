/* The header lines of an answer: whatever a server sends, what is kept is bounded text. */
#include "builder/fetch/answer.h"

#include "lib/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, size_t room)
{
	if (strnlen(text, room) == room || strpbrk(text, "\r\n"))
		err_abort("a value is no line of text");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answer a = { .header_bytes = 0 };
	const uint8_t *end = data + size;

	while (data < end) {
		const uint8_t *newline = memchr(data, '\n', (size_t)(end - data));
		size_t len =
			newline ? (size_t)(newline - data) + 1 : (size_t)(end - data);

		if (!answer_line(&a, bytes_of(data, len)))
			break;
		data += len;
	}
	check(a.etag, ETAG_MAX);
	check(a.realm, REALM_MAX);
	check(a.service, REALM_MAX);
	check(a.scope, REALM_MAX);
	if (a.etag[0] && (a.etag[0] != '"' || a.etag[strlen(a.etag) - 1] != '"'))
		err_abort("an etag without its quotes");
	if ((a.has_range && a.range_first < 0) || a.retry_after_s < 0)
		err_abort("a number below zero");
	return 0;
}
