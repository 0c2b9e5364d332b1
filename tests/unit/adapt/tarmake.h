/* tarmake.h -- tar archives by hand, as wrong as a test wants them, and walks over them.
 */
#ifndef TESTS_UNIT_ADAPT_TARMAKE_H
#define TESTS_UNIT_ADAPT_TARMAKE_H

#include "lib/adapt/tar.h"

#include "tests/unit/adapt/support.h"

#include <inttypes.h>

#define TAR_UNIT ((size_t)512)

static inline void tar_octal(unsigned char *field, size_t width, uint64_t value)
{
	field[--width] = '\0';
	while (width > 0) {
		field[--width] = (unsigned char)('0' + (value & 7));
		value >>= 3;
	}
}

/* Base 256, as GNU tar writes what octal digits cannot say. */
static inline void tar_base256(unsigned char *field, size_t width, int64_t value)
{
	memset(field, value < 0 ? 0xff : 0, width);
	for (size_t i = 0; i < 8 && i < width; i++)
		field[width - 1 - i] = (unsigned char)((uint64_t)value >> 8 * i);
	field[0] |= 0x80;
}

/* Sums the header that begins at `at`. */
static inline void tar_sum(struct buf *out, size_t at)
{
	unsigned char *h = out->data + at;
	unsigned int sum = 0;

	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < TAR_UNIT; i++)
		sum += h[i];
	tar_octal(h + 148, 7, sum);
}

/* A ustar header; returns where it stands, so that a test may spoil it and sum again. */
static inline size_t tar_header(
	struct buf *out, char type, const char *path, const char *link, uint64_t size)
{
	unsigned char h[512] = { 0 };
	size_t at = out->len;

	memcpy(h, path, strnlen(path, 100));
	memcpy(h + 157, link, strnlen(link, 100));
	tar_octal(h + 100, 8, 0644);
	tar_octal(h + 108, 8, 0);
	tar_octal(h + 116, 8, 0);
	tar_octal(h + 124, 12, size);
	tar_octal(h + 136, 12, 1700000000);
	h[156] = (unsigned char)type;
	memcpy(h + 257, "ustar\00000", 8);
	buf_add(out, h, sizeof(h));
	tar_sum(out, at);
	return at;
}

static inline void tar_data(struct buf *out, const void *data, size_t len)
{
	buf_add(out, data, len);
	buf_add_fill(out, 0, (TAR_UNIT - len % TAR_UNIT) % TAR_UNIT);
}

static inline void tar_file(struct buf *out, const char *path, const char *text)
{
	tar_header(out, '0', path, "", strlen(text));
	tar_data(out, text, strlen(text));
}

/* One "LEN KEY=VALUE\n" record. */
static inline void pax_record(
	struct buf *records, const char *key, const void *value, size_t len)
{
	size_t body = strlen(key) + len + 3, total = body + 1;

	for (size_t digits = 1, power = 10; digits < 10; digits++, power *= 10) {
		total = body + digits;
		if (total < power)
			break;
	}
	buf_printf(records, "%zu %s=", total, key);
	buf_add(records, value, len);
	buf_add_byte(records, '\n');
}

static inline void tar_pax(struct buf *out, char type, struct bytes records)
{
	tar_header(out, type, "PaxHeaders/x", "", records.len);
	tar_data(out, records.data, records.len);
}

static inline void tar_pax_str(struct buf *out, const char *key, const char *value)
{
	auto_buf struct buf records = BUF_INIT(TEST_MAX);

	pax_record(&records, key, value, strlen(value));
	tar_pax(out, 'x', buf_bytes(&records));
}

static inline void tar_end(struct buf *out)
{
	buf_add_fill(out, 0, 2 * TAR_UNIT);
}

#define SEEN_MAX 80

struct seen {
	size_t count;
	char path[SEEN_MAX][300];
	enum tar_type type[SEEN_MAX];
};

static inline ssize_t read_all(struct tar *t, struct buf *out, struct err *e)
{
	char chunk[700];

	for (;;) {
		ssize_t n = tar_read(t, chunk, sizeof(chunk), e);

		if (n <= 0)
			return n;
		buf_add(out, chunk, (size_t)n);
		assert_false(out->over);
	}
}

/* Walks a whole archive: 0, or -1 with e. */
static inline int walk(struct bytes archive, size_t step, bool contents,
	struct seen *seen, struct err *e)
{
	struct slice slice = { archive, step };
	struct reader in = slice_reader(&slice);
	auto_tar struct tar *t = NULL;
	struct tar_entry entry;
	int r;

	seen->count = 0;
	if (tar_open(&in, &t, e) < 0)
		return -1;
	while ((r = tar_next(t, &entry, e)) == 1) {
		auto_buf struct buf content = BUF_INIT(TEST_MAX);

		assert_true(seen->count < SEEN_MAX);
		snprintf(seen->path[seen->count], 300, "%s", entry.path);
		seen->type[seen->count++] = entry.type;
		if (contents && read_all(t, &content, e) < 0)
			return -1;
	}
	return r;
}

static inline void assert_refused(const struct buf *archive, const char *says)
{
	for (size_t step = 0; step < 1025; step += 512) {
		struct seen seen;
		struct err e = { 0 };

		if (walk(buf_bytes(archive), step, step > 0, &seen, &e) == 0)
			fail_msg("accepted: %s", says);
		assert_true(e.code == ERR_PARSE || e.code == ERR_LIMIT);
		if (!strstr(e.text, says))
			fail_msg("not '%s' but: %s", says, e.text);
	}
}

static inline void assert_accepted(const struct buf *archive, size_t entries)
{
	static const size_t steps[] = { 0, 1, 512, 4099 };

	for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
		struct seen seen;
		struct err e = { 0 };

		if (walk(buf_bytes(archive), steps[i], i % 2, &seen, &e) < 0)
			fail_msg("%s", e.text);
		assert_int_equal(seen.count, entries);
	}
}

/* The first entry of an archive, with its reader kept open in *t. */
static inline void first(struct slice *slice, struct tar **t, struct tar_entry *entry)
{
	struct reader in = slice_reader(slice);
	struct err e = { 0 };

	if (tar_open(&in, t, &e) < 0 || tar_next(*t, entry, &e) != 1)
		fail_msg("%s", e.text);
}

#endif
