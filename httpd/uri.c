#include "httpd/uri.h"

static size_t escape(struct bytes text, const char *special, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < text.len && len + 4 <= size; i++) {
		unsigned char c = text.data[i];
		bool plain = c > 0x20 && c < 0x7f && !strchr(special, c);

		len += (size_t)snprintf(
			out + len, size - len, plain ? "%c" : "%%%02X", c);
	}
	return len;
}

size_t uri_escape(struct bytes path, char *out, size_t size)
{
	return escape(path, "%?#\"'&<>[]\\^`{|}", out, size);
}

size_t uri_escape_target(struct bytes target, char *out, size_t size)
{
	return escape(target, "#\"'<>[]\\^`{|}", out, size);
}
