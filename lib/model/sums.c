#include "lib/model/sums.h"

#define HEX_LEN (DIGEST_HEX - 1)

void sums_line(struct buf *out, const struct digest *d, const char *name)
{
	char hex[DIGEST_HEX];

	digest_hex(d, hex);
	buf_printf(out, "%s  %s\n", hex, name);
}

/* A file beside SHA256SUMS: anything else would let the list speak about other places. */
static bool is_plain_name(struct bytes name)
{
	if (name.len == 0 || name.len > 255)
		return false;
	if (bytes_equal_str(name, ".") || bytes_equal_str(name, ".."))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] <= 0x20 || name.data[i] == 0x7f || name.data[i] == '/' ||
			name.data[i] == '\\')
			return false;
	return true;
}

static int parse_line(
	struct bytes line, struct digest *d, struct bytes *name, struct err *e)
{
	char hex[DIGEST_HEX];
	struct bytes rest;

	if (line.len < HEX_LEN + 3 || line.data[HEX_LEN] != ' ' ||
		(line.data[HEX_LEN + 1] != ' ' && line.data[HEX_LEN + 1] != '*'))
		return err_set(e, ERR_PARSE, "a line is not 'DIGEST  NAME'");
	memcpy(hex, line.data, HEX_LEN);
	hex[HEX_LEN] = '\0';
	rest = bytes_of(line.data + HEX_LEN + 2, line.len - HEX_LEN - 2);
	if (!is_plain_name(rest))
		return err_set(e, ERR_PARSE, "'%.*s' is no plain file name",
			(int)(rest.len < 300 ? rest.len : 300), (const char *)rest.data);
	if (digest_parse(hex, d, e) < 0)
		return -1;
	*name = rest;
	return 0;
}

int sums_next(struct bytes *text, struct digest *d, struct bytes *name, struct err *e)
{
	const unsigned char *end;
	struct bytes line;

	if (text->len == 0)
		return 0;
	end = memchr(text->data, '\n', text->len);
	if (!end)
		return err_set(e, ERR_PARSE, "SHA256SUMS: the last line has no end");
	line = bytes_of(text->data, (size_t)(end - text->data));
	if (parse_line(line, d, name, e) < 0)
		return err_wrap(e, "SHA256SUMS");
	*text = bytes_of(end + 1, text->len - line.len - 1);
	return 1;
}
