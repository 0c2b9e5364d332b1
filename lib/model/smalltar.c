#include "lib/model/smalltar.h"

#define BLOCK          512U
#define RECORD         10240U
#define NAME_MAX_BYTES 100U

/* Offsets and sizes of the ustar header that we fill. */
enum {
	AT_NAME = 0,
	AT_MODE = 100,
	AT_UID = 108,
	AT_GID = 116,
	AT_SIZE = 124,
	AT_MTIME = 136,
	AT_SUM = 148,
	AT_TYPE = 156,
	AT_MAGIC = 257,
	AT_MAJOR = 329,
	AT_MINOR = 337
};

static void put_octal(unsigned char *field, unsigned int digits, uint64_t value)
{
	for (unsigned int i = digits; i-- > 0; value >>= 3)
		field[i] = (unsigned char)('0' + (value & 7));
}

static void put_sum(unsigned char header[BLOCK])
{
	unsigned int sum = 0;

	memset(header + AT_SUM, ' ', 8);
	for (unsigned int i = 0; i < BLOCK; i++)
		sum += header[i];
	put_octal(header + AT_SUM, 6, sum);
	header[AT_SUM + 6] = '\0';
}

int smalltar_add(struct buf *out, const char *name, struct bytes content, int64_t mtime_s,
	struct err *e)
{
	unsigned char header[BLOCK] = { 0 };
	size_t len = strlen(name);
	bool dir = len > 0 && name[len - 1] == '/';

	if (len == 0 || len > NAME_MAX_BYTES)
		return err_set(e, ERR_LIMIT,
			"the name '%s' does not fit a metadata archive", name);
	memcpy(header + AT_NAME, name, len);
	put_octal(header + AT_MODE, 7, dir ? 0755 : 0644);
	put_octal(header + AT_UID, 7, 0);
	put_octal(header + AT_GID, 7, 0);
	put_octal(header + AT_SIZE, 11, content.len);
	put_octal(header + AT_MTIME, 11, mtime_s < 0 ? 0 : (uint64_t)mtime_s);
	header[AT_TYPE] = dir ? '5' : '0';
	memcpy(header + AT_MAGIC, "ustar\00000", 8);
	put_octal(header + AT_MAJOR, 7, 0);
	put_octal(header + AT_MINOR, 7, 0);
	put_sum(header);
	buf_add(out, header, sizeof(header));
	buf_add(out, content.data, content.len);
	buf_add_fill(out, 0, (BLOCK - content.len % BLOCK) % BLOCK);
	return 0;
}

void smalltar_end(struct buf *out)
{
	size_t len = out->len + (size_t)2 * BLOCK;

	buf_add_fill(out, 0, (size_t)2 * BLOCK + (RECORD - len % RECORD) % RECORD);
}
