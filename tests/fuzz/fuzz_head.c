/* A head is refused or within its limits, whatever its fields; a framing that is sound has no byte too many. */
#include "httpd/framing.h"
#include "httpd/head.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The line without its end, which may be a bare LF. */
static struct bytes next_line(struct bytes *rest)
{
	const unsigned char *lf = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
	size_t len = lf ? (size_t)(lf - rest->data) : rest->len;
	struct bytes line = bytes_of(rest->data, len);

	*rest = bytes_of(rest->data + len + (lf ? 1 : 0), rest->len - len - (lf ? 1 : 0));
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

static struct bytes cut(struct bytes *line, unsigned char at)
{
	const unsigned char *p = line->len ? memchr(line->data, at, line->len) : NULL;
	size_t len = p ? (size_t)(p - line->data) : line->len;
	struct bytes before = bytes_of(line->data, len);

	*line = bytes_of(line->data + len + (p ? 1 : 0), line->len - len - (p ? 1 : 0));
	return before;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = bytes_of(data, size), line, method, target;
	struct framing f;
	struct head h;

	line = next_line(&rest);
	method = cut(&line, ' ');
	target = cut(&line, ' ');
	head_begin(&h, target.len);
	framing_begin(&f, method, target, line);
	while (rest.len > 0 && (line = next_line(&rest)).len > 0) {
		struct bytes name = cut(&line, ':');

		while (line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t'))
			cut(&line, line.data[0]);
		head_add(&h, name, line);
		framing_field(&f, name, line);
	}
	head_end(&h, true);
	head_needs_close(&h);
	if (!h.refuse && (h.size > HEAD_BYTES_MAX || h.fields > HEAD_FIELDS_MAX ||
				 h.hosts != 1 || h.lengths > 1 || h.codings > 1))
		abort();
	/* What is sound is as long as its lines with two bytes for each end. */
	if (framing_is_sound(&f, size - rest.len)) {
		size_t ends = 0, bare = 0;

		for (size_t i = 0; i < size - rest.len; i++)
			if (data[i] == '\n' && ends++ < h.fields + 2 &&
				(i == 0 || data[i - 1] != '\r'))
				bare++;
		if (bare > 0)
			abort();
	}
	return 0;
}
