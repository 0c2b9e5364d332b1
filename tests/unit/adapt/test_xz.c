#include "lib/adapt/xz.h"

#include "tests/unit/adapt/support.h"

#include <pthread.h>

#define BLOCKS 4
#define BLOCK  ((size_t)300001)
#define LEVEL  1

static int decode(struct bytes in, size_t in_step, size_t out_step, unsigned int threads,
	struct buf *out, struct err *e)
{
	struct slice slice = { in, in_step };
	struct reader below = slice_reader(&slice);
	auto_xz struct xz_reader *x = NULL;

	if (xz_open(&below, threads, &x, e) < 0)
		return -1;
	return drain(xz_as_reader(x), out_step, out, e);
}

/* BLOCKS blocks of the data in one stream. */
static void encode_blocks(const unsigned char *data, struct buf *out)
{
	auto_xz_stream struct xz_stream *s = NULL;
	struct err e = { 0 };

	assert_int_equal(xz_stream_begin(out, &s, &e), 0);
	for (size_t i = 0; i < BLOCKS; i++) {
		struct xz_block info;

		assert_int_equal(xz_encode_block(bytes_of(data + i * BLOCK, BLOCK), LEVEL,
					 out, &info, &e),
			0);
		assert_int_equal(info.uncompressed_size, BLOCK);
		assert_int_equal(xz_stream_add(s, &info, &e), 0);
	}
	assert_int_equal(xz_stream_end(s, out, &e), 0);
}

static void blocks_come_back_on_any_threads_and_steps(void **state)
{
	static const struct {
		size_t in, out;
		unsigned int threads;
	} cases[] = { { 0, 65536, 0 }, { 0, 65536, 1 }, { 0, 65536, 2 }, { 1, 4096, 1 },
		{ 4099, 7, 2 }, { 3, 1 << 20, 4 } };
	auto_free unsigned char *data = sample(BLOCKS * BLOCK, 1);
	auto_buf struct buf x = BUF_INIT(TEST_MAX);

	(void)state;
	encode_blocks(data, &x);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		auto_buf struct buf out = BUF_INIT(TEST_MAX);
		struct err e = { 0 };

		assert_int_equal(decode(buf_bytes(&x), cases[i].in, cases[i].out,
					 cases[i].threads, &out, &e),
			0);
		assert_true(bytes_equal(buf_bytes(&out), bytes_of(data, BLOCKS * BLOCK)));
	}
}

static void xz_program_sees_blocks_with_sizes_in_their_headers(void **state)
{
	static const char *const test[] = { "xz", "-t", NULL };
	static const char *const cat[] = { "xz", "-dc", "-T2", NULL };
	static const char *const list[] = { "sh", "-c",
		"f=$(mktemp --suffix=.xz) && cat >$f && xz --robot -lvv $f; rm -f $f",
		NULL };
	auto_free unsigned char *data = sample(BLOCKS * BLOCK, 2);
	auto_buf struct buf x = BUF_INIT(TEST_MAX), out = BUF_INIT(TEST_MAX),
			    listed = BUF_INIT(TEST_MAX), none = BUF_INIT(TEST_MAX);
	unsigned int blocks = 0;

	(void)state;
	encode_blocks(data, &x);
	assert_int_equal(judge(test, buf_bytes(&x), &none), 0);
	assert_int_equal(judge(cat, buf_bytes(&x), &out), 0);
	assert_true(bytes_equal(buf_bytes(&out), bytes_of(data, BLOCKS * BLOCK)));
	assert_int_equal(judge(list, buf_bytes(&x), &listed), 0);
	/* block ... CRC64 <value> <header size> cu <compressed size> <memory> <filters>
	 */
	for (const char *p = buf_str(&listed); (p = strstr(p, "block\t")); p++) {
		const char *end = strchr(p, '\n');
		const char *sizes = memmem(p, (size_t)(end - p), "\tcu\t", 4);

		assert_non_null(sizes);
		assert_non_null(memmem(p, (size_t)(end - p), "\tCRC64\t", 7));
		blocks++;
	}
	assert_int_equal(blocks, BLOCKS);
}

static void we_take_the_xz_programs_streams(void **state)
{
	static const char *const checks[] = { "--check=crc32", "--check=crc64",
		"--check=sha256" };
	auto_free unsigned char *data = sample(BLOCK, 3);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(checks); i++) {
		const char *const argv[] = { "xz", "-c1", "-T2", "--block-size=100000",
			checks[i], NULL };
		auto_buf struct buf x = BUF_INIT(TEST_MAX), out = BUF_INIT(TEST_MAX);
		struct err e = { 0 };

		assert_int_equal(judge(argv, bytes_of(data, BLOCK), &x), 0);
		assert_int_equal(decode(buf_bytes(&x), 0, 65536, 2, &out, &e), 0);
		assert_true(bytes_equal(buf_bytes(&out), bytes_of(data, BLOCK)));
	}
}

static void stream_without_a_check_is_refused(void **state)
{
	static const char *const argv[] = { "xz", "-c1", "--check=none", NULL };
	auto_buf struct buf x = BUF_INIT(TEST_MAX), out = BUF_INIT(TEST_MAX);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(judge(argv, bytes_of_str("text"), &x), 0);
	assert_int_equal(decode(buf_bytes(&x), 0, 65536, 1, &out, &e), -1);
	assert_non_null(strstr(e.text, "without an integrity check"));
}

struct job {
	struct bytes raw;
	struct buf out;
	struct xz_block info;
};

static void *encode_job(void *arg)
{
	struct job *j = arg;
	struct err e = { 0 };

	return xz_encode_block(j->raw, LEVEL, &j->out, &j->info, &e) < 0 ? arg : NULL;
}

static void any_thread_makes_the_same_block(void **state)
{
	auto_free unsigned char *data = sample(BLOCK, 4);
	struct job jobs[3];
	pthread_t threads[2];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		jobs[i] = (struct job){ .raw = bytes_of(data, BLOCK),
			.out = BUF_INIT(TEST_MAX) };
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, encode_job, &jobs[i]), 0);
	assert_null(encode_job(&jobs[2]));
	for (size_t i = 0; i < 2; i++) {
		void *failed;

		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
		assert_true(
			bytes_equal(buf_bytes(&jobs[i].out), buf_bytes(&jobs[2].out)));
		assert_int_equal(jobs[i].info.unpadded_size, jobs[2].info.unpadded_size);
	}
	for (size_t i = 0; i < 3; i++)
		buf_release(&jobs[i].out);
}

static void block_is_the_same_behind_anything(void **state)
{
	auto_buf struct buf alone = BUF_INIT(TEST_MAX), behind = BUF_INIT(TEST_MAX);
	auto_free unsigned char *data = sample(BLOCK, 5);
	struct xz_block info;
	struct err e = { 0 };
	size_t at;

	(void)state;
	assert_int_equal(xz_encode_block(bytes_of(data, BLOCK), 6, &alone, &info, &e), 0);
	assert_int_equal(alone.len % 4, 0);
	assert_int_equal(
		xz_encode_block(bytes_of_str("other"), 6, &behind, &info, &e), 0);
	at = behind.len;
	assert_int_equal(
		xz_encode_block(bytes_of(data, BLOCK), 6, &behind, &info, &e), 0);
	assert_true(bytes_equal(
		buf_bytes(&alone), bytes_of(behind.data + at, behind.len - at)));
}

static void small_and_empty_documents_are_streams(void **state)
{
	static const char *const cat[] = { "xz", "-dc", NULL };
	static const char *const texts[] = { "", "x", "a small document\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		auto_buf struct buf x = BUF_INIT(TEST_MAX), ours = BUF_INIT(TEST_MAX),
				    theirs = BUF_INIT(TEST_MAX);
		struct err e = { 0 };

		assert_int_equal(xz_encode(bytes_of_str(texts[i]), 9, &x, &e), 0);
		assert_int_equal(decode(buf_bytes(&x), 0, 100, 2, &ours, &e), 0);
		assert_true(bytes_equal_str(buf_bytes(&ours), texts[i]));
		assert_int_equal(judge(cat, buf_bytes(&x), &theirs), 0);
		assert_true(bytes_equal_str(buf_bytes(&theirs), texts[i]));
	}
}

static void every_truncation_is_refused(void **state)
{
	auto_buf struct buf x = BUF_INIT(TEST_MAX);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(xz_encode(bytes_of_str("a text to be cut short"), 6, &x, &e), 0);
	for (size_t len = 0; len < x.len; len++) {
		for (unsigned int threads = 1; threads <= 2; threads++) {
			auto_buf struct buf out = BUF_INIT(TEST_MAX);

			assert_int_equal(
				decode(bytes_of(x.data, len), 0, 100, threads, &out, &e),
				-1);
			assert_int_equal(e.code, ERR_PARSE);
		}
	}
}

static void every_flipped_bit_is_refused(void **state)
{
	auto_buf struct buf x = BUF_INIT(TEST_MAX);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(
		xz_encode(bytes_of_str("a text under three checks"), 6, &x, &e), 0);
	for (size_t bit = 0; bit < 8 * x.len; bit++) {
		auto_buf struct buf out = BUF_INIT(TEST_MAX);

		x.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_int_equal(
			decode(buf_bytes(&x), 0, 100, 1 + bit % 2, &out, &e), -1);
		x.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
}

static void anything_behind_the_stream_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} tails[] = { { "x", 1 }, { "\0", 1 }, { "\0\0\0\0", 4 } };
	auto_buf struct buf x = BUF_INIT(TEST_MAX), twice = BUF_INIT(TEST_MAX);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(xz_encode(bytes_of_str("text"), 6, &x, &e), 0);
	for (size_t i = 0; i < ARRAY_COUNT(tails); i++) {
		for (size_t step = 0; step < 2; step++) {
			auto_buf struct buf tailed = BUF_INIT(TEST_MAX),
					    out = BUF_INIT(TEST_MAX);

			buf_add(&tailed, x.data, x.len);
			buf_add(&tailed, tails[i].bytes, tails[i].len);
			assert_int_equal(decode(buf_bytes(&tailed), step, 100,
						 1 + (unsigned int)step, &out, &e),
				-1);
			assert_non_null(strstr(e.text, "trailing"));
		}
	}
	auto_buf struct buf out = BUF_INIT(TEST_MAX);

	buf_add(&twice, x.data, x.len);
	buf_add(&twice, x.data, x.len);
	assert_int_equal(decode(buf_bytes(&twice), 0, 100, 1, &out, &e), -1);
}

static void foreign_formats_are_refused(void **state)
{
	static const char *const lzma[] = { "xz", "-c", "--format=lzma", NULL };
	static const char *const gzip[] = { "gzip", "-c", NULL };
	const char *const *programs[] = { lzma, gzip };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(programs); i++) {
		auto_buf struct buf x = BUF_INIT(TEST_MAX), out = BUF_INIT(TEST_MAX);
		struct err e = { 0 };

		assert_int_equal(judge(programs[i], bytes_of_str("text"), &x), 0);
		assert_int_equal(decode(buf_bytes(&x), 0, 100, 2, &out, &e), -1);
		assert_int_equal(e.code, ERR_PARSE);
	}
}

static void dictionary_over_512_mib_is_refused(void **state)
{
	static const char *const small[] = { "xz", "-c0", NULL };
	auto_buf struct buf x = BUF_INIT(TEST_MAX), out = BUF_INIT(TEST_MAX);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(judge(small, bytes_of_str("text"), &x), 0);
	/* Block header at 12: size, flags, filter 0x21, 1 property: the dictionary. 38 is
	 * 2 GiB; its CRC32 is of our making. */
	static const unsigned char header[] = { 0x02, 0x00, 0x21, 0x01, 38, 0, 0, 0 };
	uint32_t crc = ~0U;

	memcpy(x.data + 12, header, sizeof(header));
	for (size_t i = 0; i < sizeof(header); i++) {
		crc ^= header[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	crc = ~crc;
	for (size_t i = 0; i < 4; i++)
		x.data[20 + i] = (unsigned char)(crc >> 8 * i);
	assert_int_equal(decode(buf_bytes(&x), 0, 100, 1, &out, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_int_equal(decode(buf_bytes(&x), 0, 100, 2, &out, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

static ssize_t broken_read(void *ctx, void *buf, size_t size, struct err *e)
{
	(void)ctx, (void)buf, (void)size;
	return err_set(e, ERR_NETWORK, "the cable is cut");
}

static void error_of_the_source_comes_through(void **state)
{
	const struct reader broken = { .read = broken_read };
	auto_xz struct xz_reader *x = NULL;
	struct err e = { 0 };
	char byte;

	(void)state;
	assert_int_equal(xz_open(&broken, 2, &x, &e), 0);
	struct reader r = xz_as_reader(x);

	assert_int_equal(reader_read(&r, &byte, 1, &e), -1);
	assert_int_equal(e.code, ERR_NETWORK);
}

static void level_out_of_range_is_refused(void **state)
{
	auto_buf struct buf x = BUF_INIT(TEST_MAX);
	struct xz_block info;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(xz_encode_block(bytes_of_str("x"), -1, &x, &info, &e), -1);
	assert_int_equal(xz_encode_block(bytes_of_str("x"), 10, &x, &info, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	assert_int_equal(x.len, 0);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(blocks_come_back_on_any_threads_and_steps),
		T(xz_program_sees_blocks_with_sizes_in_their_headers),
		T(we_take_the_xz_programs_streams),
		T(stream_without_a_check_is_refused),
		T(any_thread_makes_the_same_block),
		T(block_is_the_same_behind_anything),
		T(small_and_empty_documents_are_streams),
		T(every_truncation_is_refused),
		T(every_flipped_bit_is_refused),
		T(anything_behind_the_stream_is_refused),
		T(foreign_formats_are_refused),
		T(dictionary_over_512_mib_is_refused),
		T(error_of_the_source_comes_through),
		T(level_out_of_range_is_refused),
	};

	return cmocka_run_group_tests_name("xz", tests, NULL, NULL);
}
