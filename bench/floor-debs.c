/* floor-debs FILE.deb...: decompresses data.tar of each package and throws it away: what no builder of a Debian tree can
 * avoid. Prints the bytes. */
#include <lzma.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char in[1 << 18], out[1 << 20];

/* At the content of the member whose name begins so; its size, or -1. */
static long find(FILE *f, const char *name)
{
	char head[61] = "";

	if (fread(in, 1, 8, f) != 8 || memcmp(in, "!<arch>\n", 8) != 0)
		return -1;
	while (fread(head, 1, 60, f) == 60) {
		long size = strtol(head + 48, NULL, 10);

		if (strncmp(head, name, strlen(name)) == 0)
			return size;
		if (fseek(f, size + size % 2, SEEK_CUR) != 0)
			return -1;
	}
	return -1;
}

static uint64_t unpack(FILE *f, long left)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret rc = lzma_stream_decoder(&s, UINT64_MAX, 0);
	uint64_t total;

	while (rc == LZMA_OK) {
		if (s.avail_in == 0 && left > 0) {
			s.avail_in = fread(in, 1,
				left < (long)sizeof(in) ? (size_t)left : sizeof(in), f);
			s.next_in = in;
			left -= (long)s.avail_in;
		}
		s.next_out = out;
		s.avail_out = sizeof(out);
		rc = lzma_code(&s, LZMA_RUN);
	}
	total = rc == LZMA_STREAM_END ? s.total_out : 0;
	lzma_end(&s);
	return total;
}

int main(int argc, char **argv)
{
	uint64_t total = 0;

	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		long size = f ? find(f, "data.tar.xz") : -1;
		uint64_t bytes = size < 0 ? 0 : unpack(f, size);

		if (!bytes) {
			fprintf(stderr,
				"floor-debs: '%s' is no package with data.tar.xz\n",
				argv[i]);
			return 1;
		}
		fclose(f);
		total += bytes;
	}
	printf("%llu\n", (unsigned long long)total);
	return 0;
}
